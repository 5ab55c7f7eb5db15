/* SPDX-License-Identifier: MIT */
/*
 * codec.c - the encoder of boxcast and the decoder of boxview, back to back: no frame of delay, the
 * right picture, keyframes when asked and only then, sizes that change, garbage that is survived.
 */
#include <gst/gst.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wayland-server-core.h>

#include "boxcast/encoder.h"
#include "boxview/convert.h"
#include "boxview/decoder.h"
#include "unit/cast/check.h"

#define WAIT_MS 10000 // for an event; longer is a failure

struct unit {
	uint8_t *bytes;
	size_t size;
	bool key;
	enum codec codec;
	struct picture_size picture, coded;
	uint64_t capture_ns;
	int64_t coding_ns;
};

struct rig {
	struct wl_event_loop *loop;
	struct encoder *encoder;
	struct decoder *decoder;
	struct unit unit;
	uint32_t units, dropped, broken, released, takes;
	struct picture *picture;
	uint32_t pictures, failed;
	bool may_fail;
	int fd; // the capture
	uint8_t *pixels;
	struct picture_size size;
	struct picture_size coded; // width 0: as large
	uint32_t stride, serial;
	uint64_t capture_ns; // of the last
	uint64_t apart_ns;   // one from the next; 0: as at 60 Hz
	int64_t later_ns;    // captures come so much after now
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void handle_coded(void *data, const struct pipeline_coded *coded) {
	struct rig *rig = data;
	free(rig->unit.bytes);
	rig->unit = (struct unit){
		.bytes = malloc(coded->size),
		.size = coded->size,
		.key = coded->key,
		.codec = coded->codec,
		.picture = coded->picture,
		.coded = coded->coded,
		.capture_ns = coded->capture_ns,
		.coding_ns = coded->coded_ns - coded->came_ns,
	};
	memcpy(rig->unit.bytes, coded->bytes, coded->size);
	assert_string_equal(coded->colour, "bt601-limited");
	rig->units++;
}

static void handle_released(void *data, uint32_t serial) {
	struct rig *rig = data;
	rig->released++;
}

static void handle_dropped(void *data, uint32_t frames) {
	struct rig *rig = data;
	rig->dropped += frames;
}

static void handle_refuse_dmabuf(void *data) {
}

static void handle_failed(void *data, const char *why) {
	struct rig *rig = data;
	if (!rig->may_fail) {
		fail_msg("no encoder: %s", why);
	}
	rig->failed++;
}

static const struct encoder_events encoder_events = {
	.coded = handle_coded,
	.released = handle_released,
	.dropped = handle_dropped,
	.refuse_dmabuf = handle_refuse_dmabuf,
	.failed = handle_failed,
};

static void handle_picture(void *data, struct picture *picture) {
	struct rig *rig = data;
	picture_unref(rig->picture);
	rig->picture = picture;
	rig->pictures++;
}

static void handle_broken(void *data) {
	struct rig *rig = data;
	rig->broken++;
}

static void handle_takes(void *data) {
	struct rig *rig = data;
	rig->takes++;
}

static const struct decoder_events decoder_events = {
	.takes = handle_takes,
	.picture = handle_picture,
	.broken = handle_broken,
};

static void wait_for(struct rig *rig, const uint32_t *counter, uint32_t value) {
	int64_t end = now_ns() + WAIT_MS * MS;
	while (*counter < value) {
		if (now_ns() >= end) {
			fail_msg("event %u did not come", value);
		}
		wl_event_loop_dispatch(rig->loop, 100);
		if (rig->decoder) {
			decoder_check(rig->decoder, now_ns());
		}
	}
}

static int setup(void **state) {
	struct rig *rig = calloc(1, sizeof(*rig));
	rig->loop = wl_event_loop_create();
	rig->encoder = encoder_create(rig->loop, &encoder_events, rig);
	rig->decoder = decoder_create(rig->loop, false, &decoder_events, rig);
	rig->fd = -1;
	*state = rig;
	return rig->encoder && rig->decoder ? 0 : -1;
}

static void capture_finish(struct rig *rig) {
	if (rig->fd >= 0) {
		munmap(rig->pixels, (size_t)rig->stride * (size_t)rig->size.height);
		close(rig->fd);
		rig->fd = -1;
	}
}

static int teardown(void **state) {
	struct rig *rig = *state;
	encoder_destroy(rig->encoder);
	picture_unref(rig->picture);
	decoder_destroy(rig->decoder);
	capture_finish(rig);
	free(rig->unit.bytes);
	wl_event_loop_destroy(rig->loop);
	free(rig);
	return 0;
}

static void capture_init(struct rig *rig, int width, int height) {
	capture_finish(rig);
	rig->size = (struct picture_size){width, height};
	rig->stride = (uint32_t)(width * 4 + 63) & ~63u;
	size_t size = (size_t)rig->stride * (size_t)height;
	rig->fd = memfd_create("capture", MFD_CLOEXEC);
	assert_int_equal(ftruncate(rig->fd, (off_t)size), 0);
	rig->pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, rig->fd, 0);
	assert_ptr_not_equal(rig->pixels, MAP_FAILED);
}

