/* SPDX-License-Identifier: MIT */
/* lane.c - text and little changes go as tiles, motion as video, and each changes within a second. */
#include "boxcast/lane.h"

#include "unit/cast/check.h"

#define RATE 8000000
#define FRAME (MS * 1000 / 60)

/* Full motion for so long; what is tried as tiles is too large. Returns how often it was tried. */
static int game(struct lane *lane, int64_t *now, int64_t ns) {
	int tries = 0;
	for (int64_t end = *now + ns; *now < end; *now += FRAME) {
		if (!lane_captured(lane, 1000, *now)) {
			tries++;
			lane_refused(lane, *now);
		}
	}
	return tries;
}

static void a_game_is_video(void **state) {
	struct lane lane;
	lane_init(&lane);
	int64_t now = MS;
	assert_int_equal(game(&lane, &now, 10000 * MS), 1); // one try, and no more for ten seconds
	assert_true(lane.video);
}

static void text_is_tiles(void **state) {
	struct lane lane;
	lane_init(&lane);
	int64_t now = MS;
	for (int i = 0; i < 600; i++, now += FRAME) { // scrolling: all of it damaged, little to say
		assert_false(lane_captured(&lane, 1000, now));
		lane_sent(&lane, 6000, RATE, now);
	}
}

static void rest_is_tiles(void **state) {
	struct lane lane;
	lane_init(&lane);
	int64_t now = MS;
	game(&lane, &now, 3000 * MS);
	int64_t last = now - FRAME;
	assert_int_equal(lane_rest(&lane), last + LANE_REST_NS);
	assert_false(lane_captured(&lane, 1000, last + LANE_REST_NS));
}

static void a_cursor_after_a_game_is_tiles_within_a_second(void **state) {
	struct lane lane;
	lane_init(&lane);
	int64_t now = MS;
	game(&lane, &now, 3000 * MS);
	int64_t stopped = now;
	while (lane_captured(&lane, 2, now)) { // something small goes on moving
		now += FRAME;
		assert_true(now < stopped + 1000 * MS);
	}
}

/* A small picture that moves, too much for the rate though each frame is small. */
static void more_than_the_rate_is_video(void **state) {
	struct lane lane;
	lane_init(&lane);
	int64_t now = MS, begun = now;
	while (!lane_captured(&lane, 40, now)) {
		lane_sent(&lane, 30000, RATE, now); // 14 Mbit/s
		now += FRAME;
		assert_true(now < begun + 1000 * MS);
	}
	assert_true(lane.video);
}

/* Back and forth costs: it stays video for longer each time, within bounds. */
static void it_does_not_waver(void **state) {
	struct lane lane;
	lane_init(&lane);
	int64_t now = MS;
	int tries = 0;
	for (int64_t end = now + 20000 * MS; now < end; now += FRAME) {
		if (!lane_captured(&lane, 8, now)) { // little is damaged, and it is always too large
			tries++;
			lane_refused(&lane, now);
		}
	}
	assert_true(tries >= 5 && tries <= 12);
	assert_true(lane.hold <= LANE_HOLD_MAX_NS);
}

static void what_may_go_at_once(void **state) {
	assert_int_equal(lane_most(0), 64 * 1024);
	assert_int_equal(lane_most(80000000), 800000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_game_is_video),
		cmocka_unit_test(text_is_tiles),
		cmocka_unit_test(rest_is_tiles),
		cmocka_unit_test(a_cursor_after_a_game_is_tiles_within_a_second),
		cmocka_unit_test(more_than_the_rate_is_video),
		cmocka_unit_test(it_does_not_waver),
		cmocka_unit_test(what_may_go_at_once),
	};
	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
