/* SPDX-License-Identifier: MIT */
/* obu.c - AV1's headers at the limits and one past, cut off anywhere, out of order, and of noise. */
#include "boxview/obu.h"

#include <stdlib.h>
#include <string.h>

#include "boxview/sps.h"
#include "unit/cast/check.h"

struct writer {
	uint8_t bytes[64];
	uint32_t size; // in bits
};

static void put(struct writer *w, int count, uint32_t value) {
	for (int i = count - 1; i >= 0; i--) {
		if (value >> i & 1) {
			w->bytes[w->size / 8] |= (uint8_t)(0x80 >> w->size % 8);
		}
		w->size++;
	}
}

/* An OBU of that type; its size. */
static size_t write_obu(const struct writer *w, uint32_t type, uint8_t *out) {
	size_t size = (w->size + 7) / 8;
	out[0] = (uint8_t)(type << 3 | 2);
	out[1] = (uint8_t)size;
	memcpy(out + 2, w->bytes, size);
	return size + 2;
}

struct sequence {
	uint32_t profile, depth, mono, layers, width, height;
	bool alone, times, equal, model, numbers, delays;
	uint32_t tools; // as a sequence says it: 0, 1, or 2: by each frame
};

static const struct sequence plain = {.width = 640, .height = 480, .tools = 2};

static size_t write_sequence(const struct sequence *set, uint8_t *out) {
	struct writer w = {0};
	put(&w, 3, set->profile);
	put(&w, 2, set->alone ? 3 : 0);
	put(&w, 1, set->times);
	if (set->times) {
		put(&w, 32, 1);
		put(&w, 32, 60);
		put(&w, 1, set->equal);
		if (set->equal) {
			put(&w, 3, 2); // 010: one tick
		}
		put(&w, 1, set->model);
		if (set->model) {
			put(&w, 5, 9);
			put(&w, 32, 1);
			put(&w, 5, 9);
			put(&w, 5, 19); // 20 bits of time in each frame
		}
	}
	put(&w, 1, set->delays);
	put(&w, 5, set->layers);
	put(&w, 12, 0);
	put(&w, 5, 8);
	put(&w, 1, 0);
	if (set->times && set->model) {
		put(&w, 1, 1);
		put(&w, 10, 100);
		put(&w, 10, 200);
		put(&w, 1, 1);
	}
	if (set->delays) {
		put(&w, 1, 1);
		put(&w, 4, 9);
	}
	put(&w, 4, 15);
	put(&w, 4, 15);
	put(&w, 16, set->width - 1);
	put(&w, 16, set->height - 1);
	put(&w, 1, set->numbers);
	if (set->numbers) {
		put(&w, 4, 10);
		put(&w, 3, 2); // 10 + 2 + 3 bits
	}
	put(&w, 3 + 4, 0x55);
	put(&w, 1, 1);
	put(&w, 2, 1);
	put(&w, 1, set->tools == 2);
	if (set->tools < 2) {
		put(&w, 1, set->tools);
	}
	if (set->tools > 0) {
		put(&w, 1, 1);
	}
	put(&w, 3, 6);
	put(&w, 3, 2);
	put(&w, 1, set->depth > 8);
	put(&w, 1, set->mono);
	put(&w, 16, 0x8000); // and what we do not read
	return write_obu(&w, 1, out);
}

struct header {
	uint32_t type; // 0: a keyframe
	bool again, hidden, tools, other;
};

static size_t write_frame(const struct sequence *set, const struct header *frame, uint8_t *out) {
	struct writer w = {0};
	put(&w, 1, frame->again);
	if (!frame->again) {
		put(&w, 2, frame->type);
		put(&w, 1, !frame->hidden);
		if (!frame->hidden && set->times && set->model && !set->equal) {
			put(&w, 20, 0xfffff);
		}
		put(&w, frame->hidden, 1);
		put(&w, frame->type != 3 && (frame->type != 0 || frame->hidden), 1);
		put(&w, 1, 1);
		put(&w, set->tools == 2, frame->tools);
		put(&w, set->tools == 1 || (set->tools == 2 && frame->tools), 1);
		put(&w, set->numbers ? 15 : 0, 0x7fff);
		put(&w, frame->type != 3, frame->other);
	}
	put(&w, 16, 0);
	return write_obu(&w, 6, out);
}

/* Of a sequence and its first frame. */
static const char *trouble(struct sequence set, struct header frame) {
	struct obu obu = {0};
	uint8_t bytes[200] = {0x12, 0}; // a delimiter
	size_t size = 2 + write_sequence(&set, bytes + 2);
	size += write_frame(&set, &frame, bytes + size);
	return obu_trouble(&obu, bytes, size);
}

static const struct header key = {0}, delta = {.type = 1};

static void all_that_may_stand_before(void **state) {
	for (int i = 0; i < 1 << 7; i++) {
		struct sequence set = plain;
		set.times = i & 1;
		set.equal = i & 2;
		set.model = i & 4;
		set.numbers = i & 8;
		set.delays = i & 16;
		struct header frame = {.hidden = i & 32, .tools = i & 64};
		for (set.tools = 0; set.tools <= 2; set.tools++) {
			frame.other = false;
			assert_null(trouble(set, frame));
			frame.other = true; // the flag is found
			assert_string_equal(trouble(set, frame), "a frame has a size of its own");
		}
	}
}

static void sizes_at_the_limit(void **state) {
	struct sequence set = plain;
	set.width = SPS_SIDE_MAX;
	set.height = OBU_PIXELS_MAX / SPS_SIDE_MAX;
	assert_null(trouble(set, key));
	set.height++;
	assert_string_equal(trouble(set, key), "its pictures are too large");
	set = plain;
	set.width = SPS_SIDE_MAX + 1;
	set.height = 1;
	assert_non_null(trouble(set, key));
	set = plain;
	set.height = 65536;
	assert_non_null(trouble(set, key));
}