/* A landscape that moves; smooth, so that what is lost is the codec's. */
static void paint(struct rig *rig, int step) {
	for (int y = 0; y < rig->size.height; y++) {
		uint8_t *row = rig->pixels + (size_t)y * rig->stride;
		for (int x = 0; x < rig->size.width; x++) {
			row[x * 4] = (uint8_t)(128 + 100 * sin((x + step * 3) / 37.0));
			row[x * 4 + 1] = (uint8_t)(128 + 100 * sin((y - step * 2) / 29.0));
			row[x * 4 + 2] = (uint8_t)(128 + 100 * sin((x + y + step) / 53.0));
			row[x * 4 + 3] = 0xff;
		}
	}
}

static void push(struct rig *rig, bool key) {
	rig->capture_ns = (rig->serial == 0 ? 1000000000 : rig->capture_ns) +
		(rig->apart_ns > 0 ? rig->apart_ns : 16666667);
	const struct window_frame frame = {
		.serial = ++rig->serial,
		.fd = rig->fd,
		.format = PICTURE_XRGB8888,
		.size = rig->size,
		.stride = rig->stride,
		.capture_ns = rig->capture_ns,
	};
	encoder_push(rig->encoder, &frame, rig->coded.width > 0 ? rig->coded : frame.size,
		now_ns() + rig->later_ns, key);
}

/* Encodes the capture and waits for what comes of just this one. */
static void encode(struct rig *rig, bool key) {
	uint32_t units = rig->units;
	push(rig, key);
	wait_for(rig, &rig->units, units + 1);
	assert_int_equal(rig->units, units + 1);
	assert_int_equal(rig->unit.capture_ns, rig->capture_ns);
	assert_int_equal(rig->released, rig->serial);
}

static void decode(struct rig *rig) {
	uint32_t pictures = rig->pictures;
	decoder_push(rig->decoder, rig->serial, rig->unit.key, rig->unit.capture_ns, now_ns(), rig->unit.bytes,
		rig->unit.size);
	rig->unit.bytes = NULL;
	wait_for(rig, &rig->pictures, pictures + 1);
	assert_int_equal(rig->picture->sequence, rig->serial);
	assert_int_equal(decoder_inside(rig->decoder), 0);
	rig->picture->visible_width = rig->unit.coded.width;
	rig->picture->visible_height = rig->unit.coded.height;
	rig->picture->window_width = rig->unit.picture.width;
	rig->picture->window_height = rig->unit.picture.height;
}

static double psnr(struct rig *rig) {
	int width = rig->size.width, height = rig->size.height;
	uint8_t *out = malloc((size_t)width * (size_t)height * 4);
	assert_true(convert_scaled(rig->picture, out, width * 4));
	double sum = 0;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width * 4; x++) {
			if (x % 4 != 3) {
				double d = out[(size_t)y * (size_t)width * 4 + (size_t)x] -
					rig->pixels[(size_t)y * rig->stride + (size_t)x];
				sum += d * d;
			}
		}
	}
	free(out);
	double mean = sum / (3.0 * width * height);
	return mean > 0 ? 10 * log10(255 * 255 / mean) : 99;
}

