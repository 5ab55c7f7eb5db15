/* SPDX-License-Identifier: MIT */
/*
 * proc_ends.c - how a program ends, and that its end is the end of all it started, whoever ends it:
 * itself, a delete, or that its caller is gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc_tests.h"

static void test_legacy_waits(void **state) {
	struct world *world = *state;
	struct asked asked[3];
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	for (int i = 0; i < 3; i++) {
		ask(&asked[i], world, OWNER, "getmem", "/proc/p/legacy", "");
	}
	world_settle(world);
	assert_false(asked_over(&asked[0]));
	asked_gone(&asked[1]);
	put(world, "/proc/p/signal", "15");
	expect_body(&asked[0], "signal 15");
	expect_body(&asked[2], "signal 15");
	for (int i = 0; i < 3; i++) {
		asked_finish(&asked[i]);
	}
	struct asked kind;
	ask(&kind, world, OWNER, "kind", "/proc/p", "");
	expect_code(&kind, OP_OK);
	assert_string_equal(op_get(&kind.reply, OP_F_STATE), "signal 15");
	asked_finish(&kind);
}

// A pipe that all of a tree hold: its end is theirs.
struct held {
	int fd;
};

static void held_run(struct held *held, struct asked *asked, struct world *world,
		const char *script) {
	char path[80];
	snprintf(path, sizeof(path), "%s/held", world->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	held->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char *whole;
	assert_true(asprintf(&whole, "exec 9>%s; %s", path, script) > 0);
	run_shell(asked, world, whole);
	free(whole);
}

static void held_wait_gone(struct held *held, struct world *world) {
	struct pollfd poll_fd = {.fd = held->fd, .events = POLLIN};
	until(world, poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == POLLHUP);
	close(held->fd);
	char path[80];
	snprintf(path, sizeof(path), "%s/held", world->dir);
	unlink(path);
}

static const char runaways[] =
	"sleep 1000 & "
	"setsid sh -c 'sleep 1000 & sleep 1000' & "
	"(setsid sh -c 'sleep 1000 & sleep 1000 &' &) & "
	"trap '' HUP TERM INT; echo ready; wait; while :; do sleep 1000; done";

static void test_delete_ends_the_tree(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct held held;
	held_run(&held, &asked, world, runaways);
	until(world, asked.sub[1].size > 0);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	expect_legacy(&asked, "signal 9");
	held_wait_gone(&held, world);
	asked_finish(&asked);
}

static void test_end_of_the_program_ends_the_tree(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct held held;
	held_run(&held, &asked, world, "(setsid sleep 1000 &); sleep 1000 & echo ready; exit 3");
	expect_legacy(&asked, "exit 3");
	held_wait_gone(&held, world);
	asked_finish(&asked);
}

// Whoever made it is gone: it hears so, as when a terminal is closed, and ends.
static void test_caller_gone(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct held held;
	held_run(&held, &asked, world,
		"trap 'echo bye >&9; exit' HUP; echo ready; while :; do sleep 0.01; done");
	until(world, asked.sub[1].size > 0);
	asked_gone(&asked);
	char text[8] = "";
	until(world, read(held.fd, text, 4) == 4);
	assert_string_equal(text, "bye\n");
	held_wait_gone(&held, world);
	until(world, !world_has(world, "/proc/p"));
	asked_finish(&asked);
}

static void test_caller_gone_and_nobody_cares(void **state) {
	struct world *world = *state;
	struct asked asked;
	struct held held;
	held_run(&held, &asked, world, runaways);
	until(world, asked.sub[1].size > 0);
	int64_t begin = world_now_ms();
	asked_gone(&asked);
	assert_true(world_has(world, "/proc/p"));
	held_wait_gone(&held, world);
	int64_t took = world_now_ms() - begin;
	assert_true(took >= 1000 && took < 10000);
	assert_false(world_has(world, "/proc/p"));
	asked_finish(&asked);
}

// While it is being ended its box is there: another delete, and a question, do no harm.
static void test_deleted_after_caller_gone(void **state) {
	struct world *world = *state;
	struct asked asked, legacy;
	run_shell(&asked, world, "trap '' HUP; echo ready; while :; do sleep 1000; done");
	until(world, asked.sub[1].size > 0);
	ask(&legacy, world, OWNER, "getmem", "/proc/p/legacy", "");
	asked_gone(&asked);
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	expect_code(&legacy, OP_ENOENT);
	asked_finish(&legacy);
}

static const struct CMUnitTest tests[] = {
	TEST(test_legacy_waits),
	TEST(test_delete_ends_the_tree),
	TEST(test_end_of_the_program_ends_the_tree),
	TEST(test_caller_gone),
	TEST(test_caller_gone_and_nobody_cares),
	TEST(test_deleted_after_caller_gone),
};
const struct conform_more proc_ends = {.next = &proc_streams, TESTS(tests)};
