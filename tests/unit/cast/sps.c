/* SPDX-License-Identifier: MIT */
/* sps.c - parameter sets at the limits and one past, cut off anywhere, and of noise. */
#include "boxview/sps.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "unit/cast/check.h"

struct writer {
	uint8_t bytes[256];
	size_t size; // in bits
};

static void put_bits(struct writer *w, int count, uint32_t value) {
	for (int i = count - 1; i >= 0; i--) {
		if (value >> i & 1) {
			w->bytes[w->size / 8] |= (uint8_t)(0x80 >> w->size % 8);
		}
		w->size++;
	}
}

static void put_ue(struct writer *w, uint32_t value) {
	int zeros = 0;
	while ((value + 1) >> (zeros + 1)) {
		zeros++;
	}
	put_bits(w, zeros, 0);
	put_bits(w, zeros + 1, value + 1);
}

static size_t write_nal(const struct writer *w, const uint8_t *head, size_t size,
		uint8_t out[static 600]) {
	memcpy(out, head, size);
	int zeros = 0;
	for (size_t i = 0; i < (w->size + 7) / 8; i++) {
		if (zeros == 2 && w->bytes[i] <= 3) {
			out[size++] = 3; // no start code within
			zeros = 0;
		}
		out[size++] = w->bytes[i];
		zeros = w->bytes[i] == 0 ? zeros + 1 : 0;
	}
	return size;
}

struct set {
	int profile, chroma, depth, width, height, references; // of macroblocks
	bool lists, fields;
	int order;
	int room;   // 0: it is not said; else for one picture less
	bool whole; // all that may stand before it
};

static const struct set plain = {66, 1, 8, 40, 30, 1, false, false, 2, 0, false};

static void put_buffers(struct writer *w) {
	put_ue(w, 1);
	put_bits(w, 8, 0x23);
	for (int i = 0; i < 2; i++) {
		put_ue(w, 100);
		put_ue(w, 200);
		put_bits(w, 1, 1);
	}
	put_bits(w, 20, 0x12345);
}

static void put_usability(struct writer *w, const struct set *set) {
	if (set->room == 0) {
		put_bits(w, 4, 0x8); // nothing, and the end
		return;
	}
	put_bits(w, 1, 1);
	put_bits(w, 1, set->whole);
	for (int i = 0; set->whole && i < 4; i++) {
		put_ue(w, 1);
	}
	put_bits(w, 1, 1);
	put_bits(w, 1, set->whole);
	if (set->whole) {
		put_bits(w, 8, 255);
		put_bits(w, 32, 0x00010001);
		put_bits(w, 2, 3);
		put_bits(w, 1, 1);
		put_bits(w, 4, 5);
		put_bits(w, 1, 1);
		put_bits(w, 24, 0x060606);
		put_bits(w, 1, 1);
		put_ue(w, 0);
		put_ue(w, 0);
		put_bits(w, 1, 1);
		put_bits(w, 32, 1);
		put_bits(w, 32, 120);
		put_bits(w, 2, 3);
		put_buffers(w);
		put_bits(w, 1, 1);
		put_buffers(w);
		put_bits(w, 2, 1);
	} else {
		put_bits(w, 7, 0);
	}
	put_bits(w, 2, 3);
	put_ue(w, 0);
	put_ue(w, 0);
	put_ue(w, 10);
	put_ue(w, 10);
	put_ue(w, 0);
	put_ue(w, (uint32_t)set->room - 1);
	put_bits(w, 1, 1);
}

/* An access unit of that parameter set and a slice's first bytes; its size. */
static size_t write_unit(const struct set *set, uint8_t out[static 600]) {
	struct writer w = {0};
	put_bits(&w, 8, (uint32_t)set->profile);
	put_bits(&w, 16, 0xc01e);
	put_ue(&w, 0);
	if (set->profile == 100) {
		put_ue(&w, (uint32_t)set->chroma);
		put_ue(&w, (uint32_t)set->depth - 8);
		put_ue(&w, (uint32_t)set->depth - 8);
		put_bits(&w, 1, 0);
		put_bits(&w, 1, set->lists);
		for (int i = 0; set->lists && i < 8; i++) {
			put_bits(&w, 1, 1);
			for (int j = 0; j < (i < 6 ? 16 : 64); j++) {
				put_ue(&w, 0); // no change from one to the next
			}
		}
	}
	put_ue(&w, 0);
	put_ue(&w, (uint32_t)set->order);
	if (set->order == 0) {
		put_ue(&w, 4);
	} else if (set->order == 1) {
		put_bits(&w, 1, 0);
		put_ue(&w, 0);
		put_ue(&w, 0);
		put_ue(&w, 3);
		for (int i = 0; i < 3; i++) {
			put_ue(&w, 6);
		}
	}
	put_ue(&w, (uint32_t)set->references);
	put_bits(&w, 1, 0);
	put_ue(&w, (uint32_t)set->width - 1);
	put_ue(&w, (uint32_t)set->height - 1);
	put_bits(&w, 1, !set->fields);
	put_usability(&w, set);
	static const uint8_t head[] = {0, 0, 0, 1, 0x67}, slice[] = {0, 0, 1, 0x65, 0x88, 0x84};
	size_t size = write_nal(&w, head, sizeof(head), out);
	memcpy(out + size, slice, sizeof(slice));
	return size + sizeof(slice);
}

