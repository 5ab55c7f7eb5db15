/* SPDX-License-Identifier: MIT */
/*
 * proc_carried.c - programs that come along with the exchange that runs them: put together in order,
 * looked at before they start for what this machine does not have, and bounded in what they take.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc_tests.h"

#define MIB (1024 * 1024)

static void test_carried(void **state) {
	struct world *world = *state;
	struct asked asked;
	static const char script[] = "#!/bin/sh\necho \"$# $1\"; cat\n";
	char lines[100];
	snprintf(lines, sizeof(lines), "carried %zu\narg mine\narg word\n", strlen(script));
	run(&asked, world, lines);
	asked_put_frame(&asked, FRAME_DATA, 3, script, 10);
	world_settle(world);
	assert_false(asked.answered);
	asked_put_frame(&asked, FRAME_DATA, 3, script + 10, strlen(script) - 10);
	assert_true(asked.paused);
	until_it_began(&asked);
	asked_put_frame(&asked, FRAME_DATA, 0, "input", 5);
	asked_put_end(&asked);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "1 word\ninput"));
	asked_finish(&asked);
}

// Nothing that it is to begin with is put beside the exchange that brings it.
static void test_carried_and_put(void **state) {
	static const char *const names[] = {"/proc/p/prog", "/proc/p/args", "/proc/p/env", "/proc/p/cwd"};
	static const char script[] = "#!/bin/sh\necho carried\n", other[] = "#!/bin/sh\nsleep 1000\n";
	struct world *world = *state;
	struct asked asked;
	char lines[32];
	snprintf(lines, sizeof(lines), "carried %zu\n", strlen(script));
	run(&asked, world, lines);
	asked_put_frame(&asked, FRAME_DATA, 3, script, 10);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		expect_put(world, names[i], other, OP_EBUSY);
	}
	asked_put_frame(&asked, FRAME_DATA, 3, script + 10, strlen(script) - 10);
	until_it_began(&asked);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "carried\n"));
	asked_finish(&asked);
}

static size_t read_cat(uint8_t bytes[static 8 * MIB]) {
	int fd = open("/bin/cat", O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, bytes, 8 * MIB);
	close(fd);
	assert_true(size > 0 && size < 8 * MIB);
	return (size_t)size;
}

static void carry(struct asked *asked, struct world *world, const uint8_t *bytes, size_t size) {
	char lines[100];
	snprintf(lines, sizeof(lines), "carried %zu\narg cat\narg /proc/self/comm\n", size);
	run(asked, world, lines);
	for (size_t at = 0; at < size; at += 60000) {
		asked_put_frame(asked, FRAME_DATA, 3, bytes + at, size - at < 60000 ? size - at : 60000);
	}
	until_it_began(asked);
}

static void test_carried_binary(void **state) {
	struct world *world = *state;
	struct asked asked;
	static uint8_t bytes[8 * MIB];
	carry(&asked, world, bytes, read_cat(bytes));
	asked_put_end(&asked);
	expect_legacy(&asked, "exit 0");
	asked_finish(&asked);
}

static void expect_needs(struct world *world, const uint8_t *bytes, size_t size, const char *what) {
	struct asked asked;
	carry(&asked, world, bytes, size);
	expect_code(&asked, OP_EMATCH);
	if (!strstr(asked.reply.refusal.sentence, what)) {
		fail_msg("no \"%s\" in %s", what, asked.reply.refusal.sentence);
	}
	asked_finish(&asked);
	assert_false(world_has(world, "/proc/p"));
}

// Said before it starts, and by name.
static void test_what_is_not_here(void **state) {
	struct world *world = *state;
	static uint8_t bytes[8 * MIB];
	size_t size = read_cat(bytes);
	uint8_t *library = memmem(bytes, size, "\0libc.so.6", 11);
	assert_non_null(library);
	library[4] = 'q';
	expect_needs(world, bytes, size, "this program needs libq.so.6, which den has not");
	library[4] = 'c';
	uint8_t *loader = memmem(bytes, size, "/ld-linux", 9);
	assert_non_null(loader);
	loader[1] = 'm';
	expect_needs(world, bytes, size, "/md-linux");
	loader[1] = 'l';
	bytes[18] = 22; // EM_S390
	bytes[19] = 0;
	expect_needs(world, bytes, size, "this program is for s390x, den is ");
	static const char script[] = "#!/usr/bin/env no-such-language\n";
	expect_needs(world, (const uint8_t *)script, strlen(script), "needs no-such-language");
}

// What is put into prog, and what is named in a make without frames, is answered once that is known.
static void test_what_is_not_here_in_steps(void **state) {
	struct world *world = *state;
	char *lines;
	assert_true(asprintf(&lines, "prog %s\n", write_program(world, "#!/no/such/sh\n", 0755)) > 0);
	expect(world, OWNER, OP_EMATCH, "make", "/proc/p", lines);
	assert_false(world_has(world, "/proc/p"));
	free(lines);
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect_put(world, "/proc/p/prog", "#!/no/such/sh\n", OP_EMATCH);
	put(world, "/proc/p/prog", "#!/bin/sh\nexit 4\n"); // it may still become one
	expect_get(world, "/proc/p/legacy", "exit 4");
}

static void test_carried_badly(void **state) {
	struct world *world = *state;
	struct asked asked;
	run(&asked, world, "carried 10\n");
	asked_put_frame(&asked, FRAME_DATA, 3, "0123456789x", 11);
	expect_code(&asked, OP_EARG);
	asked_finish(&asked);
	run(&asked, world, "carried 10\n");
	expect_put(world, "/proc/p/prog", "#!/bin/sh\n", OP_EBUSY); // it has one of its own
	asked_put_frame(&asked, FRAME_DATA, 3, "012345678", 9);
	asked_put_end(&asked);
	expect_code(&asked, OP_EARG);
	asked_finish(&asked);
	run(&asked, world, "carried 10\n");
	asked_put_frame(&asked, FRAME_DATA, 3, "0123456789", 10);
	expect_code(&asked, OP_EMATCH);
	asked_finish(&asked);
	run(&asked, world, "carried 10\n");
	asked_put_frame(&asked, FRAME_DATA, 3, "01234", 5);
	asked_gone(&asked);
	asked_finish(&asked);
	assert_false(world_has(world, "/proc/p"));
}

// What a peer's programs take of this node's memory is one account, from when they are announced.
static void test_carried_together(void **state) {
	struct world *world = *state;
	struct asked first, second, third;
	ask(&first, world, OWNER, "make", "/proc/a", "carried 268435456\nbody frames\n");
	ask(&second, world, OWNER, "make", "/proc/b", "carried 268435456\nbody frames\n");
	asked_put_frame(&second, FRAME_DATA, 3, "0123456789", 10); // come or to come is the same
	ask(&third, world, OWNER, "make", "/proc/c", "carried 1\nbody frames\n");
	expect_code(&third, OP_EQUOTA);
	assert_non_null(strstr(third.reply.refusal.sentence, "over 512 MiB"));
	asked_finish(&third);
	expect(world, OWNER, OP_OK, "make", "/proc/d", "");
	expect(world, OWNER, OP_EQUOTA, "putmem", "/proc/d/prog", "body 1\n");
	expect(world, OWNER, OP_OK, "delete", "/proc/d", "");
	asked_gone(&first);
	asked_finish(&first);
	world_settle(world);
	ask(&third, world, OWNER, "make", "/proc/c", "carried 10\nbody frames\n");
	asked_put_frame(&third, FRAME_DATA, 3, "0123456789", 10);
	expect_code(&third, OP_EMATCH); // as far as that it is no program
	asked_finish(&third);
	asked_gone(&second);
	asked_finish(&second);
}

// So are programs that are being put, any number at once.
static void test_put_together(void **state) {
	struct world *world = *state;
	struct asked first, second, put;
	ask(&first, world, OWNER, "make", "/proc/a", "carried 268435456\nbody frames\n");
	ask(&second, world, OWNER, "make", "/proc/b", "carried 268435446\nbody frames\n");
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	ask(&put, world, OWNER, "putmem", "/proc/p/prog", "body chunks\n");
	asked_put(&put, "01234567", 8);
	assert_false(asked_over(&put));
	expect(world, OWNER, OP_OK, "make", "/proc/q", "");
	expect_put(world, "/proc/q/prog", "01234567", OP_EQUOTA);
	asked_finish(&put);
	expect_put(world, "/proc/q/prog", "01234567", OP_EMATCH); // as far as that it is no program
	asked_finish(&second);
	asked_finish(&first);
}

static const struct CMUnitTest tests[] = {
	TEST(test_carried),
	TEST(test_carried_and_put),
	TEST(test_carried_binary),
	TEST(test_what_is_not_here),
	TEST(test_what_is_not_here_in_steps),
	TEST(test_carried_badly),
	TEST(test_carried_together),
	TEST(test_put_together),
};
const struct conform_more proc_carried = {.next = &proc_ends, TESTS(tests)};
