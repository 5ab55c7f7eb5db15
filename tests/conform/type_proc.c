/* SPDX-License-Identifier: MIT */
/*
 * type_proc.c - programs as boxes: run whole in one exchange, or made of single boxes. Those that are
 * carried along are in proc_carried.c, how they end in proc_ends.c, where their streams go in
 * proc_streams.c, and what they take of memory in proc_memory.c. Programs of other persons, behind
 * walls, are tried end to end: tests/e2e/test_walls.py.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boxes/proc.h"
#include "conform.h"
#include "proc_tests.h"

#define MIB (1024 * 1024)

static void prepare(struct world *world) {
	expect(world, OWNER, OP_OK, "make", "/proc/made", "");
	expect(world, OWNER, OP_OK, "make", "/proc/made/vm/x", "");
	expect(world, OWNER, OP_OK, "make", "/proc/runs", "prog cat\n");
	expect(world, OWNER, OP_OK, "link", "/proc/runs/io2", "device /null\n");
	expect(world, OWNER, OP_OK, "make", "/proc/over", "prog true\n");
	expect_get(world, "/proc/over/legacy", "exit 0");
}

/* A program in one exchange. */

void until_it_began(struct asked *asked) {
	until(asked->world, !asked->paused || asked_over(asked));
}

void run(struct asked *asked, struct world *world, const char *lines) {
	char *all;
	assert_true(asprintf(&all, "%sbody frames\n", lines) > 0);
	ask(asked, world, OWNER, "make", "/proc/p", all);
	free(all);
	until_it_began(asked);
}

void run_shell(struct asked *asked, struct world *world, const char *script) {
	char *lines;
	assert_true(asprintf(&lines, "prog sh\narg sh\narg -c\narg %s\n", script) > 0);
	run(asked, world, lines);
	free(lines);
}

bool sub_is(const struct asked *asked, int sub, const char *text) {
	const struct buf *buf = &asked->sub[sub];
	return buf->size == strlen(text) &&
		(buf->size == 0 || memcmp(buf->data + buf->at, text, buf->size) == 0);
}

void expect_legacy_at(const char *file, int line, struct asked *asked, const char *text) {
	expect_code_at(file, line, asked, OP_OK);
	const char *legacy = op_get(&asked->trailer, OP_F_LEGACY);
	if (!legacy || strcmp(legacy, text) != 0) {
		fail_msg("%s:%d: legacy %s, not %s", file, line, legacy ? legacy : "none", text);
	}
}

static void test_run(void **state) {
	struct world *world = *state;
	struct asked asked;
	run_shell(&asked, world, "echo out; echo err >&2; exit 7");
	expect_legacy(&asked, "exit 7");
	assert_true(sub_is(&asked, 1, "out\n"));
	assert_true(sub_is(&asked, 2, "err\n"));
	assert_string_equal(op_get(&asked.reply, OP_F_NAME), "/proc/p");
	assert_false(world_has(world, "/proc/p")); // it was made for this exchange
	asked_finish(&asked);
}

static void test_input(void **state) {
	struct world *world = *state;
	struct asked asked;
	run_shell(&asked, world, "cat; echo end");
	asked_put_frame(&asked, FRAME_DATA, 0, "one ", 4);
	until(world, asked.sub[1].size == 4);
	asked_put_frame(&asked, FRAME_DATA, 0, "two ", 4);
	asked_put_frame(&asked, FRAME_DATA, 0, "", 0); // its end
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "one two end\n"));
	asked_finish(&asked);
	run_shell(&asked, world, "cat; echo end");
	asked_put_end(&asked); // the body's end is one too
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "end\n"));
	asked_finish(&asked);
}

static void test_input_that_nobody_reads(void **state) {
	struct world *world = *state;
	struct asked asked;
	char *large = calloc(1, MIB);
	run_shell(&asked, world, "exec <&-; echo closed; read x </dev/null; exit 3");
	until(world, asked.sub[1].size > 0);
	for (int i = 0; i < 8 && !asked_over(&asked); i++) {
		asked_put_frame(&asked, FRAME_DATA, 0, large, MIB);
		world_settle(world);
	}
	expect_legacy(&asked, "exit 3");
	asked_finish(&asked);
	free(large);
}

static void test_input_waits_for_the_program(void **state) {
	struct world *world = *state;
	struct asked asked;
	char *large = calloc(1, 65536);
	int pieces = 0;
	run_shell(&asked, world, "echo ready; read x; cat | wc -c");
	until(world, asked.sub[1].size > 0);
	while (asked_put_frame(&asked, FRAME_DATA, 0, large, 65536)) {
		pieces++;
		assert_true(pieces < 64);
		world_settle(world);
	}
	assert_int_equal(asked_put_frame(&asked, FRAME_DATA, 0, "\n", 1), false);
	// What was held goes in first. (There is no line end in it, so "read" reads all of it.)
	until(world, !asked.paused || asked_over(&asked));
	asked_finish(&asked);
	free(large);
}

