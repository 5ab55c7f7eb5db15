/* SPDX-License-Identifier: MIT */
/* order.c - frames that overtake, are missing, are late; and one request for a keyframe at a time. */
#include "boxview/order.h"

#include <stdlib.h>
#include <string.h>

#include "unit/cast/check.h"

static bool put(struct order *order, uint32_t sequence, uint32_t base, int64_t now) {
	const struct frame frame = {
		.kind = FRAME_VIDEO,
		.flags = sequence == base ? FRAME_KEY : 0,
		.sequence = sequence,
		.base = base,
		.payload = "x",
		.size = 1,
	};
	return order_put(order, &frame, now);
}

/* The sequence of the next one, 0: none. */
static uint32_t take(struct order *order, int64_t now) {
	struct order_frame frame;
	if (!order_take(order, &frame, now)) {
		return 0;
	}
	free(frame.bytes);
	return frame.sequence;
}

static void in_order(void **state) {
	struct order order;
	order_init(&order);
	for (uint32_t i = 1; i <= 20; i++) {
		assert_true(put(&order, i, i == 1 ? 1 : 1, i));
		assert_int_equal(take(&order, i), i);
		assert_int_equal(take(&order, i), 0);
	}
	assert_false(order_ask_key(&order, 21));
	order_finish(&order);
}

static void overtaking(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	assert_int_equal(take(&order, 1), 1);
	put(&order, 4, 1, 2);
	put(&order, 3, 1, 2);
	assert_false(put(&order, 3, 1, 2)); // twice
	assert_int_equal(take(&order, 2), 0);
	assert_int_equal(order_deadline(&order), 2 + ORDER_PATIENCE_NS);
	put(&order, 2, 1, 3);
	assert_int_equal(take(&order, 3), 2);
	assert_int_equal(take(&order, 3), 3);
	assert_int_equal(take(&order, 3), 4);
	assert_false(put(&order, 2, 1, 4)); // late
	assert_false(order_ask_key(&order, 4));
	assert_int_equal(order_deadline(&order), 0);
	order_finish(&order);
}

/* Of frames that waited for the same one only the youngest is shown; none is passed over for a slow decoder. */
static void what_waited_is_outdated(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	take(&order, 1);
	put(&order, 4, 1, 2);
	put(&order, 3, 1, 3); // those that wait need not have come in order
	put(&order, 6, 1, 4); // 5 is missing as well
	put(&order, 2, 1, 5);
	for (uint32_t i = 2; i <= 4; i++) {
		assert_int_equal(take(&order, 5), i);
		assert_int_equal(order_outdated(&order, i), i < 4);
	}
	put(&order, 5, 1, 6);
	put(&order, 7, 1, 7); // came in order, the decoder is busy
	put(&order, 8, 1, 8);
	for (uint32_t i = 5; i <= 8; i++) {
		assert_int_equal(take(&order, 9), i);
		assert_int_equal(order_outdated(&order, i), i == 5);
	}
	order_finish(&order);
}

static void a_gap_needs_one_keyframe(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	take(&order, 1);
	put(&order, 3, 1, 10 * MS);
	assert_int_equal(take(&order, 10 * MS), 0);
	assert_false(order_ask_key(&order, 10 * MS));
	int64_t now = 10 * MS + ORDER_PATIENCE_NS;
	assert_int_equal(take(&order, now - 1), 0);
	assert_false(order_ask_key(&order, now - 1));
	assert_int_equal(take(&order, now), 0);
	assert_true(order_ask_key(&order, now));
	assert_false(order_ask_key(&order, now + 1 * MS));
	assert_false(put(&order, 4, 1, now + 10 * MS));
	assert_false(put(&order, 5, 1, now + 20 * MS));
	assert_false(order_ask_key(&order, now + ORDER_ASK_NS - 1));
	now += ORDER_ASK_NS;
	assert_true(order_ask_key(&order, now)); // the answer did not come
	put(&order, 6, 6, now + 100 * MS);
	assert_int_equal(take(&order, now + 100 * MS), 6);
	put(&order, 7, 6, now + 110 * MS);
	assert_int_equal(take(&order, now + 110 * MS), 7);
	assert_false(order_ask_key(&order, now + 5000 * MS));
	order_finish(&order);
}

/* On a long way with losses it comes after a round trip or two, and many others before it. */
static void what_is_sent_again_is_awaited(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	take(&order, 1);
	for (uint32_t i = 3; i < 40; i++) {
		assert_true(put(&order, i, 1, i * 10 * MS));
		assert_int_equal(take(&order, i * 10 * MS), 0);
		assert_false(order_ask_key(&order, i * 10 * MS));
	}
	assert_true(put(&order, 2, 1, 400 * MS));
	for (uint32_t i = 2; i < 40; i++) {
		assert_int_equal(take(&order, 400 * MS), i);
	}
	order_finish(&order);
}

static void a_keyframe_overtakes_what_it_replaces(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	take(&order, 1);
	put(&order, 3, 1, 2);
	put(&order, 5, 5, 3);
	assert_int_equal(take(&order, 3), 5);
	assert_false(put(&order, 2, 1, 4));
	assert_false(put(&order, 4, 1, 4));
	put(&order, 6, 5, 5);
	assert_int_equal(take(&order, 5), 6);
	order_finish(&order);
}

