/* SPDX-License-Identifier: MIT */
/*
 * req.c - promises of box/req.h: one answer, in order, and gone once.
 */
#include "box/req.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/box/memory.h"

struct fixture {
	struct box_tree *tree;
	struct memory memory;
	struct req *req; // kept by the handler
	int gone;
};

static void count_gone(struct req *req) {
	struct fixture *fixture = req->data;
	fixture->gone++;
}

static const struct req_events kept_events = {.gone = count_gone};

static void keep(struct box *box, struct req *req) {
	struct fixture *fixture = box->data;
	fixture->req = req;
	req->data = fixture;
	req->events = &kept_events;
}

static const struct box_type keeper = {.name = "keeper", .fn = {[OP_GETMEM] = keep}};

static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	fixture->tree = box_tree_create("ann");
	box_create(box_tree_root(fixture->tree), "x", &keeper, NULL, fixture);
	memory_ask(&fixture->memory, fixture->tree, "ann/den", "getmem\nname /x\n");
	*state = fixture;
	return fixture->req ? 0 : -1;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	memory_finish(&fixture->memory);
	box_tree_destroy(fixture->tree);
	free(fixture);
	return 0;
}

static void test_fail(void **state) {
	struct fixture *fixture = *state;
	op_set_number(req_reply(fixture->req), OP_F_TTL, 7);
	req_fail(fixture->req, OP_EBUSY, "lent to %s", "bob\n");
	assert_int_equal(memory_code(&fixture->memory), OP_EBUSY);
	assert_string_equal(fixture->memory.reply.refusal.sentence, "lent to bob?");
	assert_int_equal(op_get_number(&fixture->memory.reply, OP_F_TTL, 0), 7);
	assert_true(fixture->memory.ended);
	memory_hang_up(&fixture->memory);
	assert_int_equal(fixture->gone, 0); // it was over
}

static void test_refuse(void **state) {
	struct fixture *fixture = *state;
	struct op_refusal refusal;
	op_refuse(&refusal, OP_EQUOTA, "too much");
	req_refuse(fixture->req, &refusal);
	assert_int_equal(memory_code(&fixture->memory), OP_EQUOTA);
}

static void test_ok(void **state) {
	struct fixture *fixture = *state;
	op_set(req_reply(fixture->req), OP_F_NAME, "/x/1");
	req_ok(fixture->req);
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(op_get(&fixture->memory.reply, OP_F_NAME), "/x/1");
	assert_int_equal(op_body_of(&fixture->memory.reply, NULL), OP_BODY_NONE);
}

static void test_bytes(void **state) {
	struct fixture *fixture = *state;
	req_ok_bytes(fixture->req, "hello", 5);
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(memory_text(&fixture->memory), "hello");
}

static void test_no_bytes(void **state) {
	struct fixture *fixture = *state;
	uint64_t size = 1;
	req_ok_bytes(fixture->req, NULL, 0);
	assert_true(memory_ok(&fixture->memory));
	assert_int_equal(op_body_of(&fixture->memory.reply, &size), OP_BODY_BYTES);
	assert_int_equal(size, 0);
}

static void test_open_bytes(void **state) {
	struct fixture *fixture = *state;
	req_ok_open(fixture->req, OP_BODY_BYTES, 6);
	assert_true(req_write(fixture->req, "abc", 3));
	assert_true(req_write(fixture->req, "", 0));
	assert_true(req_write(fixture->req, "def", 3));
	req_end(fixture->req, NULL);
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(memory_text(&fixture->memory), "abcdef");
}

static void test_open_bytes_cut(void **state) {
	struct fixture *fixture = *state;
	req_ok_open(fixture->req, OP_BODY_BYTES, 6);
	req_write(fixture->req, "abc", 3);
	req_end_fail(fixture->req, OP_EIO, "the disk is gone");
	assert_true(fixture->memory.aborted && !fixture->memory.ended);
	memory_hang_up(&fixture->memory);
	assert_int_equal(fixture->gone, 0);
}

static void test_chunks(void **state) {
	struct fixture *fixture = *state;
	struct op_head trailer;
	req_ok_open(fixture->req, OP_BODY_CHUNKS, 0);
	char *bytes = calloc(1, 2 * OP_MAX_CHUNK + 1);
	req_write(fixture->req, bytes, 2 * OP_MAX_CHUNK + 1);
	assert_int_equal(fixture->memory.chunks, 3); // cut where a chunk ends
	req_write(fixture->req, bytes, 0);
	assert_int_equal(fixture->memory.chunks, 3); // an empty chunk would be the end
	assert_int_equal(fixture->memory.bytes.size, 2 * OP_MAX_CHUNK + 1);
	free(bytes);
	op_head_init_reply(&trailer);
	op_set(&trailer, OP_F_LEGACY, "exit 0");
	req_end(fixture->req, &trailer);
	op_head_finish(&trailer);
	assert_true(memory_ok(&fixture->memory));
	assert_string_equal(op_get(&fixture->memory.trailer, OP_F_LEGACY), "exit 0");
}