static void test_output_waits_for_the_caller(void **state) {
	struct world *world = *state;
	struct asked asked;
	asked_init(&asked, world, OWNER, "make", "/proc/p",
		"prog head\narg head\narg -c\narg 20M\narg /dev/zero\nbody frames\n");
	asked.slow = asked.discard = true;
	asked_begin(&asked);
	while (!asked_over(&asked)) {
		wl_event_loop_dispatch(world->loop, 50);
		assert_true(asked.queued <= REQ_HIGH_MARK + 65536);
		if (asked.queued >= REQ_HIGH_MARK) {
			asked_drain(&asked);
		}
	}
	expect_legacy(&asked, "exit 0");
	assert_int_equal(asked.size, 20 * MIB);
	asked_finish(&asked);
}

static void test_killed_by_signal(void **state) {
	struct world *world = *state;
	static const int signals[] = {SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM, SIGUSR1};
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct asked asked;
		char script[64], legacy[32];
		snprintf(script, sizeof(script), "kill -%d $$", signals[i]);
		snprintf(legacy, sizeof(legacy), "signal %d", signals[i]);
		run_shell(&asked, world, script);
		expect_legacy(&asked, legacy);
		asked_finish(&asked);
	}
}

static void test_signalled(void **state) {
	struct world *world = *state;
	struct asked asked;
	run_shell(&asked, world, "trap 'echo told; exit 4' USR1; echo ready; while :; do sleep 0.01; done");
	until(world, asked.sub[1].size > 0);
	asked_put_frame(&asked, FRAME_CONTROL, 0, "signal 10\n", 10);
	expect_legacy(&asked, "exit 4");
	assert_true(sub_is(&asked, 1, "ready\ntold\n"));
	asked_finish(&asked);
	run_shell(&asked, world, "trap 'echo told; exit 4' USR1; echo ready; while :; do sleep 0.01; done");
	until(world, asked.sub[1].size > 0);
	expect_put(world, "/proc/p/signal", "0", OP_EARG);
	expect_put(world, "/proc/p/signal", "65", OP_EARG);
	expect_put(world, "/proc/p/signal", "-9", OP_EARG);
	expect_put(world, "/proc/p/signal", "ten", OP_EARG);
	expect_put(world, "/proc/p/signal", "", OP_EARG);
	expect_put(world, "/proc/p/signal", "9999999999999999", OP_EARG);
	expect_put(world, "/proc/p/signal", "99999999999999999", OP_E2BIG);
	put(world, "/proc/p/signal", "10\n");
	expect_legacy(&asked, "exit 4");
	asked_finish(&asked);
}

static void test_arguments_and_environment(void **state) {
	struct world *world = *state;
	struct asked asked;
	setenv("FROM_NODE", "seen", 1);
	setenv("CHANGED", "old", 1);
	run(&asked, world, "prog sh\narg name\narg -c\narg echo \"$0|$1|$2|$FROM_NODE|$CHANGED|$NEW\"\n"
		"arg zero\narg\narg a b\\nc\nenv CHANGED=new value\nenv NEW=1\n");
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "zero||a b\nc|seen|new value|1\n"));
	asked_finish(&asked);
	run(&asked, world, "prog sh\n"); // without words it is called by its own name
	asked_put_frame(&asked, FRAME_DATA, 0, "echo $0", 7);
	asked_put_end(&asked);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "sh\n"));
	asked_finish(&asked);
}

// What is too long for a head comes in the first frame, before a carried program too.
static void test_more_arguments(void **state) {
	struct world *world = *state;
	struct asked asked;
	static const char words[] = "arg -c\narg echo \"$0|$1|$2|$NEW\"\narg zero\narg \narg a\\nb\nenv NEW=1\n";
	run(&asked, world, "prog sh\nmore\narg name\n");
	world_settle(world);
	assert_false(asked.answered);
	asked_put_frame(&asked, FRAME_CONTROL, 0, words, strlen(words));
	until_it_began(&asked);
	asked_put_end(&asked);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "zero||a\nb|1\n"));
	asked_finish(&asked);
	static const char script[] = "#!/bin/sh\necho \"$1\"\n";
	char lines[100];
	snprintf(lines, sizeof(lines), "carried %zu\nmore\narg mine\n", strlen(script));
	run(&asked, world, lines);
	asked_put_frame(&asked, FRAME_CONTROL, 0, "arg word\n", 9);
	asked_put_frame(&asked, FRAME_DATA, 3, script, strlen(script));
	until_it_began(&asked);
	asked_put_end(&asked);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "word\n"));
	asked_finish(&asked);
}