static void no_frame_of_delay(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 640, 480);
	double worst = 99;
	int64_t coding = 0, decoding = 0;
	for (int i = 0; i < 60; i++) {
		paint(rig, i);
		encode(rig, false);
		assert_int_equal(rig->unit.key, i == 0); // none that was not asked for
		decode(rig);
		assert_int_equal(rig->picture->width, 640);
		double quality = psnr(rig);
		worst = quality < worst ? quality : worst;
		if (i >= 10) {
			coding += rig->unit.coding_ns;
			decoding += rig->picture->decoding_us;
		}
	}
	print_message("%s: encoding %.2f ms, decoding %.2f ms, worst PSNR %.1f dB\n",
		encoder_path(rig->encoder), coding / 50e6, decoding / 50e3, worst);
	assert_true(worst > 34);
	assert_int_equal(rig->broken, 0);
}

static void use_codec(struct rig *rig, enum codec codec, const char *encoder, const char *decoder) {
	const struct codec_list takes = {{codec}, 1}, h264 = {{CODEC_H264}, 1};
	encoder_set_takes(rig->encoder, &takes);
	decoder_set_codec(rig->decoder, codec);
	for (int i = 0; i < 10; i++) {
		paint(rig, i);
		encode(rig, i == 5);
		assert_int_equal(rig->unit.codec, codec);
		assert_int_equal(rig->unit.key, i % 5 == 0);
		decode(rig);
		assert_true(psnr(rig) > 30);
	}
	assert_string_equal(encoder_path(rig->encoder), encoder);
	assert_string_equal(decoder_name(rig->decoder), decoder);
	encoder_set_takes(rig->encoder, &h264);
	int tries = 0;
	do { // it is followed within a second
		paint(rig, ++tries);
		encode(rig, false);
		if (rig->unit.codec == codec) {
			decode(rig);
		}
	} while (rig->unit.codec == codec);
	assert_true(rig->unit.key);
	decoder_set_codec(rig->decoder, CODEC_H264);
	decode(rig);
	assert_true(psnr(rig) > 30);
	assert_int_equal(rig->broken, 0);
	assert_int_equal(rig->dropped, 0);
}

/* What the viewer takes decides; a change is one keyframe of the other kind. */
static void h265_is_another_codec(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 641, 479);
	use_codec(rig, CODEC_H265, "x265", "avdec_h265");
}

static void av1_is_another_codec(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 641, 479);
	use_codec(rig, CODEC_AV1, "aom", "av1dec");
}

/* Sizes and rates are followed, and what is missing or damaged costs a keyframe. */
static void av1_does_all_of_it(void **state) {
	static const int sizes[][2] = {{641, 361}, {33, 17}, {320, 240}};
	struct rig *rig = *state;
	const struct codec_list takes = {{CODEC_AV1}, 1};
	encoder_set_takes(rig->encoder, &takes);
	decoder_set_codec(rig->decoder, CODEC_AV1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		capture_init(rig, sizes[i][0], sizes[i][1]);
		for (int j = 0; j < 3; j++) {
			paint(rig, j);
			encode(rig, false);
			assert_int_equal(rig->unit.key, j == 0);
			decode(rig);
			assert_in_range(rig->picture->width, sizes[i][0], sizes[i][0] + 15);
			assert_true(psnr(rig) > 28);
		}
	}
	size_t bytes[2] = {0};
	for (int rich = 0; rich < 2; rich++) {
		encoder_set_rate(rig->encoder, rich ? 4000000 : 300000);
		for (int i = 0; i < 40; i++) {
			for (size_t j = 0; j < (size_t)rig->stride * 240; j++) {
				rig->pixels[j] = (uint8_t)(rig->pixels[j] * 5 + j / 7 % 13 + (size_t)i);
			}
			encode(rig, false);
			bytes[rich] += i >= 20 ? rig->unit.size : 0;
			decode(rig);
		}
	}
	print_message("aom: %zu bytes at 0.3 Mbit/s, %zu at 4\n", bytes[0], bytes[1]);
	assert_true(bytes[1] > 2 * bytes[0]);
	assert_int_equal(rig->broken, 0);
	encode(rig, false);
	memset(rig->unit.bytes + 4, 0x5a, rig->unit.size - 4);
	decoder_push(rig->decoder, 1000, false, 1, now_ns(), rig->unit.bytes, rig->unit.size);
	rig->unit.bytes = NULL;
	wait_for(rig, &rig->broken, 1);
	encode(rig, false); // it has nothing to stand on
	decoder_push(rig->decoder, 1001, false, 1, now_ns(), rig->unit.bytes, rig->unit.size);
	rig->unit.bytes = NULL;
	wait_for(rig, &rig->broken, 2);
	encode(rig, true);
	decode(rig);
	assert_string_equal(decoder_name(rig->decoder), "av1dec");
}

