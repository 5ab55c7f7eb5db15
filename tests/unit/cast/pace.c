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

/* What boxd tells of a line, ten times a second: BBR's window is two round trips of what is carried. */
static struct line_path told(const struct line *line) {
	return (struct line_path){
		.rtt_ns = RTT + line->queue,
		.least_ns = RTT,
		.window = line->carries / 8 * RTT * 2 / 1000000000,
		.sent = 1000,
	};
}

static void play_told(struct pace *pace, struct line *line, int64_t *now, int64_t ns) {
	for (int64_t end = *now + ns; *now < end;) {
		play(pace, line, now, 100 * MS);
		const struct line_path path = told(line);
		pace_path(pace, &path, in_force(pace), *now);
	}
}

static void a_queue_that_is_told_of_is_short(void **state) {
	struct pace pace;
	pace_init(&pace);
	struct line line = {.carries = 5000000};
	int64_t now = MS;
	play_told(&pace, &line, &now, 1500 * MS);
	assert_true(in_force(&pace) < 5000000);
	int64_t most = 0;
	for (int i = 0; i < 100; i++) {
		play_told(&pace, &line, &now, 100 * MS);
		most = i > 10 && line.queue > most ? line.queue : most;
		assert_true(in_force(&pace) > 2000000);
	}
	assert_true(most < 120 * MS);
	line.carries = 20000000;
	play_told(&pace, &line, &now, 2500 * MS);
	assert_int_equal(pace.limit, 0);
}

/* Every other frame waits for a lost packet, but there is no queue: no rate would make it better. */
static void losses_do_not_take_all(void **state) {
	struct pace pace;
	pace_init(&pace);
	struct line line = {.carries = 7000000, .lost = 1};
	int64_t now = MS;
	for (int i = 0; i < 100; i++) {
		for (int64_t end = now + 100 * MS; now < end; now += FRAME) {
			pace_sent(&pace, in_force(&pace) / 60 / 8);
			pace_acked(&pace, PACE_HIGH_NS + MS, RTT, in_force(&pace), MOST, now);
		}
		const struct line_path path = told(&line);
		pace_path(&pace, &path, in_force(&pace), now);
		pace_stalled(&pace, in_force(&pace), now);
		assert_true(in_force(&pace) >= 7000000 * 4 / 10 - 1000);
	}
	assert_true(in_force(&pace) < 3500000);
	// the same when nothing is told of the path: it may be a queue
	now += 5000 * MS;
	pace_stalled(&pace, in_force(&pace), now);
	assert_true(in_force(&pace) < 2000000);
}

/* The first window of a long way is small, and says little of what it carries. */
static void a_long_way_begins_gently(void **state) {
	struct pace pace;
	pace_init(&pace);
	struct line_path path = {.rtt_ns = 90 * MS, .least_ns = 90 * MS, .window = 14500, .sent = 5};
	pace_path(&pace, &path, MOST, MS);
	assert_int_equal(pace.limit, 1500000);
	struct line line = {.carries = 20000000};
	int64_t now = MS;
	play_told(&pace, &line, &now, 2500 * MS);
	assert_int_equal(pace.limit, 0);
	pace_init(&pace); // a short one carries enough with the same window
	path.rtt_ns = path.least_ns = MS;
	pace_path(&pace, &path, MOST, MS);
	assert_int_equal(pace.limit, 0);
}

static void what_was_told_grows_old(void **state) {
	struct pace pace;
	pace_init(&pace);
	struct line line = {.carries = 7000000};
	const struct line_path path = told(&line);
	assert_int_equal(pace_carries(&pace, MS), 0);
	pace_path(&pace, &path, MOST, MS);
	assert_in_range(pace_carries(&pace, 2 * MS), 6900000, 7000000);
	assert_int_equal(pace_carries(&pace, 2 * MS + PACE_PATH_NS), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enough_is_left_alone),
		cmocka_unit_test(too_much_is_lowered_and_comes_back),
		cmocka_unit_test(a_line_that_is_cut_is_tried_gently),
		cmocka_unit_test(rest_tells_nothing),
		cmocka_unit_test(a_queue_that_is_told_of_is_short),
		cmocka_unit_test(losses_do_not_take_all),
		cmocka_unit_test(a_long_way_begins_gently),
		cmocka_unit_test(what_was_told_grows_old),
	};
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
