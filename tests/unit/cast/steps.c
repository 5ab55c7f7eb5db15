/* SPDX-License-Identifier: MIT */
/* steps.c - when less of a picture is coded: what goes first, how it comes back, and that it rests. */
#include "boxcast/steps.h"

#include "unit/cast/check.h"

#define FRAME (MS * 1000 / 60)

static const struct steps_task game = {.window = {1280, 720}, .refresh_mhz = 60000, .rate = 8000000};

/* Frames drawn so far apart that take this long at full size. The count of changes. */
static int play_at(struct steps *steps, const struct steps_task *task, int64_t *now, int64_t seconds,
		int64_t encoding_ns, int64_t frame_ns) {
	int changes = 0;
	for (int64_t end = *now + seconds * 1000 * MS; *now < end;) {
		struct picture_size size = steps_size(steps, task);
		int64_t ns = encoding_ns * size.width / task->window.width * size.height / task->window.height;
		int64_t apart = ns > frame_ns ? ns : frame_ns; // captures wait for the encoder
		*now += apart;
		steps_encoded(steps, ns, apart);
		steps_decoded(steps, ns / 2);
		changes += steps_look(steps, task, *now);
	}
	return changes;
}

static int play(struct steps *steps, const struct steps_task *task, int64_t *now, int64_t seconds,
		int64_t encoding_ns) {
	return play_at(steps, task, now, seconds, encoding_ns, FRAME);
}

static void what_suffices_is_left_alone(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	assert_int_equal(play(&steps, &game, &now, 20, 8 * MS), 0);
	assert_int_equal(steps_size(&steps, &game).width, 1280);
	assert_int_equal(steps_divisor(&steps, &game), 1);
}

static void few_bits_take_pixels_then_frames(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = game;
	task.rate = 2000000; // 0.036 for a pixel
	assert_int_equal(play(&steps, &task, &now, 5, 8 * MS), 1);
	assert_int_equal(steps_size(&steps, &task).width, 960);
	assert_int_equal(steps_size(&steps, &task).height, 540);
	task.rate = 1000000;
	assert_int_equal(play(&steps, &task, &now, 5, 8 * MS), 1);
	assert_int_equal(steps_size(&steps, &task).width, 640);
	assert_int_equal(steps_divisor(&steps, &task), 1);
	task.rate = 400000;
	assert_int_equal(play(&steps, &task, &now, 5, 8 * MS), 1);
	assert_int_equal(steps_divisor(&steps, &task), 2);
	task.rate = 8000000; // and all of it comes back
	assert_int_equal(play(&steps, &task, &now, 20, 8 * MS), 3);
	assert_int_equal(steps_size(&steps, &task).width, 1280);
	assert_int_equal(steps_divisor(&steps, &task), 1);
}

static void it_goes_at_once_to_where_it_suffices(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = game;
	task.rate = 700000;
	assert_int_equal(play(&steps, &task, &now, 1, 8 * MS), 1);
	assert_int_equal(steps_size(&steps, &task).width, 640);
}

static void a_moment_is_no_reason(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = game;
	for (int i = 0; i < 10; i++) {
		task.rate = 1000000;
		for (int j = 0; j < 20; j++, now += FRAME) {
			assert_false(steps_look(&steps, &task, now));
		}
		task.rate = 8000000;
		assert_false(steps_look(&steps, &task, now));
	}
}

/* A machine that is too slow for the size is not too slow for a smaller one. */
static void a_slow_machine_codes_less(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = {.window = {3840, 2160}, .refresh_mhz = 60000, .rate = 60000000};
	assert_int_equal(play(&steps, &task, &now, 3, 45 * MS), 1);
	assert_int_equal(steps_size(&steps, &task).width, 1920);
	assert_int_equal(steps_size(&steps, &task).height, 1080);
	assert_int_equal(steps_divisor(&steps, &task), 1);
	// 3/4 would take 25 ms: it is not even tried
	assert_int_equal(play(&steps, &task, &now, 30, 45 * MS), 0);
	steps_init(&steps); // a film of 20 frames a second leaves it the time
	assert_int_equal(play_at(&steps, &task, &now, 30, 40 * MS, 50 * MS), 0);
}

static void a_fast_clock_gives_frames_first(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = {.window = {1920, 1080}, .refresh_mhz = 120000, .rate = 30000000};
	assert_int_equal(play_at(&steps, &task, &now, 3, 14 * MS, FRAME / 2), 1);
	assert_int_equal(steps_size(&steps, &task).width, 1920);
	assert_int_equal(steps_divisor(&steps, &task), 2);
}

/* A rate that allows a step up only until it is taken: it is tried less and less often. */
static void what_does_not_hold_is_tried_less(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = game;
	int changes = 0;
	for (int i = 0; i < 60; i++) {
		task.rate = steps_size(&steps, &task).width == 1280 ? 2000000 : 3000000;
		changes += play(&steps, &task, &now, 1, 8 * MS);
	}
	assert_in_range(changes, 3, 11);
}

static void what_cannot_be_less_is_not(void **state) {
	struct steps steps;
	steps_init(&steps);
	int64_t now = MS;
	struct steps_task task = {.window = {100, 100}, .refresh_mhz = 30000, .rate = 1000};
	assert_int_equal(play(&steps, &task, &now, 5, 80 * MS), 0);
	task = game;
	task.rate = 1000;
	play(&steps, &task, &now, 5, 8 * MS);
	assert_int_equal(steps_divisor(&steps, &task), 2);
	task.window = (struct picture_size){100, 100}; // a window that shrank has fewer steps
	assert_int_equal(steps_size(&steps, &task).width, 100);
	play(&steps, &task, &now, 5, 8 * MS);
	assert_int_equal(steps_size(&steps, &task).width, 100);
	task.window = (struct picture_size){640, 250}; // half of it is less than encoders take
	play(&steps, &task, &now, 5, 8 * MS);
	assert_int_equal(steps_size(&steps, &task).width, 640);
	task.window = (struct picture_size){641, 483};
	task.rate = 400000;
	play(&steps, &task, &now, 5, 8 * MS);
	assert_int_equal(steps_size(&steps, &task).width % 2, 0);
	assert_int_equal(steps_size(&steps, &task).height % 2, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_suffices_is_left_alone),
		cmocka_unit_test(few_bits_take_pixels_then_frames),
		cmocka_unit_test(it_goes_at_once_to_where_it_suffices),
		cmocka_unit_test(a_moment_is_no_reason),
		cmocka_unit_test(a_slow_machine_codes_less),
		cmocka_unit_test(a_fast_clock_gives_frames_first),
		cmocka_unit_test(what_does_not_hold_is_tried_less),
		cmocka_unit_test(what_cannot_be_less_is_not),
	};
	return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
