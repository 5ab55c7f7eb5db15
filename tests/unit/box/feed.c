/* SPDX-License-Identifier: MIT */
/*
 * feed.c - promises of box/feed.h.
 */
#include "box/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/box/memory.h"

#define QUEUE_MAX 1000

struct fixture {
	struct box_tree *tree;
	struct feed feed;
	struct memory readers[3];
	struct ending {
		int count;
		struct feed *ends; // NULL: none
	} ended[3];
	int next; // whose reader is added
};

static void handle_ended(void *data) {
	struct ending *ending = data;
	ending->count++;
	if (ending->ends) {
		feed_finish(ending->ends, OP_OK, NULL);
	}
}

static void read_feed(struct box *box, struct req *req) {
	struct fixture *fixture = box->data;
	op_set(req_reply(req), OP_F_TYPE, "input");
	assert_true(feed_add(&fixture->feed, req, handle_ended, &fixture->ended[fixture->next]));
}

static const struct box_type feed_type = {.name = "feed", .fn = {[OP_GETMEM] = read_feed}};

static void begin(struct fixture *fixture, enum op_body body) {
	feed_init(&fixture->feed, body, QUEUE_MAX);
	for (fixture->next = 0; fixture->next < 3; fixture->next++) {
		memory_ask(&fixture->readers[fixture->next], fixture->tree, "ann/den",
			"getmem\nname /x\nlive\n");
		assert_string_equal(op_get(&fixture->readers[fixture->next].reply, OP_F_TYPE),
			"input");
	}
}

static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	fixture->tree = box_tree_create("ann");
	box_create(box_tree_root(fixture->tree), "x", &feed_type, NULL, fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	for (int i = 0; i < 3; i++) {
		memory_finish(&fixture->readers[i]);
	}
	box_tree_destroy(fixture->tree);
	free(fixture);
	return 0;
}

static void test_all_read(void **state) {
	struct fixture *fixture = *state;
	begin(fixture, OP_BODY_CHUNKS);
	assert_false(feed_empty(&fixture->feed));
	feed_put(&fixture->feed, "ab", 2);
	feed_put(&fixture->feed, "c", 1);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(memory_text(&fixture->readers[i]), "abc");
		assert_int_equal(op_body_of(&fixture->readers[i].reply, NULL), OP_BODY_CHUNKS);
	}
	feed_finish(&fixture->feed, OP_OK, NULL);
	for (int i = 0; i < 3; i++) {
		assert_true(memory_ok(&fixture->readers[i]));
		assert_int_equal(fixture->ended[i].count, 0); // who ends them knows
	}
	assert_true(feed_empty(&fixture->feed));
}

static void test_frames(void **state) {
	struct fixture *fixture = *state;
	const struct frame frame = {.kind = FRAME_INPUT, .sequence = 1, .payload = "r", .size = 1};
	begin(fixture, OP_BODY_FRAMES);
	feed_put_frame(&fixture->feed, &frame);
	feed_finish(&fixture->feed, OP_EBUSY, "taken back by the lender");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fixture->readers[i].frames_size, 1);
		assert_string_equal(fixture->readers[i].frames[0].frame.payload, "r");
		assert_int_equal(memory_code(&fixture->readers[i]), OP_EBUSY);
		assert_string_equal(fixture->readers[i].trailer.refusal.sentence,
			"taken back by the lender");
	}
}

static void test_one_hangs_up(void **state) {
	struct fixture *fixture = *state;
	begin(fixture, OP_BODY_CHUNKS);
	memory_hang_up(&fixture->readers[1]);
	assert_int_equal(fixture->ended[1].count, 1);
	feed_put(&fixture->feed, "ab", 2);
	assert_string_equal(memory_text(&fixture->readers[0]), "ab");
	assert_string_equal(memory_text(&fixture->readers[1]), "");
	assert_string_equal(memory_text(&fixture->readers[2]), "ab");
	memory_hang_up(&fixture->readers[0]);
	memory_hang_up(&fixture->readers[2]);
	assert_true(feed_empty(&fixture->feed));
	assert_int_equal(fixture->ended[1].count, 1);
}

static void test_slow_reader_loses(void **state) {
	struct fixture *fixture = *state;
	char bytes[QUEUE_MAX] = {0};
	begin(fixture, OP_BODY_CHUNKS);
	fixture->readers[1].slow = true;
	feed_put(&fixture->feed, bytes, QUEUE_MAX - 1);
	feed_put(&fixture->feed, bytes, 1); // at the limit
	assert_false(fixture->readers[1].ended);
	feed_put(&fixture->feed, bytes, 1);
	assert_int_equal(memory_code(&fixture->readers[1]), OP_EQUOTA);
	assert_int_equal(fixture->readers[1].bytes.size, QUEUE_MAX);
	assert_int_equal(fixture->ended[1].count, 1);
	assert_int_equal(fixture->readers[0].bytes.size, QUEUE_MAX + 1);
	assert_false(fixture->readers[0].ended);
	feed_finish(&fixture->feed, OP_OK, NULL);
}

// A message larger than what may wait is taken by a reader for whom nothing waits.
static void test_large_message(void **state) {
	struct fixture *fixture = *state;
	char bytes[QUEUE_MAX + 1] = {0};
	begin(fixture, OP_BODY_CHUNKS);
	fixture->readers[0].slow = true;
	feed_put(&fixture->feed, bytes, sizeof(bytes));
	assert_false(fixture->readers[0].ended);
	memory_drain(&fixture->readers[0]);
	feed_put(&fixture->feed, bytes, sizeof(bytes));
	assert_false(fixture->readers[0].ended);
	feed_put(&fixture->feed, bytes, 1);
	assert_true(fixture->readers[0].ended);
	feed_finish(&fixture->feed, OP_OK, NULL);
}

// Whoever hears that a reader was too slow may end the feed.
static void test_ended_ends_feed(void **state) {
	struct fixture *fixture = *state;
	char bytes[QUEUE_MAX] = {0};
	begin(fixture, OP_BODY_CHUNKS);
	fixture->ended[0].ends = &fixture->feed;
	fixture->readers[0].slow = fixture->readers[2].slow = true;
	feed_put(&fixture->feed, bytes, QUEUE_MAX);
	feed_put(&fixture->feed, bytes, 1);
	assert_int_equal(fixture->ended[0].count, 1);
	assert_int_equal(fixture->ended[1].count, 0);
	assert_int_equal(fixture->ended[2].count, 1);
	assert_int_equal(memory_code(&fixture->readers[0]), OP_EQUOTA);
	assert_true(memory_ok(&fixture->readers[1]));
	assert_int_equal(memory_code(&fixture->readers[2]), OP_EQUOTA);
}

static void test_drop_one(void **state) {
	struct fixture *fixture = *state;
	begin(fixture, OP_BODY_CHUNKS);
	feed_drop(&fixture->feed, &fixture->ended[2], OP_EBUSY, "taken back");
	assert_int_equal(memory_code(&fixture->readers[2]), OP_EBUSY);
	assert_int_equal(fixture->ended[2].count, 0);
	feed_put(&fixture->feed, "x", 1);
	assert_string_equal(memory_text(&fixture->readers[1]), "x");
	assert_string_equal(memory_text(&fixture->readers[2]), "");
	feed_finish(&fixture->feed, OP_OK, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(all_read),
		TEST(frames),
		TEST(one_hangs_up),
		TEST(slow_reader_loses),
		TEST(large_message),
		TEST(ended_ends_feed),
		TEST(drop_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
