/* SPDX-License-Identifier: MIT */
/*
 * proc_memory.c - memory that a program shares: what it finds, what is seen of it outside while it
 * runs, and what is left of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxes/proc.h"
#include "proc_tests.h"

#define MIB (1024 * 1024)

// It writes into its own memory when told, and says what is there.
static const char script[] =
	"#!/bin/sh\n"
	"echo $BOX_VM\n"
	"fd=${BOX_VM#x=}\n"
	"cat /proc/self/fd/$fd\n"
	"read word\n"
	"printf %s $word 1<>/proc/self/fd/$fd\n"
	"read word\n"
	"cat /proc/self/fd/$fd\n";

static bool holds(const struct buf *buf, const char *text) {
	return buf->size == strlen(text) && memcmp(buf->data + buf->at, text, buf->size) == 0;
}

static void test_shared(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect(world, OWNER, OP_OK, "make", "/proc/p/vm/x", "");
	expect_get(world, "/proc/p/vm/x", "");
	put(world, "/proc/p/vm/x", "longer than that");
	put(world, "/proc/p/vm/x", "outside\n");
	expect(world, OWNER, OP_OK, "link", "/proc/p/io1", "device /screen\n");
	device_up(devices_find(&world->devices, "/screen"));
	put(world, "/proc/p/prog", script);
	struct device *screen = devices_find(&world->devices, "/screen");
	until(world, holds(&screen->written, "x=64\noutside\n"));
	put(world, "/proc/p/io0", "INSIDE\n");
	struct asked asked;
	do { // until the program has written
		ask(&asked, world, OWNER, "getmem", "/proc/p/vm/x", "");
		expect_code(&asked, OP_OK);
		bool there = asked_body_is(&asked, "INSIDEe\n");
		asked_finish(&asked);
		if (there) {
			break;
		}
		wl_event_loop_dispatch(world->loop, 10);
	} while (true);
	ask(&asked, world, OWNER, "putmem", "/proc/p/vm/x", "offset 2\nbody 2\n");
	asked_put(&asked, "--", 2);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	put(world, "/proc/p/io0", "go\n");
	expect_get(world, "/proc/p/legacy", "exit 0");
	until(world, !devices_find(&world->devices, "/screen") ||
		holds(&screen->written, "x=64\noutside\nIN--DEe\n"));
	ask(&asked, world, OWNER, "getmem", "/proc/p/vm/x", "offset 1\nlength 3\n");
	expect_body(&asked, "N--"); // as long as its box is
	asked_finish(&asked);
}

// What a program may have mapped never becomes shorter: the rest is zeros.
static void test_never_shorter(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect(world, OWNER, OP_OK, "make", "/proc/p/vm/x", "");
	put(world, "/proc/p/vm/x", "eight is");
	put(world, "/proc/p/prog", "#!/bin/sh\nread word\n");
	put(world, "/proc/p/vm/x", "two");
	struct asked asked;
	ask(&asked, world, OWNER, "getmem", "/proc/p/vm/x", "");
	expect_code(&asked, OP_OK);
	assert_int_equal(asked.body.size, 8);
	assert_memory_equal(buf_front(&asked.body), "two\0\0\0\0\0", 8);
	asked_finish(&asked);
	expect(world, OWNER, OP_EBUSY, "make", "/proc/p/vm/y", "");
	expect(world, OWNER, OP_EBUSY, "delete", "/proc/p/vm/x", "");
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
}

static void test_refused(void **state) {
	struct world *world = *state;
	char name[40];
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect(world, OWNER, OP_EARG, "make", "/proc/p/vm/a=b", "");
	expect(world, OWNER, OP_EARG, "make", "/proc/p/vm/a b", "");
	for (int i = 0; i < PROC_SEGMENTS; i++) {
		snprintf(name, sizeof(name), "/proc/p/vm/%d", i);
		expect(world, OWNER, OP_OK, "make", name, "");
	}
	expect(world, OWNER, OP_EEXIST, "make", "/proc/p/vm/1", "");
	expect(world, OWNER, OP_EQUOTA, "make", "/proc/p/vm/more", "");
	expect(world, OWNER, OP_OK, "delete", "/proc/p/vm/1", "");
	expect(world, OWNER, OP_OK, "make", "/proc/p/vm/more", "");
}

// So many bytes for all segments of a process together.
static void test_size(void **state) {
	struct world *world = *state;
	char *mib = calloc(1, MIB);
	struct asked asked;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect(world, OWNER, OP_OK, "make", "/proc/p/vm/x", "");
	expect(world, OWNER, OP_OK, "make", "/proc/p/vm/y", "");
	put(world, "/proc/p/vm/y", "1");
	ask(&asked, world, OWNER, "putmem", "/proc/p/vm/x", "body chunks\n");
	for (int i = 0; i < 63; i++) {
		asked_put(&asked, mib, MIB);
		assert_false(asked_over(&asked));
	}
	asked_put(&asked, mib, MIB); // one byte more than there is
	expect_code(&asked, OP_E2BIG);
	asked_finish(&asked);
	ask(&asked, world, OWNER, "putmem", "/proc/p/vm/y", "offset 9223372036854775000\nbody 1\n");
	if (!asked_over(&asked)) {
		asked_put(&asked, "x", 1);
	}
	assert_int_not_equal(asked_code(&asked), OP_OK);
	asked_finish(&asked);
	free(mib);
}

// And for all processes of whoever made them. What is not touched takes no memory, and counts.
static void test_size_of_all(void **state) {
	struct world *world = *state;
	char name[64];
	struct asked asked;
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "/proc/p%d", i);
		expect(world, OWNER, OP_OK, "make", name, "");
		strcat(name, "/vm/x");
		expect(world, OWNER, OP_OK, "make", name, "");
		ask(&asked, world, OWNER, "putmem", name, i < 8 ? "offset 67108863\nbody 1\n" :
			"offset 0\nbody 1\n");
		asked_put(&asked, "x", 1);
		asked_put_end(&asked);
		expect_code(&asked, i < 8 ? OP_OK : OP_EQUOTA);
		asked_finish(&asked);
	}
	expect(world, OWNER, OP_OK, "delete", "/proc/p0", "");
	until(world, !world_has(world, "/proc/p0"));
	put(world, name, "1");
}

static void test_gone_in_the_middle(void **state) {
	struct world *world = *state;
	static char large[2 * MIB];
	struct asked out, in;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "");
	expect(world, OWNER, OP_OK, "make", "/proc/p/vm/x", "");
	ask(&in, world, OWNER, "putmem", "/proc/p/vm/x", "offset 0\nbody chunks\n");
	asked_put(&in, large, MIB);
	asked_put(&in, large + MIB, MIB);
	asked_init(&out, world, OWNER, "getmem", "/proc/p/vm/x", "");
	out.slow = true;
	asked_begin(&out);
	assert_true(out.answered && !asked_over(&out));
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	expect_code(&in, OP_ENOENT);
	while (!asked_over(&out)) { // what was asked for is given
		asked_drain(&out);
		world_settle(world);
	}
	assert_int_equal(out.size, 2 * MIB);
	asked_finish(&in);
	asked_finish(&out);
}

static const struct CMUnitTest tests[] = {
	TEST(test_shared),
	TEST(test_never_shorter),
	TEST(test_refused),
	TEST(test_size),
	TEST(test_size_of_all),
	TEST(test_gone_in_the_middle),
};
const struct conform_more proc_memory = {TESTS(tests)};