/* No encoder for any of it: that is said, once. */
static void nothing_is_taken(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 64, 64);
	const struct codec_list none = {{0}, 0};
	encoder_set_takes(rig->encoder, &none);
	rig->may_fail = true;
	push(rig, false);
	push(rig, false);
	assert_int_equal(rig->failed, 1);
	assert_int_equal(rig->dropped, 2);
}

/* A decoder that never gives a picture is left for the next; what none decodes is not taken any more. */
static void decoders_are_given_up(void **state) {
	static const uint8_t rubbish[] = {0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xa0};
	struct rig *rig = *state;
	const char *first = decoder_name(rig->decoder);
	assert_int_equal(decoder_takes(rig->decoder)->count, 3);
	for (uint32_t i = 0; rig->takes == 0; i++) {
		assert_true(i < 10);
		uint8_t *bytes = malloc(sizeof(rubbish));
		memcpy(bytes, rubbish, sizeof(rubbish));
		decoder_push(rig->decoder, i, true, 1, now_ns(), bytes, sizeof(rubbish));
		wait_for(rig, &rig->broken, i + 1);
		assert_true(i < 3 || strcmp(decoder_name(rig->decoder), first) != 0);
	}
	assert_int_equal(decoder_takes(rig->decoder)->count, 2);
	assert_int_equal(decoder_takes(rig->decoder)->codecs[0], CODEC_H265);
}

static void keyframes_when_asked(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 640, 480);
	for (int i = 0; i < 30; i++) {
		// a cut of the scene is no reason
		memset(rig->pixels, i * 37 % 256, (size_t)rig->stride * 480);
		encode(rig, i % 10 == 5);
		assert_int_equal(rig->unit.key, i == 0 || i % 10 == 5);
	}
}

static void sizes_change_and_may_be_odd(void **state) {
	static const int sizes[][2] = {{640, 480}, {641, 479}, {33, 17}, {1280, 720}, {7, 5}, {640, 480}};
	struct rig *rig = *state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		capture_init(rig, sizes[i][0], sizes[i][1]);
		for (int j = 0; j < 3; j++) {
			paint(rig, j);
			encode(rig, false);
			assert_int_equal(rig->unit.key, j == 0);
			assert_int_equal(rig->unit.picture.width, sizes[i][0]);
			assert_int_equal(rig->unit.picture.height, sizes[i][1]);
			decode(rig);
			assert_in_range(rig->picture->width, sizes[i][0], sizes[i][0] + 15);
			assert_in_range(rig->picture->height, sizes[i][1], sizes[i][1] + 15);
			assert_true(psnr(rig) > 28);
		}
	}
	assert_int_equal(rig->broken, 0);
	assert_int_equal(rig->dropped, 0);
}

/* What is coded smaller is the same picture, and each change costs one keyframe. */
static void less_may_be_coded(void **state) {
	static const int sizes[][2] = {{1281, 721}, {962, 542}, {642, 362}, {1281, 721}};
	struct rig *rig = *state;
	capture_init(rig, 1281, 721);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		rig->coded = (struct picture_size){sizes[i][0], sizes[i][1]};
		for (int j = 0; j < 3; j++) {
			paint(rig, j);
			encode(rig, false);
			assert_int_equal(rig->unit.key, j == 0);
			assert_int_equal(rig->unit.picture.width, 1281);
			assert_int_equal(rig->unit.coded.height, sizes[i][1]);
			decode(rig);
			assert_in_range(rig->picture->width, sizes[i][0], sizes[i][0] + 15);
			assert_in_range(rig->picture->height, sizes[i][1], sizes[i][1] + 15);
			assert_true(psnr(rig) > 28);
		}
	}
	assert_int_equal(rig->broken, 0);
	assert_int_equal(rig->dropped, 0);
}