static const char *trouble(struct set set) {
	uint8_t bytes[600];
	size_t size = write_unit(&set, bytes);
	return sps_trouble(CODEC_H264, bytes, size);
}

static void good_sets(void **state) {
	struct set set = plain;
	assert_null(trouble(set));
	for (set.order = 0; set.order <= 2; set.order++) {
		for (set.profile = 66; set.profile <= 100; set.profile += 34) {
			for (int lists = 0; lists < 2; lists++) {
				set.lists = lists;
				assert_null(trouble(set));
			}
		}
	}
}

/* Room for two instead of one, where that is a reference; all else stays as it is. */
static void room_for_two(void **state) {
	for (int i = 0; i < 2 * 5 * 2 * 2; i++) {
		struct set set = plain;
		set.whole = i & 1;
		set.room = i / 2 % 5;
		set.references = 1 + i / 10 % 2;
		set.profile = i / 20 ? 100 : 66;
		uint8_t before[600] = {0}, after[600] = {0};
		size_t size = write_unit(&set, before);
		sps_make_room(before, size);
		set.room += set.room == 2 && set.references == 1;
		assert_int_equal(write_unit(&set, after), size);
		assert_memory_equal(before, after, size);
	}
}

static void sizes_at_the_limit(void **state) {
	struct set set = plain;
	set.width = SPS_SIDE_MAX / 16;
	assert_null(trouble(set));
	set.width++;
	assert_non_null(trouble(set));
	set = plain;
	set.height = SPS_SIDE_MAX / 16;
	assert_null(trouble(set));
	set.height++;
	assert_non_null(trouble(set));
	set = plain;
	set.fields = true; // counts twice
	set.height = SPS_SIDE_MAX / 32;
	assert_null(trouble(set));
	set.height++;
	assert_non_null(trouble(set));
	set = plain;
	set.width = set.height = 1 << 20;
	assert_non_null(trouble(set));
	set = plain; // the whole of what one picture may be, and what it refers to
	set.width = set.height = 512;
	assert_null(trouble(set));
	set.references = 2;
	assert_non_null(trouble(set));
	set = plain;
	set.references = 16;
	assert_null(trouble(set));
	set.references = 17;
	assert_non_null(trouble(set));
}

static void formats_that_are_not_shown(void **state) {
	struct set set = plain;
	set.profile = 100;
	for (set.chroma = 0; set.chroma <= 3; set.chroma++) {
		assert_int_equal(trouble(set) == NULL, set.chroma == 1);
	}
	set.chroma = 1;
	set.depth = 10;
	assert_non_null(trouble(set));
}

static void the_second_set_counts_too(void **state) {
	uint8_t bytes[1200];
	struct set large = plain;
	large.width = 600;
	size_t size = write_unit(&plain, bytes);
	assert_null(sps_trouble(CODEC_H264, bytes, size));
	size += write_unit(&large, bytes + size);
	assert_non_null(sps_trouble(CODEC_H264, bytes, size));
}

/* Wherever a set begins, and whatever is like a start code before it. */
static void behind_anything(void **state) {
	static const uint8_t before[] = {1, 0, 1, 0, 0, 2, 1, 1, 0, 0, 3, 0, 1, 0, 0, 1, 0x41, 1, 0, 0,
		0, 1};
	struct set large = plain;
	large.width = 600;
	for (size_t from = 0; from <= sizeof(before); from++) {
		uint8_t bytes[700];
		size_t size = sizeof(before) - from;
		memcpy(bytes, before + from, size);
		size += write_unit(&large, bytes + size);
		assert_non_null(sps_trouble(CODEC_H264, bytes, size));
		if (from == sizeof(before)) { // a start code of three bytes, with nothing before it
			assert_memory_equal(bytes, "\0\0\0\1", 4);
			assert_non_null(sps_trouble(CODEC_H264, bytes + 1, size - 1));
		}
	}
}

static void cut_off_anywhere(void **state) {
	uint8_t bytes[600];
	struct set set = plain;
	set.profile = 100;
	set.lists = true;
	set.order = 1;
	size_t size = write_unit(&set, bytes) - 6; // without the slice
	assert_null(sps_trouble(CODEC_H264, bytes, size));
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = malloc(cut > 0 ? cut : 1); // its end is the allocation's
		memcpy(copy, bytes, cut);
		const char *why = sps_trouble(CODEC_H264, copy, cut);
		free(copy);
		if (cut < 5 || cut >= size - 2) { // no set yet, or all of it that we read
			continue;
		}
		assert_string_equal(why, "its parameters are cut off");
	}
}

struct h265_set {
	uint32_t layers, chroma, depth, width, height, kept; // of pixels
	bool cropped, each; // each: of the layers says what it keeps
};

