/* SPDX-License-Identifier: MIT */
/*
 * fuzz_cast.c - what the two ends of a view tell each other: values of control lines, pictures'
 * parameter sets, frames out of order, what is held. The first byte chooses. Keymaps are
 * xkbcommon's to read.
 */
#include <string.h>

#include "box/frame.h"
#include "box/held.h"
#include "boxcast/lines.h"
#include "boxview/obu.h"
#include "boxview/order.h"
#include "boxview/source.h"
#include "boxview/sps.h"
#include "fuzz.h"

static void lines(const uint8_t *bytes, size_t size) {
	char *text = strndup((const char *)bytes, size);
	struct picture_size picture;
	struct source_video video;
	struct source_limits limits;
	uint32_t modifiers[4];
	uint64_t number;
	bool on;
	int rate, delay;
	struct line_path path;
	must(text);
	if (line_size(text, &picture)) {
		must(picture.width > 0 && picture.height > 0);
	}
	must(!line_switch(text, &on) || on == (strcmp(text, "on") == 0));
	must(!line_number(text, 1000, &number) || number <= 1000);
	line_modifiers(text, modifiers);
	line_repeat(text, &rate, &delay);
	must(!line_path(text, &path) || (path.rtt_ns >= 0 && path.least_ns >= 0));
	if (source_parse_video(text, &video)) {
		must(video.width > 0 && video.height > 0);
		must(video.coded_width > 0 && video.coded_width <= video.width);
		must(video.coded_height > 0 && video.coded_height <= video.height);
	}
	if (source_parse_limits(text, &limits)) {
		must(limits.max_width == 0 || limits.max_width >= limits.min_width);
	}
	free(text);
}

static void sps(const uint8_t *bytes, size_t size) {
	for (enum codec codec = CODEC_H264; codec <= CODEC_H265; codec++) {
		const char *trouble = sps_trouble(codec, bytes, size);
		must(!trouble || trouble[0]);
	}
	struct obu obu = {0};
	for (int i = 0; i < 2; i++) { // behind itself, too
		const char *trouble = obu_trouble(&obu, bytes, size);
		must(trouble ? trouble[0] && !obu.begun : !obu.begun || obu.known);
	}
	uint8_t *copy = malloc(size + 1);
	must(copy);
	memcpy(copy, bytes, size);
	sps_make_room(copy, size);
	free(copy);
}

// Frames, 8 bytes each: sequence, base, flags and size; what is taken continues what was taken.
static void order(const uint8_t *bytes, size_t size) {
	static const uint8_t payload[256];
	struct order order;
	struct order_frame out;
	int64_t now = 1;
	order_init(&order);
	for (; size >= 8; bytes += 8, size -= 8) {
		const struct frame frame = {
			.kind = FRAME_VIDEO,
			.sequence = bytes[0] | (uint32_t)bytes[1] << 24,
			.base = bytes[2] | (uint32_t)bytes[3] << 24,
			.flags = bytes[4] & 1,
			.payload = payload,
			.size = bytes[5],
		};
		now += bytes[6] * 10000000ll;
		order_put(&order, &frame, now);
		must(order.count <= ORDER_KEPT);
		while ((bytes[7] & 1) && order_take(&order, &out, now)) {
			free(out.bytes);
		}
		if (bytes[7] & 2) {
			order_broken(&order);
		}
		order_ask_key(&order, now);
	}
	order_finish(&order);
}

// Records as they come, and now and then a `held` line: in the end all can be released.
static void held(const uint8_t *bytes, size_t size) {
	struct held held;
	struct input_record out[8];
	int64_t now = 1;
	held_init(&held);
	for (; size >= INPUT_RECORD_SIZE; bytes += INPUT_RECORD_SIZE, size -= INPUT_RECORD_SIZE) {
		struct input_record record;
		input_record_decode(&record, bytes, 0);
		held_record(&held, &record, now++);
	}
	char *text = strndup((const char *)bytes, size);
	must(text);
	int count = held_said(&held, text, now, out, 8);
	must(count >= -1 && count <= 8);
	free(text);
	while ((count = held_release(&held, now, out, 8)) == 8) {
	}
	must(count >= 0 && !held_any(&held));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static void (*const parsers[])(const uint8_t *, size_t) = {lines, sps, order, held};
	if (size > 0) {
		parsers[bytes[0] % 4](bytes + 1, size - 1);
	}
	return 0;
}