/* How large frames of noise are, of which the first is a keyframe, and no other. */
static size_t noise_mean(struct rig *rig, uint32_t refresh_mhz, uint32_t divisor) {
	encoder_set_refresh(rig->encoder, refresh_mhz);
	encoder_set_divisor(rig->encoder, divisor);
	rig->later_ns += 2000 * MS; // a change of before is long ago
	rig->apart_ns = UINT64_C(1000000000000) * divisor / refresh_mhz;
	uint32_t random = 1;
	size_t sum = 0;
	for (int i = 0; i < 40; i++) {
		for (size_t j = 0; j < (size_t)rig->stride * (size_t)rig->size.height; j += 16) {
			random = random * 1103515245 + 12345;
			memset(rig->pixels + j, (int)(random >> 24), 16);
		}
		encode(rig, false);
		assert_int_equal(rig->unit.key, i == 0);
		sum += i >= 20 ? rig->unit.size : 0;
		decode(rig);
	}
	return sum / 20;
}

/* Of a faster screen each frame has fewer bits, and those left out give theirs to the others. */
static void the_refresh_is_followed(void **state) {
	static const enum codec codecs[] = {CODEC_H264, CODEC_H265, CODEC_AV1};
	struct rig *rig = *state;
	capture_init(rig, 320, 240);
	encoder_set_rate(rig->encoder, 1500000);
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		const struct codec_list takes = {{codecs[i]}, 1};
		encoder_set_takes(rig->encoder, &takes);
		decoder_set_codec(rig->decoder, codecs[i]);
		size_t slow = noise_mean(rig, 30000, 1), fast = noise_mean(rig, 120000, 1);
		size_t fewer = noise_mean(rig, 120000, 4);
		print_message("%s: %zu bytes for a frame at 30 Hz, %zu at 120, %zu for each 4th of 120\n",
			encoder_path(rig->encoder), slow, fast, fewer);
		assert_true(slow * 2 > fast * 3 && fewer * 2 > fast * 3);
	}
	assert_int_equal(rig->broken, 0);
	assert_int_equal(rig->dropped, 0);
}

/* Somebody whose screen is another one with each frame gets no keyframe each. */
static void refreshes_are_no_storm_of_keyframes(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 320, 240);
	paint(rig, 0);
	encode(rig, false);
	uint32_t keys = 0;
	int64_t begin = now_ns();
	for (int i = 0; i < 50; i++) {
		encoder_set_refresh(rig->encoder, i % 2 ? 60000 : 144000);
		paint(rig, i);
		encode(rig, false);
		keys += rig->unit.key;
	}
	assert_in_range(keys, 0, (now_ns() - begin) / (1000 * MS) + 1);
	encoder_set_refresh(rig->encoder, 90000);
	rig->later_ns = 2000 * MS;
	encode(rig, false);
	assert_true(rig->unit.key);
}

static void the_rate_is_followed(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 640, 480);
	size_t sizes[2] = {0};
	static const uint32_t rates[2] = {1000000, 8000000};
	uint32_t random = 1;
	for (int r = 0; r < 2; r++) {
		encoder_set_rate(rig->encoder, rates[r]);
		for (int i = 0; i < 20; i++) {
			for (size_t j = 0; j < (size_t)rig->stride * 480; j += 16) {
				random = random * 1103515245 + 12345;
				memset(rig->pixels + j, (int)(random >> 24), 16);
			}
			encode(rig, false);
			if (i >= 10) {
				sizes[r] += rig->unit.size;
			}
		}
		// what the rate gives in 50 ms is the most that any frame has
		assert_true(rig->unit.size < rates[r] / 8 / 20 + 4096);
	}
	assert_true(sizes[1] > 3 * sizes[0]);
}

