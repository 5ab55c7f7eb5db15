/* SPDX-License-Identifier: MIT */
/* held.c - what a viewer holds down, and that it does not stay down. */
#include "box/held.h"

#include <linux/input-event-codes.h>

#include "unit/cast/check.h"

static bool put(struct held *held, uint16_t type, uint16_t code, int32_t value, int64_t now) {
	const struct input_record record = {.type = type, .code = code, .value = value};
	return held_record(held, &record, now);
}

static void presses_and_releases_alternate(void **state) {
	struct held held;
	held_init(&held);
	assert_true(put(&held, EV_KEY, KEY_A, 1, 1));
	assert_false(put(&held, EV_KEY, KEY_A, 1, 2));
	assert_false(put(&held, EV_KEY, KEY_A, 2, 2)); // repeats are the application's
	assert_true(put(&held, EV_KEY, KEY_A, 0, 3));
	assert_false(put(&held, EV_KEY, KEY_A, 0, 4));
	assert_false(held_any(&held));
}

static void strange_records_are_not_passed_on(void **state) {
	struct held held;
	held_init(&held);
	assert_false(put(&held, EV_KEY, HELD_CODES, 1, 1));
	assert_true(put(&held, EV_KEY, HELD_CODES - 1, 1, 1));
	assert_false(put(&held, EV_KEY, KEY_A, -1, 1));
	assert_false(put(&held, EV_SYN, 0, 0, 1));
	assert_false(put(&held, EV_LED, LED_CAPSL, 1, 1));
	assert_false(put(&held, EV_ABS, ABS_Y, 0, 1));
	assert_false(put(&held, EV_REL, REL_Y, 0, 1));
	assert_true(put(&held, EV_ABS, ABS_X, 0, 1));
	assert_true(put(&held, EV_REL, REL_X, 0, 1));
	assert_true(put(&held, EV_REL, REL_WHEEL_HI_RES, -120, 1));
}

static void silence_releases(void **state) {
	struct held held;
	struct input_record out[4];
	held_init(&held);
	assert_int_equal(held_deadline(&held), 0);
	put(&held, EV_KEY, KEY_A, 1, 100 * MS);
	put(&held, EV_KEY, BTN_LEFT, 1, 120 * MS);
	assert_int_equal(held_deadline(&held), 1120 * MS);
	assert_int_equal(held_said(&held, "30,272", 300 * MS, out, 4), 0);
	assert_int_equal(held_deadline(&held), 1300 * MS);
	assert_int_equal(held_release(&held, 1300 * MS, out, 4), 2);
	assert_int_equal(out[0].code, KEY_A);
	assert_int_equal(out[0].type, EV_KEY);
	assert_int_equal(out[0].value, 0);
	assert_int_equal(out[1].code, BTN_LEFT);
	assert_int_equal(held_deadline(&held), 0);
}

static void what_is_not_said_any_more_is_released(void **state) {
	struct held held;
	struct input_record out[4];
	held_init(&held);
	put(&held, EV_KEY, KEY_A, 1, 1);
	put(&held, EV_KEY, KEY_LEFT, 1, 1);
	assert_int_equal(held_said(&held, "105", 2, out, 4), 1);
	assert_int_equal(out[0].code, KEY_A);
	// what is said and was never pressed is no press
	assert_int_equal(held_said(&held, "105,30", 3, out, 4), 0);
	assert_int_equal(held_release(&held, 4, out, 4), 1);
}

static void malformed_lines_change_nothing(void **state) {
	struct held held;
	struct input_record out[4];
	static const char *const bad[] = {"a", ",", "30,,31", "-1", "+3", " 30", "768", "99999999999",
		"30;31"};
	held_init(&held);
	put(&held, EV_KEY, KEY_A, 1, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(held_said(&held, bad[i], 2, out, 4), -1);
	}
	assert_true(held_any(&held));
}

static void more_than_fits_comes_in_parts(void **state) {
	struct held held;
	struct input_record out[4];
	held_init(&held);
	for (uint16_t code = 1; code <= 10; code++) {
		put(&held, EV_KEY, code, 1, 1);
	}
	assert_int_equal(held_release(&held, 2, out, 4), 4);
	assert_int_equal(held_release(&held, 2, out, 4), 4);
	assert_int_equal(held_release(&held, 2, out, 4), 2);
	assert_int_equal(held_release(&held, 2, out, 4), 0);
}

static void fingers(void **state) {
	struct held held;
	struct input_record out[32];
	held_init(&held);
	assert_false(put(&held, EV_ABS, ABS_MT_POSITION_X, 3, 1)); // never came down
	assert_true(put(&held, EV_ABS, ABS_MT_TRACKING_ID, 3, 1));
	assert_false(put(&held, EV_ABS, ABS_MT_TRACKING_ID, 3, 1));
	assert_true(put(&held, EV_ABS, ABS_MT_POSITION_X, 3, 1));
	assert_false(put(&held, EV_ABS, ABS_MT_TRACKING_ID, -1 - 4, 1));
	assert_true(put(&held, EV_ABS, ABS_MT_TRACKING_ID, -1 - 3, 1));
	assert_false(held_any(&held));
	for (int id = 0; id < HELD_FINGERS; id++) {
		assert_true(put(&held, EV_ABS, ABS_MT_TRACKING_ID, id, 1));
	}
	assert_false(put(&held, EV_ABS, ABS_MT_TRACKING_ID, HELD_FINGERS, 1));
	assert_false(put(&held, EV_ABS, ABS_MT_TRACKING_ID, INT32_MAX, 1));
	assert_false(put(&held, EV_ABS, ABS_MT_TRACKING_ID, INT32_MIN, 1));
	assert_int_equal(held_release(&held, 2, out, 32), HELD_FINGERS);
	assert_int_equal(out[0].value, -1);
	assert_int_equal(out[0].code, ABS_MT_TRACKING_ID);
}

static void the_pointer_is_not_held(void **state) {
	struct held held;
	held_init(&held);
	assert_true(put(&held, EV_KEY, BTN_TOOL_MOUSE, 1, 1));
	assert_false(held_any(&held));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presses_and_releases_alternate),
		cmocka_unit_test(strange_records_are_not_passed_on),
		cmocka_unit_test(silence_releases),
		cmocka_unit_test(what_is_not_said_any_more_is_released),
		cmocka_unit_test(malformed_lines_change_nothing),
		cmocka_unit_test(more_than_fits_comes_in_parts),
		cmocka_unit_test(fingers),
		cmocka_unit_test(the_pointer_is_not_held),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