static void test_more_arguments_badly(void **state) {
	struct world *world = *state;
	static const struct {
		enum op_kind kind;
		const char *payload;
	} firsts[] = {{FRAME_DATA, "input"}, {FRAME_CONTROL, "signal 9\n"}, {FRAME_CONTROL, "arg \\q\n"}};
	struct asked asked;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		run(&asked, world, "prog cat\nmore\n");
		asked_put_frame(&asked, firsts[i].kind, 0, firsts[i].payload, strlen(firsts[i].payload));
		expect_code(&asked, OP_EARG);
		asked_finish(&asked);
		assert_false(world_has(world, "/proc/p"));
	}
	run(&asked, world, "prog cat\nmore\n");
	asked_put_end(&asked);
	expect_code(&asked, OP_EARG);
	asked_finish(&asked);
	static char large[PROC_TEXT_MAX + 10];
	memset(large, 'x', sizeof(large));
	memcpy(large, "arg ", 4);
	large[sizeof(large) - 1] = '\n';
	run(&asked, world, "prog cat\nmore\n");
	asked_put_frame(&asked, FRAME_CONTROL, 0, large, sizeof(large));
	expect_code(&asked, OP_E2BIG);
	asked_finish(&asked);
	expect(world, OWNER, OP_EARG, "make", "/proc/p", "prog cat\nmore\n");
}

static void test_where_it_starts(void **state) {
	struct world *world = *state;
	struct asked asked;
	char lines[200], wanted[80];
	snprintf(lines, sizeof(lines), "prog pwd\ncwd %s\n", world->dir);
	snprintf(wanted, sizeof(wanted), "%s\n", world->dir);
	run(&asked, world, lines);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, wanted));
	asked_finish(&asked);
	run(&asked, world, "prog pwd\n"); // at home
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, wanted));
	asked_finish(&asked);
	run(&asked, world, "prog pwd\ncwd /no/such/place\n");
	expect_code(&asked, OP_ENOENT);
	assert_non_null(strstr(asked.reply.refusal.sentence, "/no/such/place"));
	asked_finish(&asked);
}

const char *write_program(struct world *world, const char *text, mode_t mode) {
	static char path[128];
	world_write(world, "program", text, strlen(text));
	snprintf(path, sizeof(path), "%s/program", world->dir);
	chmod(path, mode);
	return path;
}

// Every refusal names the node as it is configured, and leaves no box.
static void expect_refused(struct world *world, const char *lines, enum op_code code,
		const char *says) {
	struct asked asked;
	run(&asked, world, lines);
	expect_code(&asked, code);
	const char *sentence = asked.reply.refusal.sentence;
	if (!strstr(sentence, says)) {
		fail_msg("no \"%s\" in: %s", says, sentence);
	}
	asked_finish(&asked);
	assert_false(world_has(world, "/proc/p"));
}

static void test_programs_that_do_not_start(void **state) {
	struct world *world = *state;
	char lines[200];
	expect_refused(world, "prog no-such-program\n", OP_ENOENT, "no-such-program on den");
	expect_refused(world, "prog /no/such/program\n", OP_ENOENT, "/no/such/program on den");
	expect_refused(world, "prog\n", OP_ENOENT, "on den");
	snprintf(lines, sizeof(lines), "prog %s\n", write_program(world, "#!/bin/sh\n", 0644));
	expect_refused(world, lines, OP_EPERM, "on den");
	snprintf(lines, sizeof(lines), "prog %s\n", write_program(world, "garbage", 0755));
	expect_refused(world, lines, OP_EMATCH, "den");
	snprintf(lines, sizeof(lines), "prog %s\n", write_program(world, "#!/no/such/sh\n", 0755));
	expect_refused(world, lines, OP_EMATCH, "needs /no/such/sh, which den has not");
	expect_refused(world, "prog /\n", OP_EPERM, "den");
	expect_refused(world, "prog sh\ntty 0x80\n", OP_EARG, "ROWSxCOLUMNS");
	expect_refused(world, "prog sh\ntty 24x80x\n", OP_EARG, "ROWSxCOLUMNS");
	expect_refused(world, "prog sh\ntty -1x80\n", OP_EARG, "ROWSxCOLUMNS");
	expect_refused(world, "", OP_EARG, "prog");
	expect_refused(world, "prog sh\ncarried 10\n", OP_EARG, "carried");
	expect_refused(world, "carried 268435457\n", OP_E2BIG, "268435456");
	struct asked asked;
	ask(&asked, world, OWNER, "make", "/proc/p", "prog sh\nbody 3\n");
	expect_code(&asked, OP_EARG);
	asked_finish(&asked);
	ask(&asked, world, OWNER, "make", "/proc/p", "prog no-such-program\n");
	expect_code(&asked, OP_ENOENT);
	asked_finish(&asked);
	assert_false(world_has(world, "/proc/p"));
}