static void garbage_costs_a_keyframe(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 320, 240);
	paint(rig, 0);
	encode(rig, false);
	decode(rig);
	uint32_t random = 7;
	for (uint32_t round = 0; round < 8; round++) {
		// a unit of noise, or a true one with holes in it
		bool noise = round % 2;
		paint(rig, (int)round);
		encode(rig, false);
		size_t size = noise ? 3000 : rig->unit.size;
		uint8_t *bytes = malloc(size);
		if (!noise) {
			memcpy(bytes, rig->unit.bytes, size);
		}
		for (size_t i = noise ? 0 : 5; i < size; i += noise ? 1 : 3) {
			random = random * 1103515245 + 12345;
			bytes[i] = (uint8_t)(random >> 16);
		}
		uint32_t broken = rig->broken, pictures = rig->pictures;
		decoder_push(rig->decoder, 1, true, 1, now_ns(), bytes, size);
		int64_t end = now_ns() + WAIT_MS * MS;
		// shown, hidden or refused: in any case over
		while (rig->broken == broken && rig->pictures == pictures && now_ns() < end) {
			wl_event_loop_dispatch(rig->loop, 100);
			decoder_check(rig->decoder, now_ns());
		}
		assert_true(rig->broken > broken || rig->pictures > pictures);
		encode(rig, true);
		decode(rig);
		assert_true(psnr(rig) > 28);
	}
}

/* A decoder pads the lines that it writes; one that had to copy them would have packed them again. */
static void pictures_are_read_where_they_were_decoded(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 336, 240);
	for (int i = 0; i < 3; i++) {
		paint(rig, i);
		encode(rig, i == 0);
		decode(rig);
		assert_int_equal(rig->picture->width, 336);
		assert_true(rig->picture->y_stride > 336);
		assert_true(psnr(rig) > 28);
	}
}

/* Parameter sets that promise a picture of 16384x16384 must not make us allocate one. */
static void sizes_of_a_stranger_are_bounded(void **state) {
	// SPS: baseline, level 6.2, width_mbs 1024, height_mbs 1024
	static const uint8_t unit[] = {0, 0, 0, 1, 0x67, 66, 0xc0, 62, 0xf4, 0x00, 0x80, 0x00, 0x00,
		0x40, 0x00, 0x02, 0x60, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21,
		0xa0, 0x00, 0x00, 0x03, 0x01};
	struct rig *rig = *state;
	uint8_t *bytes = malloc(sizeof(unit));
	memcpy(bytes, unit, sizeof(unit));
	decoder_push(rig->decoder, 1, true, 1, now_ns(), bytes, sizeof(unit));
	wait_for(rig, &rig->broken, 1);
	assert_int_equal(rig->pictures, 0);
	capture_init(rig, 320, 240);
	paint(rig, 0);
	encode(rig, true);
	decode(rig);
}

static void captures_that_cannot_be_read(void **state) {
	struct rig *rig = *state;
	capture_init(rig, 320, 240);
	paint(rig, 0);
	encode(rig, false);
	struct window_frame frame = {
		.serial = 77,
		.fd = rig->fd,
		.format = PICTURE_XRGB8888,
		.size = {320, 241}, // more than the memory holds
		.stride = rig->stride,
		.capture_ns = 5,
	};
	encoder_push(rig->encoder, &frame, frame.size, now_ns(), false);
	assert_int_equal(rig->dropped, 1);
	frame.size.height = 240;
	frame.format = 0x34325842; // XB24
	encoder_push(rig->encoder, &frame, frame.size, now_ns(), false);
	assert_int_equal(rig->dropped, 2);
	frame.size = (struct picture_size){-1, 240};
	encoder_push(rig->encoder, &frame, frame.size, now_ns(), false);
	assert_int_equal(rig->dropped, 3);
	rig->released = rig->serial;
	paint(rig, 1);
	encode(rig, false);
}

int main(void) {
	gst_init(NULL, NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_frame_of_delay, setup, teardown),
		cmocka_unit_test_setup_teardown(h265_is_another_codec, setup, teardown),
		cmocka_unit_test_setup_teardown(av1_is_another_codec, setup, teardown),
		cmocka_unit_test_setup_teardown(av1_does_all_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(decoders_are_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(keyframes_when_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(sizes_change_and_may_be_odd, setup, teardown),
		cmocka_unit_test_setup_teardown(less_may_be_coded, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rate_is_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(the_refresh_is_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(refreshes_are_no_storm_of_keyframes, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage_costs_a_keyframe, setup, teardown),
		cmocka_unit_test_setup_teardown(pictures_are_read_where_they_were_decoded, setup, teardown),
		cmocka_unit_test_setup_teardown(sizes_of_a_stranger_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(captures_that_cannot_be_read, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	gst_deinit();
	return failed;
}
