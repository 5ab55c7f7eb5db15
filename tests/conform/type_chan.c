/* SPDX-License-Identifier: MIT */
/*
 * type_chan.c - channels: messages whole and in order, to one reader each; who waits for whom.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

static void prepare(struct world *world) {
	expect(world, OWNER, OP_OK, "make", "/chan/c", "");
}

static int setup(void **state) {
	world_setup(state);
	prepare(*state);
	return 0;
}

static void test_order(void **state) {
	struct world *world = *state;
	put(world, "/chan/c", "one");
	put(world, "/chan/c", "");
	put(world, "/chan/c", "three");
	expect_get(world, "/chan/c", "one");
	expect_get(world, "/chan/c", "");
	expect_get(world, "/chan/c", "three");
}

static void test_type_is_kept(void **state) {
	struct world *world = *state;
	struct asked asked;
	expect(world, OWNER, OP_OK, "make", "/chan/pictures", "type image!*!*!format=png\n");
	put(world, "/chan/pictures", "png");
	expect(world, OWNER, OP_EMATCH, "getmem", "/chan/pictures", "want text\n");
	ask(&asked, world, OWNER, "getmem", "/chan/pictures", "want image\n");
	expect_body(&asked, "png");
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "image!*!*!format=png");
	asked_finish(&asked);
}

static void test_reader_waits(void **state) {
	struct world *world = *state;
	struct asked readers[3];
	for (int i = 0; i < 3; i++) {
		ask(&readers[i], world, OWNER, "getmem", "/chan/c", "");
		world_settle(world);
		assert_false(asked_over(&readers[i]));
	}
	asked_gone(&readers[1]);
	put(world, "/chan/c", "first");
	put(world, "/chan/c", "second");
	expect_body(&readers[0], "first"); // in order of asking, and nothing is lost on who is gone
	expect_body(&readers[2], "second");
	for (int i = 0; i < 3; i++) {
		asked_finish(&readers[i]);
	}
}

// Messages of several writers do not mix, and count from their end.
static void test_writers_do_not_mix(void **state) {
	struct world *world = *state;
	struct asked one, other, broken;
	ask(&one, world, OWNER, "putmem", "/chan/c", "body chunks\n");
	ask(&other, world, OWNER, "putmem", "/chan/c", "body 5\n");
	ask(&broken, world, OWNER, "putmem", "/chan/c", "body chunks\n");
	asked_put(&one, "sl", 2);
	asked_put(&broken, "never", 5);
	asked_put(&other, "qui", 3);
	asked_put(&one, "ow", 2);
	asked_put(&other, "ck", 2);
	asked_put_end(&other);
	asked_gone(&broken);
	asked_put_end(&one);
	expect_code(&one, OP_OK);
	expect_code(&other, OP_OK);
	expect_get(world, "/chan/c", "quick");
	expect_get(world, "/chan/c", "slow");
	struct asked reader;
	ask(&reader, world, OWNER, "getmem", "/chan/c", "");
	world_settle(world);
	assert_false(asked_over(&reader)); // an abort is no message
	asked_finish(&reader);
	asked_finish(&one);
	asked_finish(&other);
	asked_finish(&broken);
}

static void test_live(void **state) {
	struct world *world = *state;
	struct asked reader;
	put(world, "/chan/c", "before");
	ask(&reader, world, OWNER, "getmem", "/chan/c", "live\n");
	assert_true(reader.answered);
	put(world, "/chan/c", "after");
	assert_int_equal(reader.messages, 2);
	assert_true(asked_body_is(&reader, "beforeafter"));
	// It ends with the channel, and well.
	expect(world, OWNER, OP_OK, "delete", "/chan/c", "");
	expect_code(&reader, OP_OK);
	asked_finish(&reader);
}

static void test_live_readers_share(void **state) {
	struct world *world = *state;
	struct asked one, other;
	asked_init(&one, world, OWNER, "getmem", "/chan/c", "live\n");
	one.slow = true;
	asked_begin(&one);
	ask(&other, world, OWNER, "getmem", "/chan/c", "live\n");
	char *large = calloc(1, 300000);
	struct asked writer;
	ask(&writer, world, OWNER, "putmem", "/chan/c", "body 300000\n");
	asked_put(&writer, large, 300000);
	asked_put_end(&writer);
	expect_code(&writer, OP_OK);
	put(world, "/chan/c", "small");
	assert_int_equal(one.size, 300000); // who is slow gets no more
	assert_true(asked_body_is(&other, "small"));
	asked_drain(&one);
	put(world, "/chan/c", "again");
	assert_int_equal(one.size, 300005);
	asked_finish(&one);
	asked_finish(&other);
	asked_finish(&writer);
	free(large);
}

// A message that waits for a slow reader reaches him when he has taken what he had.
static void test_drained_reader_goes_on(void **state) {
	struct world *world = *state;
	struct asked reader, writer;
	asked_init(&reader, world, OWNER, "getmem", "/chan/c", "live\n");
	reader.slow = true;
	asked_begin(&reader);
	char *large = calloc(1, 300000);
	ask(&writer, world, OWNER, "putmem", "/chan/c", "body frames\n");
	asked_put_frame(&writer, FRAME_DATA, 0, large, 300000);
	asked_put_frame(&writer, FRAME_DATA, 0, "x", 1);
	assert_int_equal(reader.size, 300000);
	asked_drain(&reader);
	assert_int_equal(reader.size, 300001);
	asked_finish(&reader);
	asked_finish(&writer);
	free(large);
}

static void test_frames(void **state) {
	struct world *world = *state;
	struct asked writer;
	ask(&writer, world, OWNER, "putmem", "/chan/c", "body frames\n");
	asked_put_frame(&writer, FRAME_DATA, 0, "one", 3);
	asked_put_frame(&writer, FRAME_CONTROL, 0, "key please\n", 11);
	asked_put_frame(&writer, FRAME_DATA, 0, "two", 3);
	expect_get(world, "/chan/c", "one"); // before the writer has ended
	asked_put_end(&writer);
	expect_code(&writer, OP_OK);
	expect_get(world, "/chan/c", "two");
	asked_finish(&writer);
}

static void put_large(struct asked *writer, struct world *world, size_t size) {
	char lines[32];
	char *bytes = calloc(1, size);
	snprintf(lines, sizeof(lines), "body %zu\n", size);
	ask(writer, world, OWNER, "putmem", "/chan/c", lines);
	for (size_t at = 0; at < size;) { // pieces, as they come from a socket
		size_t piece = size - at < 65536 ? size - at : 65536;
		asked_put(writer, bytes + at, piece);
		at += piece;
	}
	asked_put_end(writer);
	free(bytes);
}

static void test_message_limit(void **state) {
	struct world *world = *state;
	struct asked asked;
	put_large(&asked, world, OP_MAX_MESSAGE);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	put_large(&asked, world, OP_MAX_MESSAGE + 1);
	expect_code(&asked, OP_E2BIG);
	asked_finish(&asked);
	char *large = calloc(1, OP_MAX_MESSAGE + 1);
	for (int i = 0; i < 2; i++) {
		ask(&asked, world, OWNER, "putmem", "/chan/c", "body frames\n");
		asked_put_frame(&asked, FRAME_DATA, 0, large, OP_MAX_MESSAGE + (size_t)i);
		asked_put_end(&asked);
		expect_code(&asked, i == 0 ? OP_OK : OP_E2BIG);
		asked_finish(&asked);
	}
	free(large);
	// Two messages are in: those that were not too large.
	asked_init(&asked, world, OWNER, "getmem", "/chan/c", "live\n");
	asked.discard = true;
	asked_begin(&asked);
	assert_int_equal(asked.size, 2 * OP_MAX_MESSAGE);
	asked_finish(&asked);
}

// A full channel holds its writers; each reader lets one go on, the first first.
static void test_writers_wait(void **state) {
	struct world *world = *state;
	struct asked writers[7], reader;
	for (int i = 0; i < 7; i++) {
		put_large(&writers[i], world, OP_MAX_MESSAGE);
		assert_int_equal(asked_over(&writers[i]), i < 4);
	}
	asked_gone(&writers[5]);
	for (int i = 4; i < 7; i += 2) {
		asked_init(&reader, world, OWNER, "getmem", "/chan/c", "");
		reader.discard = true;
		asked_begin(&reader);
		expect_code(&reader, OP_OK);
		asked_finish(&reader);
		expect_code(&writers[i], OP_OK);
		assert_int_equal(asked_over(&writers[6]), i == 6);
	}
	for (int i = 0; i < 7; i++) {
		asked_finish(&writers[i]);
	}
}

// A writer of frames that waits is paused, and goes on where it was.
static void test_frames_wait(void **state) {
	struct world *world = *state;
	struct asked writer, reader;
	char *large = calloc(1, OP_MAX_MESSAGE);
	int taken = 0;
	ask(&writer, world, OWNER, "putmem", "/chan/c", "body frames\n");
	while (asked_put_frame(&writer, FRAME_DATA, 0, large, OP_MAX_MESSAGE)) {
		taken++;
		assert_true(taken < 10);
	}
	assert_int_equal(taken, 5); // the fifth waits
	asked_put_end(&writer);     // its end may come meanwhile
	assert_false(asked_over(&writer));
	asked_init(&reader, world, OWNER, "getmem", "/chan/c", "live\n");
	reader.discard = true;
	asked_begin(&reader);
	assert_int_equal(reader.messages, 5);
	expect_code(&writer, OP_OK);
	asked_finish(&writer);
	asked_finish(&reader);
	free(large);
}

// Messages of no bytes take memory too: a channel is full of them at some number.
static void test_small_messages_wait(void **state) {
	struct world *world = *state;
	struct asked writer;
	int taken = 0;
	for (;; taken++) {
		ask(&writer, world, OWNER, "putmem", "/chan/c", "body 0\n");
		asked_put_end(&writer);
		if (!asked_over(&writer)) {
			break;
		}
		asked_finish(&writer);
		assert_true(taken < 4096);
	}
	assert_int_equal(taken, 4096);
	expect_get(world, "/chan/c", "");
	expect_code(&writer, OP_OK);
	asked_finish(&writer);
}

static void test_deleted_while_waiting(void **state) {
	struct world *world = *state;
	struct asked reader, writers[6];
	ask(&reader, world, OWNER, "getmem", "/chan/c", "");
	expect(world, OWNER, OP_OK, "delete", "/chan/c", "");
	expect_code(&reader, OP_ENOENT);
	asked_finish(&reader);
	prepare(world);
	for (int i = 0; i < 6; i++) {
		put_large(&writers[i], world, OP_MAX_MESSAGE);
	}
	assert_false(asked_over(&writers[5]));
	expect(world, OWNER, OP_OK, "delete", "/chan/c", "");
	expect_code(&writers[4], OP_ENOENT);
	expect_code(&writers[5], OP_ENOENT);
	for (int i = 0; i < 6; i++) {
		asked_finish(&writers[i]);
	}
}

static void test_size_is_told(void **state) {
	struct world *world = *state;
	struct asked asked, waits;
	char lines[64];
	ask(&asked, world, OWNER, "kind", "/chan/c", "");
	expect_code(&asked, OP_OK);
	assert_int_equal(op_get_number(&asked.reply, OP_F_SIZE, 99), 0);
	snprintf(lines, sizeof(lines), "since %s\n", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	ask(&waits, world, OWNER, "kind", "/chan/c", lines);
	put(world, "/chan/c", "five.");
	expect_code(&waits, OP_OK);
	assert_int_equal(op_get_number(&waits.reply, OP_F_SIZE, 0), 5);
	asked_finish(&waits);
}

static void test_whose_it_is(void **state) {
	struct world *world = *state;
	struct asked asked;
	expect(world, OWNER, OP_OK, "chinfo", "/chan", "acl bob km\n");
	expect(world, STRANGER, OP_OK, "make", "/chan/his", "");
	ask(&asked, world, STRANGER, "kind", "/chan/his", "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_OWNER), "bob");
	asked_finish(&asked);
	expect(world, STRANGER, OP_OK, "delete", "/chan/his", "");
	expect(world, STRANGER, OP_EPERM, "delete", "/chan/c", "");
	char name[32];
	for (int i = 0; i < 65; i++) {
		snprintf(name, sizeof(name), "/chan/%d", i);
		expect(world, STRANGER, i < 64 ? OP_OK : OP_EQUOTA, "make", name, "");
	}
	assert_false(world_has(world, "/chan/64"));
}

static const char *const roots[] = {"/chan", NULL};
#define CHAN(function) {#function, function, setup, world_teardown, NULL}
static const struct CMUnitTest tests[] = {
	CHAN(test_order),
	CHAN(test_type_is_kept),
	CHAN(test_reader_waits),
	CHAN(test_writers_do_not_mix),
	CHAN(test_live),
	CHAN(test_live_readers_share),
	CHAN(test_drained_reader_goes_on),
	CHAN(test_frames),
	CHAN(test_message_limit),
	CHAN(test_writers_wait),
	CHAN(test_frames_wait),
	CHAN(test_small_messages_wait),
	CHAN(test_deleted_while_waiting),
	CHAN(test_size_is_told),
	CHAN(test_whose_it_is),
};
const struct conform conform_chan = {.roots = roots, .prepare = prepare, TESTS(tests)};
