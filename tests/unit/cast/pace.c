/* SPDX-License-Identifier: MIT */
/* pace.c - a simulated line: the rate comes below what it carries, stays near, and returns. */
#include "boxcast/pace.h"

#include "unit/cast/check.h"

#define MOST 8000000
#define FRAME (MS * 1000 / 60)
#define RTT (20 * MS)

struct line {
	uint64_t carries; // bits a second
	int64_t queue;    // ns of what waits
	int lost;         // one frame in so many waits for a packet to be sent again; 0: none
	int frames;
};

static uint32_t in_force(const struct pace *pace) {
	return pace->limit > 0 && pace->limit < MOST ? pace->limit : MOST;
}

/* A game for so long, each frame as large as the rate allows. */
static void play(struct pace *pace, struct line *line, int64_t *now, int64_t ns) {
	for (int64_t end = *now + ns; *now < end; *now += FRAME) {
		uint32_t rate = in_force(pace);
		size_t bytes = rate / 60 / 8;
		line->queue += (int64_t)(bytes * 8 * 1000000000 / line->carries) - FRAME;
		line->queue = line->queue > 0 ? line->queue : 0;
		int64_t wait = line->queue + (line->lost && ++line->frames % line->lost == 0 ? 2 * RTT : 0);
		pace_sent(pace, bytes);
		pace_acked(pace, wait, RTT, rate, MOST, *now);
	}
}

static void enough_is_left_alone(void **state) {
	struct pace pace;
	pace_init(&pace);
	struct line line = {.carries = 20000000, .lost = 4};
	int64_t now = MS;
	play(&pace, &line, &now, 5000 * MS);
	assert_int_equal(pace.limit, 0);
}

static void too_much_is_lowered_and_comes_back(void **state) {
	struct pace pace;
	pace_init(&pace);
	struct line line = {.carries = 5000000, .lost = 5};
	int64_t now = MS;
	play(&pace, &line, &now, 3000 * MS);
	assert_true(in_force(&pace) < 5500000);
	int64_t most = 0;
	for (int i = 0; i < 100; i++) { // and stays near
		play(&pace, &line, &now, 100 * MS);
		most = line.queue > most ? line.queue : most;
		assert_true(in_force(&pace) > 2500000);
	}
	assert_true(most < 250 * MS);
	line.carries = 20000000;
	play(&pace, &line, &now, 5000 * MS);
	assert_int_equal(pace.limit, 0);
}

static void a_line_that_is_cut_is_tried_gently(void **state) {
	struct pace pace;
	pace_init(&pace);
	int64_t now = MS;
	pace_stalled(&pace, MOST, now);
	assert_int_equal(in_force(&pace), MOST * 6 / 10);
	for (int i = 0; i < 20; i++) {
		pace_stalled(&pace, in_force(&pace), now);
	}
	assert_int_equal(in_force(&pace), 500000);
}

/* A window at rest sends next to nothing: that frames do not wait is no news. */
static void rest_tells_nothing(void **state) {
	struct pace pace;
	pace_init(&pace);
	int64_t now = MS;
	pace_stalled(&pace, MOST, now);
	uint32_t limit = pace.limit;
	for (int i = 0; i < 100; i++) {
		pace_sent(&pace, 300);
		pace_acked(&pace, 0, RTT, in_force(&pace), MOST, now += 100 * MS);
	}
	assert_int_equal(pace.limit, limit);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enough_is_left_alone),
		cmocka_unit_test(too_much_is_lowered_and_comes_back),
		cmocka_unit_test(a_line_that_is_cut_is_tried_gently),
		cmocka_unit_test(rest_tells_nothing),
	};
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