/* The keyframe waits for the decoder, and what it replaces is late. */
static void a_waiting_keyframe_is_not_held_up(void **state) {
	struct order order;
	order_init(&order);
	assert_true(put(&order, 5, 5, 1));
	assert_false(put(&order, 4, 1, 2));
	assert_int_equal(order.dropped, 1);
	assert_true(put(&order, 6, 5, 2));
	assert_int_equal(take(&order, 3), 5);
	assert_int_equal(take(&order, 3), 6);
	order_finish(&order);
	order_init(&order); // likewise behind others
	put(&order, 1, 1, 1);
	assert_int_equal(take(&order, 1), 1);
	assert_true(put(&order, 5, 5, 2));
	assert_false(put(&order, 3, 1, 2));
	assert_int_equal(take(&order, 3), 5);
	assert_false(order_ask_key(&order, 3));
	order_finish(&order);
}

static void a_first_frame_that_is_no_keyframe(void **state) {
	struct order order;
	order_init(&order);
	assert_false(order_ask_key(&order, 1)); // it has not even begun
	assert_false(put(&order, 5, 3, 1));
	assert_true(order_ask_key(&order, 1));
	order_finish(&order);
}

static void what_needs_more_than_we_have(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 10, 10, 1);
	take(&order, 1);
	assert_false(put(&order, 11, 9, 2));
	assert_true(order_ask_key(&order, 2));
	order_finish(&order);
}

static void a_broken_decoder_drops_what_waits(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	put(&order, 2, 1, 1);
	assert_int_equal(take(&order, 1), 1);
	order_broken(&order);
	assert_int_equal(take(&order, 2), 0);
	assert_true(order_ask_key(&order, 2));
	order_finish(&order);
}

static void bounded(void **state) {
	struct order order;
	order_init(&order);
	put(&order, 1, 1, 1);
	take(&order, 1);
	for (uint32_t i = 3; i < 3 + ORDER_KEPT; i++) {
		assert_true(put(&order, i, 1, 2));
	}
	assert_int_equal(order.count, ORDER_KEPT);
	assert_false(put(&order, 3 + ORDER_KEPT, 1, 2));
	assert_int_equal(order.count, 0);
	assert_true(order_ask_key(&order, 2));
	// a keyframe always has a place
	put(&order, 20, 20, 3);
	for (uint32_t i = 21; i < 20 + 2 * ORDER_KEPT; i++) {
		put(&order, i, 20, 3);
	}
	assert_true(order.count <= ORDER_KEPT);
	assert_true(put(&order, 70, 70, 4));
	assert_int_equal(take(&order, 4), 70);
	const struct frame empty = {.flags = FRAME_KEY, .sequence = 80, .base = 80, .payload = ""};
	assert_false(order_put(&order, &empty, 5));
	char *bytes = malloc(ORDER_KEPT_BYTES + 1);
	memset(bytes, 0, ORDER_KEPT_BYTES + 1);
	struct frame large = {.flags = FRAME_KEY, .sequence = 81, .base = 81, .payload = bytes,
		.size = ORDER_KEPT_BYTES + 1};
	assert_false(order_put(&order, &large, 5));
	large.size = ORDER_KEPT_BYTES;
	assert_true(order_put(&order, &large, 5));
	assert_false(put(&order, 82, 81, 5));
	assert_int_equal(order.bytes, 0);
	free(bytes);
	order_finish(&order);
}

static void numbers_wrap(void **state) {
	struct order order;
	order_init(&order);
	put(&order, UINT32_MAX, UINT32_MAX, 1);
	assert_int_equal(take(&order, 1), UINT32_MAX);
	put(&order, 1, UINT32_MAX, 2);
	assert_int_equal(take(&order, 2), 0);
	put(&order, 0, UINT32_MAX, 2);
	struct order_frame frame;
	assert_true(order_take(&order, &frame, 2));
	assert_int_equal(frame.sequence, 0);
	free(frame.bytes);
	assert_int_equal(take(&order, 2), 1);
	order_finish(&order);
}

/* Keyframes that overtake one another: each may be needed, if those before it do not come. */
static void keyframes_backwards(void **state) {
	struct order order;
	order_init(&order);
	for (uint32_t i = 0; i < ORDER_KEPT; i++) {
		assert_true(put(&order, 1000 - i, 1000 - i, 1));
	}
	assert_false(put(&order, 50, 50, 2)); // older than all that wait
	assert_int_equal(order.count, ORDER_KEPT);
	assert_true(put(&order, 2000, 2000, 2)); // takes the place of all
	assert_int_equal(take(&order, 2), 2000);
	order_finish(&order);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(overtaking),
		cmocka_unit_test(what_waited_is_outdated),
		cmocka_unit_test(a_gap_needs_one_keyframe),
		cmocka_unit_test(what_is_sent_again_is_awaited),
		cmocka_unit_test(a_keyframe_overtakes_what_it_replaces),
		cmocka_unit_test(a_waiting_keyframe_is_not_held_up),
		cmocka_unit_test(a_first_frame_that_is_no_keyframe),
		cmocka_unit_test(what_needs_more_than_we_have),
		cmocka_unit_test(a_broken_decoder_drops_what_waits),
		cmocka_unit_test(bounded),
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(keyframes_backwards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