/* The same program out of single boxes. */

static void test_single_boxes(void **state) {
	struct world *world = *state;
	struct asked legacy;
	static const char script[] = "#!/bin/sh\n"
		"echo \"$2 $WORD\"; pwd; echo error >&2; cat; exit 5\n";
	char cwd[80], wanted[200];
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	put(world, "/proc/p/args", "name\none\ntwo words\n");
	put(world, "/proc/p/env", "WORD=value\n");
	put(world, "/proc/p/cwd", world->dir);
	expect_get(world, "/proc/p/args", "name\none\ntwo words\n");
	expect_get(world, "/proc/p/env", "WORD=value\n");
	expect_get(world, "/proc/p/cwd", world->dir);
	expect_get(world, "/proc/p/status", "state made\npid 0\n");
	ask(&legacy, world, OWNER, "getmem", "/proc/p/legacy", "");
	expect(world, OWNER, OP_OK, "link", "/proc/p/io1", "device /screen\n");
	device_up(devices_find(&world->devices, "/screen"));
	put(world, "/proc/p/prog", script);
	snprintf(wanted, sizeof(wanted), "two words value\n%s\n", world->dir);
	struct device *screen = devices_find(&world->devices, "/screen");
	until(world, screen->written.size >= strlen(wanted));
	put(world, "/proc/p/io0", "input");
	expect_get(world, "/proc/p/io2", "error\n");
	assert_false(asked_over(&legacy));
	put(world, "/proc/p/io0", ""); // nothing is the end
	expect_body(&legacy, "exit 5");
	strcat(wanted, "input");
	until(world, !devices_find(&world->devices, "/screen") ||
		screen->written.size == strlen(wanted));
	asked_finish(&legacy);
	expect_get(world, "/proc/p/legacy", "exit 5"); // as often as one asks
	expect_get(world, "/proc/p/io2", "");
	snprintf(cwd, sizeof(cwd), "%s", "/");
	expect_put(world, "/proc/p/cwd", cwd, OP_EBUSY);
	expect_put(world, "/proc/p/args", "x", OP_EBUSY);
	expect_put(world, "/proc/p/env", "X=1", OP_EBUSY);
	expect_put(world, "/proc/p/prog", script, OP_EBUSY);
	expect_put(world, "/proc/p/signal", "15", OP_ENOENT);
	expect_put(world, "/proc/p/io0", "more", OP_EBUSY);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
}

static void test_single_boxes_refused(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect_put(world, "/proc/p/prog", "garbage", OP_EMATCH);
	expect_get(world, "/proc/p/status", "state made\npid 0\n");
	expect_put(world, "/proc/p/prog", "", OP_EMATCH);
	put(world, "/proc/p/cwd", "/no/such/place");
	expect_put(world, "/proc/p/prog", "#!/bin/sh\n", OP_ENOENT);
	put(world, "/proc/p/cwd", "/");
	put(world, "/proc/p/prog", "#!/bin/sh\nexit 6\n"); // and again, better
	expect_get(world, "/proc/p/legacy", "exit 6");
	struct asked asked;
	ask(&asked, world, OWNER, "putmem", "/proc/made/args", "body frames\n");
	expect_code(&asked, OP_ENOENT);
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "make", "/proc/q", "");
	ask(&asked, world, OWNER, "putmem", "/proc/q/args", "body frames\n");
	expect_code(&asked, OP_EUNSUPP);
	asked_finish(&asked);
}

// A put that began before, and ends after, the program's start or the box's end.
static void test_slow_put(void **state) {
	struct world *world = *state;
	struct asked args, other;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	ask(&args, world, OWNER, "putmem", "/proc/p/args", "body chunks\n");
	asked_put(&args, "wor", 3);
	put(world, "/proc/p/prog", "#!/bin/sh\n");
	asked_put(&args, "d\n", 2);
	asked_put_end(&args);
	expect_code(&args, OP_EBUSY);
	asked_finish(&args);
	ask(&other, world, OWNER, "putmem", "/proc/p/signal", "body chunks\n");
	asked_put(&other, "15", 2);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	asked_put_end(&other);
	expect_code(&other, OP_ENOENT);
	asked_finish(&other);
}

