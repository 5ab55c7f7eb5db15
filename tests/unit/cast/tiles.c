/* SPDX-License-Identifier: MIT */
/* media/tiles.c, boxcast/tiling.c - what is told of a picture makes that picture; what is malformed is not. */
#include "media/tiles.h"

#include <stdlib.h>
#include <string.h>

#include "boxcast/tiling.h"
#include "unit/cast/check.h"

#define WIDTH 333
#define HEIGHT 217
#define STRIDE (WIDTH * 4 + 20)
#define LARGE (16u << 20)

struct pair { // a source and a viewer
	uint8_t pixels[HEIGHT * STRIDE];
	struct tiling tiling;
	struct tiles_coder *coder;
	struct tiles_canvas canvas;
	struct buf out;
};

static uint32_t dice_state;

static uint32_t dice(uint32_t sides) {
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static struct pair *pair_create(void) {
	struct pair *pair = calloc(1, sizeof(*pair));
	tiling_init(&pair->tiling);
	pair->coder = tiles_coder_create();
	assert_non_null(pair->coder);
	assert_true(tiling_fit(&pair->tiling, (struct picture_size){WIDTH, HEIGHT}));
	return pair;
}

static void pair_destroy(struct pair *pair) {
	tiling_finish(&pair->tiling);
	tiles_coder_destroy(pair->coder);
	tiles_canvas_finish(&pair->canvas);
	buf_finish(&pair->out);
	free(pair);
}

static uint8_t *at(struct pair *pair, uint32_t x, uint32_t y) {
	return pair->pixels + y * STRIDE + x * 4;
}

static void fill(struct pair *pair, const struct tiles_rect *rect, uint32_t colours) {
	for (uint32_t y = rect->y; y < (uint32_t)rect->y + rect->height; y++) {
		for (uint32_t x = rect->x; x < (uint32_t)rect->x + rect->width; x++) {
			uint32_t value = dice(colours) * 0x01020305;
			memcpy(at(pair, x, y), &value, 4);
		}
	}
}

static struct tiles_rect some_rect(void) {
	struct tiles_rect rect = {.x = (uint16_t)dice(WIDTH), .y = (uint16_t)dice(HEIGHT)};
	rect.width = (uint16_t)(1 + dice(WIDTH - rect.x));
	rect.height = (uint16_t)(1 + dice(HEIGHT - rect.y));
	return rect;
}

static const struct tiles_rect everything = {0, 0, WIDTH, HEIGHT};

static enum tiles_result tell(struct pair *pair, const struct tiles_rect *damage, bool whole,
		size_t max, size_t spare) {
	const struct tiling_capture capture = {
		.pixels = pair->pixels,
		.stride = STRIDE,
		.damage = damage,
		.damage_count = damage ? 1 : 0,
	};
	buf_drop(&pair->out, pair->out.size);
	return tiling_encode(&pair->tiling, pair->coder, &capture, whole, max, spare, &pair->out);
}

static void hear(struct pair *pair, bool whole) {
	struct tiles_rect changed;
	const char *why = NULL;
	if (pair->out.size > 0 && !tiles_apply(pair->coder, &pair->canvas, buf_front(&pair->out),
			pair->out.size, whole, &changed, &why)) {
		fail_msg("not applied: %s", why);
	}
}

static uint32_t wrong_pixels(struct pair *pair) {
	uint32_t wrong = 0;
	for (uint32_t y = 0; y < HEIGHT; y++) {
		for (uint32_t x = 0; x < WIDTH; x++) {
			wrong += memcmp(at(pair, x, y), pair->canvas.pixels + (y * WIDTH + x) * 4, 4) != 0;
		}
	}
	return wrong;
}

static void begin(struct pair *pair, uint32_t colours) {
	fill(pair, &everything, colours);
	assert_int_equal(tell(pair, &everything, true, LARGE, 0), TILES_DONE);
	hear(pair, true);
	assert_int_equal(wrong_pixels(pair), 0);
	assert_int_equal(tiling_near(&pair->tiling), 0);
}

static void any_change_is_told(void **state) {
	struct pair *pair = pair_create();
	dice_state = 7;
	begin(pair, 9);
	for (int i = 0; i < 300; i++) {
		struct tiles_rect rect = some_rect();
		switch (dice(4)) {
		case 0: // a video frame: the viewer has something like it
			for (uint32_t j = 0; j < WIDTH * HEIGHT * 4; j++) {
				pair->canvas.pixels[j] ^= 1;
			}
			tiling_blur(&pair->tiling);
			break;
		case 1: { // up or down, with something new in the gap
			uint32_t rows = 1 + dice(60);
			bool up = dice(2);
			memmove(at(pair, 0, up ? 0 : rows), at(pair, 0, up ? rows : 0), (HEIGHT - rows) * STRIDE);
			struct tiles_rect gap = {0, (uint16_t)(up ? HEIGHT - rows : 0), WIDTH, (uint16_t)rows};
			fill(pair, &gap, 9);
			rect = everything;
			break;
		}
		default:
			fill(pair, &rect, 1 + dice(12));
		}
		assert_int_equal(tell(pair, &rect, false, LARGE, dice(3) * 9000), TILES_DONE);
		hear(pair, false);
		if (tiling_near(&pair->tiling) == 0) {
			assert_int_equal(wrong_pixels(pair), 0);
		}
	}
	while (tiling_near(&pair->tiling) > 0) { // at rest
		assert_int_equal(tell(pair, NULL, false, LARGE, 9000), TILES_DONE);
		assert_true(pair->out.size > 0);
		hear(pair, false);
	}
	assert_int_equal(wrong_pixels(pair), 0);
	assert_int_equal(tell(pair, NULL, false, LARGE, 9000), TILES_DONE);
	assert_int_equal(pair->out.size, 0);
	pair_destroy(pair);
}

static void nothing_new_says_nothing(void **state) {
	struct pair *pair = pair_create();
	dice_state = 1;
	begin(pair, 200);
	assert_int_equal(tell(pair, &everything, false, LARGE, 0), TILES_DONE); // damaged, but the same
	assert_int_equal(pair->out.size, 0);
	pair_destroy(pair);
}

/* A key changes a glyph and the cursor: no more is told than what bounds their pixels. */
static void only_what_differs_is_told(void **state) {
	struct pair *pair = pair_create();
	dice_state = 17;
	begin(pair, 200);
	const struct tiles_rect glyph = {61, 11, 12, 20}; // of two tiles beside and below one another
	for (uint32_t y = glyph.y; y < (uint32_t)glyph.y + glyph.height; y++) {
		for (uint32_t x = glyph.x; x < (uint32_t)glyph.x + glyph.width; x++) {
			*at(pair, x, y) ^= 0xff;
		}
	}
	assert_int_equal(tell(pair, &everything, false, LARGE, 0), TILES_DONE);
	const uint8_t *payload = buf_front(&pair->out);
	assert_int_equal(get_u16(payload + 6), 1); // one rectangle
	assert_int_equal(get_u16(payload + 8), glyph.x);
	assert_int_equal(get_u16(payload + 10), glyph.y);
	assert_int_equal(get_u16(payload + 12), glyph.width);
	assert_int_equal(get_u16(payload + 14), glyph.height);
	hear(pair, false);
	assert_int_equal(wrong_pixels(pair), 0);
	pair_destroy(pair);
}

static void scrolling_is_moving(void **state) {
	struct pair *pair = pair_create();
	dice_state = 3;
	begin(pair, 200);
	memmove(at(pair, 0, 0), at(pair, 0, 16), (HEIGHT - 16) * STRIDE);
	const struct tiles_rect gap = {0, HEIGHT - 16, WIDTH, 16};
	fill(pair, &gap, 1);
	assert_int_equal(tell(pair, &everything, false, LARGE, 0), TILES_DONE);
	assert_int_equal(get_u16(buf_front(&pair->out) + 4), 1); // one stripe moved
	assert_true(pair->out.size < 20000); // of 290 000
	hear(pair, false);
	assert_int_equal(wrong_pixels(pair), 0);
	pair_destroy(pair);
}

static void too_large_is_given_up(void **state) {
	struct pair *pair = pair_create();
	dice_state = 5;
	begin(pair, 200);
	fill(pair, &everything, 1u << 23);
	assert_int_equal(tell(pair, &everything, false, 20000, 0), TILES_LARGE);
	assert_int_equal(pair->out.size, 0);
	assert_true(tiling_near(&pair->tiling) > 0);
	// near tiles alone are told by and by, though each try is small
	for (int i = 0; i < 2000 && tiling_near(&pair->tiling) > 0; i++) {
		enum tiles_result result = tell(pair, NULL, false, 20000, 10000);
		assert_int_not_equal(result, TILES_FAILED);
		hear(pair, false);
	}
	assert_int_equal(wrong_pixels(pair), 0);
	pair_destroy(pair);
}

static void sizes_that_are_not_for_tiles(void **state) {
	struct pair *pair = pair_create();
	assert_false(tiling_fit(&pair->tiling, (struct picture_size){8192, 8192}));
	assert_false(tiling_fit(&pair->tiling, (struct picture_size){0, 10}));
	assert_true(tiling_fit(&pair->tiling, (struct picture_size){1, 1}));
	assert_int_equal(tiling_near(&pair->tiling), 1);
	pair_destroy(pair);
}

// strangers

static void refuse(struct pair *pair, const void *payload, size_t size, bool whole) {
	struct tiles_rect changed;
	const char *why = NULL;
	assert_false(tiles_apply(pair->coder, &pair->canvas, payload, size, whole, &changed, &why));
	assert_non_null(why);
	assert_true(strlen(why) <= 80);
}

static void malformed(void **state) {
	struct pair *pair = pair_create();
	dice_state = 11;
	begin(pair, 3);
	const struct tiles_rect part = {10, 10, 40, 40};
	fill(pair, &part, 4);
	assert_int_equal(tell(pair, &part, false, LARGE, 0), TILES_DONE);
	size_t size = pair->out.size;
	uint8_t *good = malloc(size + 1);
	memcpy(good, buf_front(&pair->out), size);
	for (size_t i = 0; i < size; i++) { // every cut
		refuse(pair, good, i, false);
	}
	good[size] = 0;
	refuse(pair, good, size + 1, false);
	refuse(pair, good, size, true); // not whole
	static const struct { size_t at; uint16_t value; } wrong[] = {
		{0, WIDTH - 1}, {2, HEIGHT + 1}, {0, 0}, {0, 9000}, // size
		{4, 1}, {4, 9000}, {6, 0}, {6, 2}, {6, 9000},      // counts
		{8, WIDTH}, {10, HEIGHT}, {12, 0}, {12, WIDTH + 1}, {14, 0}, // the part
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint16_t was = get_u16(good + wrong[i].at);
		put_u16(good + wrong[i].at, wrong[i].value);
		refuse(pair, good, size, false);
		put_u16(good + wrong[i].at, was);
	}
	struct tiles_rect changed;
	const char *why;
	assert_true(tiles_apply(pair->coder, &pair->canvas, good, size, false, &changed, &why));
	assert_int_equal(wrong_pixels(pair), 0); // nothing of all that changed anything
	free(good);
	pair_destroy(pair);
}

/* The same place over and over, to keep the viewer busy. */
static void more_than_the_picture(void **state) {
	struct pair *pair = pair_create();
	dice_state = 13;
	begin(pair, 3);
	uint8_t payload[8 + 2 * 12];
	put_u16(payload, WIDTH);
	put_u16(payload + 2, HEIGHT);
	put_u16(payload + 4, 2);
	put_u16(payload + 6, 0);
	for (size_t i = 0; i < 2; i++) {
		uint8_t *move = payload + 8 + i * 12;
		memset(move, 0, 12);
		put_u16(move + 4, WIDTH);
		put_u16(move + 6, HEIGHT - 1);
		put_u16(move + 10, 1);
	}
	refuse(pair, payload, sizeof(payload), false);
	pair_destroy(pair);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_change_is_told),
		cmocka_unit_test(nothing_new_says_nothing),
		cmocka_unit_test(only_what_differs_is_told),
		cmocka_unit_test(scrolling_is_moving),
		cmocka_unit_test(too_large_is_given_up),
		cmocka_unit_test(sizes_that_are_not_for_tiles),
		cmocka_unit_test(malformed),
		cmocka_unit_test(more_than_the_picture),
	};
	return cmocka_run_group_tests_name("tiles", tests, NULL, NULL);
}