static const struct h265_set plain_h265 = {0, 1, 8, 640, 480, 1, false, false};

static size_t write_h265(const struct h265_set *set, uint8_t out[static 600]) {
	static const uint8_t head[] = {0, 0, 0, 1, 0x42, 0x01};
	struct writer w = {0};
	put_bits(&w, 4, 0);
	put_bits(&w, 3, set->layers);
	put_bits(&w, 1, 1);
	put_bits(&w, 32, 0x01600000);
	put_bits(&w, 32, 0);
	put_bits(&w, 32, 93);
	for (uint32_t i = 0; i < set->layers; i++) {
		put_bits(&w, 2, 3); // each layer has a profile and a level
	}
	put_bits(&w, set->layers > 0 ? (int)(8 - set->layers) * 2 : 0, 0);
	for (uint32_t i = 0; i < set->layers; i++) {
		put_bits(&w, 32, 0xffffffff);
		put_bits(&w, 32, 0xffffffff);
		put_bits(&w, 32, 0xffffffff);
	}
	put_ue(&w, 0);
	put_ue(&w, set->chroma);
	put_ue(&w, set->width);
	put_ue(&w, set->height);
	put_bits(&w, 1, set->cropped);
	for (int i = 0; set->cropped && i < 4; i++) {
		put_ue(&w, (uint32_t)i);
	}
	put_ue(&w, set->depth - 8);
	put_ue(&w, set->depth - 8);
	put_ue(&w, 4);
	put_bits(&w, 1, set->each);
	for (uint32_t i = set->each ? 0 : set->layers; i <= set->layers; i++) {
		put_ue(&w, set->kept - 1);
		put_ue(&w, 0);
		put_ue(&w, 0);
	}
	put_bits(&w, 4, 0x8); // and what we do not read
	return write_nal(&w, head, sizeof(head), out);
}

static const char *h265_trouble(struct h265_set set) {
	uint8_t bytes[600];
	size_t size = write_h265(&set, bytes);
	return sps_trouble(CODEC_H265, bytes, size);
}

static void h265_sets(void **state) {
	struct h265_set set = plain_h265;
	for (set.layers = 0; set.layers <= 6; set.layers++) {
		for (int i = 0; i < 4; i++) {
			set.cropped = i & 1;
			set.each = i & 2;
			set.width = 640;
			assert_null(h265_trouble(set));
			set.width = SPS_SIDE_MAX + 1; // what follows the layers is found
			assert_non_null(h265_trouble(set));
		}
	}
	set = plain_h265;
	set.height = SPS_SIDE_MAX;
	assert_null(h265_trouble(set));
	set.height = 0;
	assert_non_null(h265_trouble(set));
	set = plain_h265;
	set.width = set.height = SPS_SIDE_MAX;
	assert_null(h265_trouble(set));
	set.kept = 2; // of so large ones
	assert_non_null(h265_trouble(set));
	set = plain_h265;
	set.kept = 16;
	assert_null(h265_trouble(set));
	set.kept = 17;
	assert_non_null(h265_trouble(set));
	set = plain_h265;
	set.depth = 10;
	assert_non_null(h265_trouble(set));
	set = plain_h265;
	for (set.chroma = 0; set.chroma <= 3; set.chroma++) {
		assert_int_equal(h265_trouble(set) == NULL, set.chroma == 1);
	}
}

static void h265_cut_off_anywhere(void **state) {
	uint8_t bytes[600];
	struct h265_set set = plain_h265;
	set.layers = 6;
	size_t size = write_h265(&set, bytes);
	for (size_t cut = 6; cut < size - 1; cut++) {
		uint8_t *copy = malloc(cut); // its end is the allocation's
		memcpy(copy, bytes, cut);
		const char *why = sps_trouble(CODEC_H265, copy, cut);
		free(copy);
		assert_non_null(why);
	}
}

static void noise(void **state) {
	uint32_t random = 1;
	for (int i = 0; i < 200000; i++) {
		uint8_t bytes[64];
		size_t size = (size_t)i % sizeof(bytes);
		for (size_t j = 0; j < size; j++) {
			random = random * 1103515245 + 12345;
			bytes[j] = (uint8_t)(random >> 16) & (i % 3 ? 0xff : 0x03);
		}
		static const uint8_t head[] = {0, 0, 1, 0x67};
		if (i % 2 && size >= sizeof(head)) {
			memcpy(bytes, head, sizeof(head));
		}
		sps_trouble(CODEC_H264, bytes, size); // whatever it says, it stays within
		sps_make_room(bytes, size);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_sets),
		cmocka_unit_test(room_for_two),
		cmocka_unit_test(sizes_at_the_limit),
		cmocka_unit_test(formats_that_are_not_shown),
		cmocka_unit_test(the_second_set_counts_too),
		cmocka_unit_test(behind_anything),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(h265_sets),
		cmocka_unit_test(h265_cut_off_anywhere),
		cmocka_unit_test(noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