static void test_size_of_texts(void **state) {
	struct world *world = *state;
	static const char *const names[] = {"args", "env", "cwd", "signal"};
	char *large = malloc(64 * MIB);
	memset(large, 'a', 64 * MIB);
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	for (int i = 0; i < 4; i++) {
		struct asked asked;
		char name[64];
		snprintf(name, sizeof(name), "/proc/p/%s", names[i]);
		ask(&asked, world, OWNER, "putmem", name, "body chunks\n");
		for (int piece = 0; piece < 64 && !asked_over(&asked); piece++) {
			asked_put(&asked, large, MIB);
		}
		expect_code(&asked, OP_E2BIG);
		asked_finish(&asked);
	}
	free(large);
}

// Who made it decides how it runs: giving it to the node's owner takes no walls down.
static void test_given_away(void **state) {
	struct world *world = *state;
	struct asked asked;
	char script[200], path[100];
	snprintf(path, sizeof(path), "%s/done", world->dir);
	snprintf(script, sizeof(script), "#!/bin/sh\n: > %s\n", path);
	expect(world, OWNER, OP_OK, "chinfo", "/proc", "acl bob km\n");
	expect(world, STRANGER, OP_OK, "make", "/proc/p", "");
	ask(&asked, world, STRANGER, "chinfo", "/proc/p", "owner ann\n");
	asked_finish(&asked);
	ask(&asked, world, STRANGER, "putmem", "/proc/p/prog", "body chunks\n");
	asked_put(&asked, script, strlen(script));
	asked_put_end(&asked);
	until(world, asked_over(&asked));
	bool runs = asked.reply.refusal.code == OP_OK; // or this machine has no walls to be had
	asked_finish(&asked);
	if (runs) {
		ask(&asked, world, OWNER, "getmem", "/proc/p/legacy", "");
		until(world, asked_over(&asked));
		asked_finish(&asked);
	}
	assert_int_equal(access(path, F_OK), -1);
}

// What others make takes room, and there is so much of it for each.
static void test_others_have_so_many(void **state) {
	struct world *world = *state;
	char name[32];
	expect(world, OWNER, OP_OK, "chinfo", "/proc", "acl bob km\n");
	for (int i = 0; i < 65; i++) {
		snprintf(name, sizeof(name), "/proc/%d", i);
		expect(world, STRANGER, i < 64 ? OP_OK : OP_EQUOTA, "make", name, "");
	}
	expect(world, OWNER, OP_OK, "make", "/proc/hers", "");
	// One that he gave away was made by him all the same.
	expect(world, STRANGER, OP_OK, "chinfo", "/proc/0", "owner ann\n");
	expect(world, STRANGER, OP_EQUOTA, "make", "/proc/64", "");
	expect(world, STRANGER, OP_OK, "delete", "/proc/1", "");
	expect(world, STRANGER, OP_OK, "make", "/proc/64", "");
}

static void test_type_of_the_processor(void **state) {
	struct world *world = *state;
	char lines[64];
	snprintf(lines, sizeof(lines), "want proc!%s!*!node=den\n", cnstr_arch_here());
	expect(world, OWNER, OP_OK, "kind", "/proc", lines);
	expect(world, OWNER, OP_EMATCH, "kind", "/proc", "want proc!*!*!node=mars\n");
	struct asked asked;
	snprintf(lines, sizeof(lines), "prog true\nwant proc!*!*!node=mars\n");
	run(&asked, world, lines);
	expect_code(&asked, OP_EMATCH);
	asked_finish(&asked);
}

static const char *const roots[] = {"/proc", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_run),
	TEST(test_input),
	TEST(test_input_that_nobody_reads),
	TEST(test_input_waits_for_the_program),
	TEST(test_output_waits_for_the_caller),
	TEST(test_killed_by_signal),
	TEST(test_signalled),
	TEST(test_arguments_and_environment),
	TEST(test_more_arguments),
	TEST(test_more_arguments_badly),
	TEST(test_where_it_starts),
	TEST(test_programs_that_do_not_start),
	TEST(test_single_boxes),
	TEST(test_single_boxes_refused),
	TEST(test_slow_put),
	TEST(test_size_of_texts),
	TEST(test_given_away),
	TEST(test_others_have_so_many),
	TEST(test_type_of_the_processor),
};
const struct conform conform_proc = {
	.roots = roots,
	.prepare = prepare,
	.more = &proc_carried,
	TESTS(tests),
};