static void formats_that_are_not_shown(void **state) {
	struct sequence set = plain;
	for (set.profile = 0; set.profile < 3; set.profile++) {
		assert_int_equal(trouble(set, key) == NULL, set.profile == 0);
	}
	set = plain;
	set.depth = 10;
	assert_non_null(trouble(set, key));
	set = plain;
	set.mono = 1;
	assert_non_null(trouble(set, key));
	set = plain;
	set.layers = 1;
	assert_non_null(trouble(set, key));
	set = plain;
	set.alone = true;
	assert_non_null(trouble(set, key));
}

/* Parameters, then a keyframe, then all else; and all of it again behind what was wrong. */
static void it_begins_with_a_keyframe(void **state) {
	struct obu obu = {0};
	uint8_t sequence[100], first[100], next[100], shown[100];
	size_t sequence_size = write_sequence(&plain, sequence);
	size_t first_size = write_frame(&plain, &key, first), next_size = write_frame(&plain, &delta, next);
	size_t shown_size = write_frame(&plain, &(struct header){.again = true}, shown);
	assert_string_equal(obu_trouble(&obu, first, first_size), "its parameters are missing");
	assert_null(obu_trouble(&obu, sequence, sequence_size));
	assert_string_equal(obu_trouble(&obu, next, next_size), "it does not begin with a keyframe");
	assert_null(obu_trouble(&obu, sequence, sequence_size));
	assert_string_equal(obu_trouble(&obu, shown, shown_size), "it does not begin with a keyframe");
	assert_null(obu_trouble(&obu, sequence, sequence_size));
	assert_null(obu_trouble(&obu, first, first_size));
	assert_null(obu_trouble(&obu, next, next_size));
	assert_null(obu_trouble(&obu, shown, shown_size));
	next[0] |= 0x80;
	assert_non_null(obu_trouble(&obu, next, next_size));
	next[0] &= 0x7f;
	assert_string_equal(obu_trouble(&obu, next, next_size), "its parameters are missing");
	size_t switch_size = write_frame(&plain, &(struct header){.type = 3}, next);
	assert_null(obu_trouble(&obu, sequence, sequence_size));
	assert_null(obu_trouble(&obu, first, first_size));
	assert_string_equal(obu_trouble(&obu, next, switch_size), "a frame has a size of its own");
}

static void lengths(void **state) {
	static const struct {
		uint8_t bytes[12];
		size_t size;
		bool good;
	} units[] = {
		{{0}, 0, true},
		{{0x12, 0x00}, 2, true},
		{{0x12, 0x80, 0x00}, 3, true}, // longer than it has to be
		{{0x16, 0x20, 0x00}, 3, true}, // with its layer
		{{0x12}, 1, false},
		{{0x16, 0x20}, 2, false},
		{{0x16}, 1, false},
		{{0x12, 0x01}, 2, false},
		{{0x12, 0x80}, 2, false},
		{{0x10, 0x00}, 2, false}, // without a length
		{{0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 10, false}, // of nine bytes
		{{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, 9, false},
		{{0x13, 0x00}, 2, false},
		{{0x42, 0x00}, 2, false}, // a list of tiles
	};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct obu obu = {0};
		uint8_t *copy = malloc(units[i].size > 0 ? units[i].size : 1); // its end is the allocation's
		memcpy(copy, units[i].bytes, units[i].size);
		assert_int_equal(obu_trouble(&obu, copy, units[i].size) == NULL, units[i].good);
		free(copy);
	}
}

static void cut_off_anywhere(void **state) {
	struct sequence set = plain;
	set.times = set.model = set.numbers = set.delays = true;
	uint8_t bytes[100];
	size_t size = write_sequence(&set, bytes) - 2; // without what is not read
	for (size_t cut = 2; cut < size; cut++) {
		struct obu obu = {0};
		uint8_t *copy = malloc(cut);
		memcpy(copy, bytes, cut);
		copy[1] = (uint8_t)(cut - 2);
		assert_string_equal(obu_trouble(&obu, copy, cut), "its parameters are cut off");
		free(copy);
	}
	for (size_t cut = 2; cut <= 8; cut++) {
		struct obu obu = {0};
		assert_null(obu_trouble(&obu, bytes, size + 2));
		uint8_t frame[100];
		write_frame(&set, &key, frame);
		frame[1] = (uint8_t)(cut - 2);
		uint8_t *copy = malloc(cut);
		memcpy(copy, frame, cut);
		const char *why = obu_trouble(&obu, copy, cut);
		assert_int_equal(why == NULL, cut == 8); // 42 bits are read
		free(copy);
	}
}

static void noise(void **state) {
	uint32_t random = 1;
	for (int i = 0; i < 200000; i++) {
		struct obu obu = {0};
		uint8_t bytes[128];
		size_t head = write_sequence(&plain, bytes), size = head + (size_t)i % 60;
		for (size_t j = i % 2 ? head : 2; j < size; j++) {
			random = random * 1103515245 + 12345;
			bytes[j] = (uint8_t)(random >> 16) & (i % 3 ? 0xff : 0x03);
		}
		obu_trouble(&obu, bytes, size); // whatever it says, it stays within
		obu_trouble(&obu, bytes + head, size - head);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_may_stand_before),
		cmocka_unit_test(sizes_at_the_limit),
		cmocka_unit_test(formats_that_are_not_shown),
		cmocka_unit_test(it_begins_with_a_keyframe),
		cmocka_unit_test(lengths),
		cmocka_unit_test(cut_off_anywhere),
		cmocka_unit_test(noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