static void test_frames(void **state) {
	struct fixture *fixture = *state;
	const struct frame frame = {.kind = FRAME_DATA, .sub = 1, .payload = "out", .size = 3};
	req_ok_open(fixture->req, OP_BODY_FRAMES, 0);
	assert_true(req_frame(fixture->req, &frame));
	req_end_fail(fixture->req, OP_EIO, "it %s", "broke");
	assert_int_equal(fixture->memory.frames_size, 1);
	assert_string_equal(fixture->memory.frames[0].frame.payload, "out");
	assert_int_equal(memory_code(&fixture->memory), OP_EIO);
	assert_string_equal(fixture->memory.trailer.refusal.sentence, "it broke");
}

static void test_high_mark(void **state) {
	struct fixture *fixture = *state;
	char *bytes = calloc(1, REQ_HIGH_MARK);
	fixture->memory.slow = true;
	req_ok_open(fixture->req, OP_BODY_CHUNKS, 0);
	assert_true(req_write(fixture->req, bytes, REQ_HIGH_MARK)); // at the mark
	assert_false(req_write(fixture->req, bytes, 1));            // above, but taken
	assert_int_equal(fixture->memory.bytes.size, REQ_HIGH_MARK + 1);
	assert_int_equal(req_queued(fixture->req), REQ_HIGH_MARK + 1);
	free(bytes);
	req_end(fixture->req, NULL);
}

static void test_gone_once(void **state) {
	struct fixture *fixture = *state;
	req_ok_open(fixture->req, OP_BODY_CHUNKS, 0);
	memory_hang_up(&fixture->memory);
	assert_int_equal(fixture->gone, 1);
	req_gone(&fixture->memory.req);
	assert_int_equal(fixture->gone, 1);
}

static void test_abort(void **state) {
	struct fixture *fixture = *state;
	req_abort(fixture->req);
	assert_true(fixture->memory.aborted);
}

static void test_pause(void **state) {
	struct fixture *fixture = *state;
	req_pause(fixture->req, true);
	assert_true(fixture->memory.paused);
	req_pause(fixture->req, false);
	assert_false(fixture->memory.paused);
}

static void test_hand_over(void **state) {
	struct fixture *fixture = *state;
	struct op_refusal refusal;
	op_set(req_reply(fixture->req), OP_F_VIEW, "k1");
	int fd = req_hand_over(fixture->req, &refusal);
	assert_true(fd >= 0 && fd == fixture->memory.handed);
	close(fd);
	assert_string_equal(op_get(&fixture->memory.reply, OP_F_VIEW), "k1");
	req_gone(&fixture->memory.req);
	assert_int_equal(fixture->gone, 0);
}

// A carrier that cannot, and then the request is still to be answered.
static void test_no_hand_over(void **state) {
	struct fixture *fixture = *state;
	struct op_refusal refusal;
	struct req_carrier carrier = *fixture->req->carrier;
	carrier.hand_over = NULL;
	fixture->req->carrier = &carrier;
	assert_int_equal(req_hand_over(fixture->req, &refusal), -1);
	assert_int_equal(refusal.code, OP_EUNSUPP);
	req_refuse(fixture->req, &refusal);
	assert_int_equal(memory_code(&fixture->memory), OP_EUNSUPP);
}

// Our own bugs end the program. In a child, so that the test goes on.

static void two_answers(struct req *req) {
	req_ok(req);
	req_ok(req);
}

static void fail_after_open(struct req *req) {
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	req_fail(req, OP_EIO, "late");
}

static void write_before_open(struct req *req) {
	req_write(req, "x", 1);
}

static void write_after_end(struct req *req) {
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	req_end(req, NULL);
	req_write(req, "x", 1);
}

static void write_too_much(struct req *req) {
	req_ok_open(req, OP_BODY_BYTES, 2);
	req_write(req, "xyz", 3);
}

static void end_too_early(struct req *req) {
	req_ok_open(req, OP_BODY_BYTES, 2);
	req_end(req, NULL);
}

static void frame_in_chunks(struct req *req) {
	const struct frame frame = {.kind = FRAME_DATA};
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	req_frame(req, &frame);
}

static void end_frame(struct req *req) {
	const struct frame frame = {.kind = FRAME_END};
	req_ok_open(req, OP_BODY_FRAMES, 0);
	req_frame(req, &frame);
}

static void answer_the_gone(struct req *req) {
	req_gone(req);
	req_ok(req);
}

static void test_own_bugs(void **state) {
	struct fixture *fixture = *state;
	static void (*const bugs[])(struct req *req) = {
		two_answers,
		fail_after_open,
		write_before_open,
		write_after_end,
		write_too_much,
		end_too_early,
		frame_in_chunks,
		end_frame,
		answer_the_gone,
	};
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			signal(SIGABRT, SIG_DFL);
			close(STDERR_FILENO); // the assertion's words are expected
			bugs[i](fixture->req);
			_exit(0);
		}
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) {
			fail_msg("bug %zu was let through", i);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(fail),
		TEST(refuse),
		TEST(ok),
		TEST(bytes),
		TEST(no_bytes),
		TEST(open_bytes),
		TEST(open_bytes_cut),
		TEST(chunks),
		TEST(frames),
		TEST(high_mark),
		TEST(gone_once),
		TEST(abort),
		TEST(pause),
		TEST(hand_over),
		TEST(no_hand_over),
		TEST(own_bugs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
