/* SPDX-License-Identifier: MIT */
/*
 * proc_streams.c - where a program's streams go: to readers and writers of its boxes, along links, to
 * a terminal; and where its legacy goes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc_tests.h"

static void test_reader_of_output(void **state) {
	struct world *world = *state;
	struct asked reader, other;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	ask(&reader, world, OWNER, "getmem", "/proc/p/io1", "");
	ask(&other, world, OWNER, "getmem", "/proc/p/io1", "");
	expect_code(&other, OP_EBUSY);
	asked_finish(&other);
	put(world, "/proc/p/io0", "one");
	expect_body(&reader, "one");
	asked_finish(&reader);
	ask(&reader, world, OWNER, "getmem", "/proc/p/io1", "live\n");
	put(world, "/proc/p/io0", "two");
	until(world, asked_body_is(&reader, "two"));
	asked_gone(&reader);
	asked_finish(&reader);
	put(world, "/proc/p/io0", "three"); // it waits for the next reader
	ask(&reader, world, OWNER, "getmem", "/proc/p/io1", "live\n");
	until(world, asked_body_is(&reader, "three"));
	put(world, "/proc/p/io0", "");
	expect_body(&reader, "three");
	asked_finish(&reader);
	expect_get(world, "/proc/p/io1", ""); // the end, to who asks later
	expect_get(world, "/proc/p/legacy", "exit 0");
}

static void test_writers_of_input(void **state) {
	struct world *world = *state;
	struct asked one, other;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	ask(&one, world, OWNER, "putmem", "/proc/p/io0", "body chunks\n");
	ask(&other, world, OWNER, "putmem", "/proc/p/io0", "body chunks\n");
	expect_code(&other, OP_EBUSY);
	asked_finish(&other);
	asked_put(&one, "first", 5);
	asked_gone(&one); // what was said was said
	asked_finish(&one);
	put(world, "/proc/p/io0", " second");
	struct asked reader;
	ask(&reader, world, OWNER, "getmem", "/proc/p/io1", "live\n");
	until(world, asked_body_is(&reader, "first second"));
	asked_finish(&reader);
	ask(&one, world, OWNER, "putmem", "/proc/p/io0", "body frames\n");
	asked_put_frame(&one, FRAME_DATA, 0, "third", 5);
	asked_put_frame(&one, FRAME_DATA, 0, "", 0);
	asked_put_end(&one);
	expect_code(&one, OP_OK);
	asked_finish(&one);
	expect_get(world, "/proc/p/legacy", "exit 0");
}

static struct device *link_io(struct world *world, const char *io, const char *device) {
	char lines[64];
	snprintf(lines, sizeof(lines), "device %s\n", device);
	expect(world, OWNER, OP_OK, "link", io, lines);
	return devices_find(&world->devices, device);
}

static bool wrote(struct device *device, const char *text) {
	return device->written.size == strlen(text) &&
		memcmp(buf_front(&device->written), text, device->written.size) == 0;
}

// A re-link takes effect between two messages: nothing is lost, nothing comes twice.
static void test_relink(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	struct device *one = link_io(world, "/proc/p/io1", "/one");
	device_up(one);
	put(world, "/proc/p/io0", "a");
	until(world, wrote(one, "a"));
	struct device *two = link_io(world, "/proc/p/io1", "/two");
	put(world, "/proc/p/io0", "b"); // the old one serves until the new one is up
	until(world, wrote(one, "ab"));
	device_up(two);
	assert_null(devices_find(&world->devices, "/one"));
	put(world, "/proc/p/io0", "c");
	until(world, wrote(two, "c"));
	struct device *three = link_io(world, "/proc/p/io1", "/three");
	device_up(three);
	put(world, "/proc/p/io0", "d");
	until(world, wrote(three, "d"));
	// Deleted, the stream waits for whoever comes.
	char *name = box_name(three->link.box);
	expect(world, OWNER, OP_OK, "delete", name, "");
	free(name);
	put(world, "/proc/p/io0", "e");
	world_settle(world);
	struct asked reader;
	ask(&reader, world, OWNER, "getmem", "/proc/p/io1", "");
	expect_body(&reader, "e");
	asked_finish(&reader);
}

static void test_new_link_withdrawn(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	struct device *one = link_io(world, "/proc/p/io1", "/one");
	device_up(one);
	struct device *two = link_io(world, "/proc/p/io1", "/two"); // never up
	char *name = box_name(two->link.box);
	expect(world, OWNER, OP_OK, "delete", name, "");
	free(name);
	put(world, "/proc/p/io0", "a");
	until(world, wrote(one, "a"));
}

static void test_away_device_blocks(void **state) {
	struct world *world = *state;
	struct asked run_asked;
	run_shell(&run_asked, world, "read go; head -c 1000000 /dev/zero; echo done >&2");
	struct device *screen = link_io(world, "/proc/p/io1", "/screen");
	asked_put_frame(&run_asked, FRAME_DATA, 0, "go\n", 3);
	// It is linked, so its output goes nowhere else, and a full pipe holds the program.
	for (int i = 0; i < 20; i++) {
		wl_event_loop_dispatch(world->loop, 10);
	}
	assert_int_equal(run_asked.sub[1].size + run_asked.sub[2].size, 0);
	device_up(screen);
	until(world, screen->written.size > 0);
	device_down(screen); // gone for a while, in the middle
	size_t size = screen->written.size;
	world_settle(world);
	assert_int_equal(screen->written.size, size);
	screen->full = true;
	device_up(screen);
	until(world, screen->written.size > size);
	size = screen->written.size;
	world_settle(world);
	assert_int_equal(screen->written.size, size); // full: it waits for drained
	assert_int_equal(run_asked.sub[2].size, 0);
	device_drain(screen);
	until(world, run_asked.sub[2].size > 0);
	until(world, screen->finishing); // all is written, and it is over when the device has all of it
	assert_false(asked_over(&run_asked));
	device_over(screen);
	expect_legacy(&run_asked, "exit 0");
	assert_int_equal(run_asked.sub[1].size, 0);
	asked_finish(&run_asked);
}

static void test_input_from_a_link(void **state) {
	struct world *world = *state;
	struct asked asked;
	run_shell(&asked, world, "for i in 1 2 3; do read line; echo $line; done");
	struct device *keys = link_io(world, "/proc/p/io0", "/keys");
	device_up(keys);
	device_sends(keys, "one\n");
	until(world, asked.sub[1].size == 4);
	asked_put_frame(&asked, FRAME_DATA, 0, "two\n", 4); // the exchange may still speak
	until(world, asked.sub[1].size == 8);
	char *name = box_name(keys->link.box);
	expect(world, OWNER, OP_OK, "delete", name, "");
	free(name);
	keys = link_io(world, "/proc/p/io0", "/others");
	device_up(keys);
	device_sends(keys, "three\n");
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "one\ntwo\nthree\n"));
	asked_finish(&asked);
}

static void test_input_link_is_held(void **state) {
	struct world *world = *state;
	struct asked asked;
	char *large = malloc(65537);
	memset(large, 'x', 65536);
	large[65536] = '\0';
	run_shell(&asked, world, "echo ready; read go <&3; cat >/dev/null");
	until(world, asked.sub[1].size > 0 || asked_over(&asked));
	asked_finish(&asked);
	until(world, !world_has(world, "/proc/p"));
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog sleep\narg sleep\narg 1000\n");
	struct device *keys = link_io(world, "/proc/p/io0", "/keys");
	device_up(keys);
	for (int i = 0; i < 64 && !keys->paused; i++) {
		device_sends(keys, large);
	}
	assert_true(keys->paused);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	free(large);
}

static void test_stream_ends_its_link(void **state) {
	struct world *world = *state;
	struct asked asked;
	run_shell(&asked, world, "exec >&-; read x");
	struct device *screen = link_io(world, "/proc/p/io1", "/screen");
	device_up(screen);
	until(world, screen->finishing);
	device_over(screen);
	assert_null(devices_find(&world->devices, "/screen"));
	asked_put_end(&asked);
	expect_legacy(&asked, "exit 1");
	asked_finish(&asked);
}

/* Its io boxes as devices of others. */

static void test_others_write_where_it_writes(void **state) {
	struct world *world = *state;
	struct asked writer, other, reader;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	ask(&writer, world, OWNER, "putmem", "/proc/p/io1", "body chunks\n");
	assert_false(asked_put(&writer, "other's ", 8)); // it waits for a reader, as the program would
	ask(&reader, world, OWNER, "getmem", "/proc/p/io1", "live\n");
	assert_true(asked_put(&writer, "other's ", 8));
	until(world, asked_body_is(&reader, "other's "));
	put(world, "/proc/p/io0", "own");
	until(world, asked_body_is(&reader, "other's own"));
	asked_put_end(&writer);
	expect_code(&writer, OP_OK);
	asked_finish(&writer);
	asked_gone(&reader);
	asked_finish(&reader);
	struct device *screen = link_io(world, "/proc/p/io1", "/screen");
	device_up(screen);
	ask(&writer, world, OWNER, "putmem", "/proc/p/io1", "body frames\n");
	ask(&other, world, OWNER, "putmem", "/proc/p/io1", "body chunks\n");
	screen->full = true;
	assert_true(asked_put_frame(&writer, FRAME_DATA, 0, "a", 1));
	assert_true(wrote(screen, "a"));
	assert_false(asked_put(&other, "b", 1)); // full: all wait
	device_drain(screen);
	assert_true(asked_put(&other, "b", 1));
	assert_true(wrote(screen, "ab"));
	asked_put_end(&writer);
	expect_code(&writer, OP_OK);
	asked_finish(&writer);
	put(world, "/proc/p/io0", ""); // its end is theirs
	expect_code(&other, OP_EBUSY);
	asked_finish(&other);
	ask(&other, world, OWNER, "putmem", "/proc/p/io1", "body chunks\n");
	expect_code(&other, OP_EBUSY);
	asked_finish(&other);
}

static void test_others_write_when_its_maker_is_gone(void **state) {
	struct world *world = *state;
	struct asked asked, writer;
	run(&asked, world, "prog sh\narg sh\narg -c\narg trap '' HUP; echo; sleep 60\n");
	until(world, sub_is(&asked, 1, "\n"));
	ask(&writer, world, OWNER, "putmem", "/proc/p/io1", "body chunks\n");
	assert_true(asked_put(&writer, "heard", 5));
	until(world, sub_is(&asked, 1, "\nheard"));
	asked_gone(&asked);
	asked_finish(&asked);
	asked_put(&writer, "by nobody", 9);
	world_settle(world);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	expect_code(&writer, OP_ENOENT);
	asked_finish(&writer);
}

static void test_others_read_what_comes_for_it(void **state) {
	struct world *world = *state;
	struct asked first, newest, once;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	ask(&first, world, OWNER, "getmem", "/proc/p/io0", "live\n");
	put(world, "/proc/p/io0", "one");
	until(world, asked_body_is(&first, "one"));
	ask(&newest, world, OWNER, "getmem", "/proc/p/io0", "live\n");
	put(world, "/proc/p/io0", "two");
	until(world, asked_body_is(&newest, "two"));
	ask(&once, world, OWNER, "getmem", "/proc/p/io0", "");
	put(world, "/proc/p/io0", "three");
	expect_body(&once, "three");
	asked_finish(&once);
	asked_gone(&newest);
	asked_finish(&newest);
	put(world, "/proc/p/io0", " four");
	until(world, asked_body_is(&first, "one four"));
	asked_gone(&first);
	asked_finish(&first);
	put(world, "/proc/p/io0", "its own");
	expect_get(world, "/proc/p/io1", "its own");
	ask(&first, world, OWNER, "getmem", "/proc/p/io0", "live\n");
	put(world, "/proc/p/io0", ""); // the end, to both
	expect_body(&first, "");
	asked_finish(&first);
	expect_get(world, "/proc/p/io0", "");
	expect_get(world, "/proc/p/legacy", "exit 0");
}

static void test_deleted_under_others(void **state) {
	struct world *world = *state;
	struct asked reader, writer;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	ask(&reader, world, OWNER, "getmem", "/proc/p/io0", "");
	ask(&writer, world, OWNER, "putmem", "/proc/p/io1", "body chunks\n");
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
	expect_code(&reader, OP_ENOENT);
	expect_code(&writer, OP_ENOENT);
	asked_finish(&reader);
	asked_finish(&writer);
}

/* Legacies. */

static void test_legacy_goes_to_its_link(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
	struct device *heir = link_io(world, "/proc/p/legacy", "/heir");
	device_up(heir);
	world_settle(world);
	assert_int_equal(heir->written.size, 0);
	put(world, "/proc/p/io0", "");
	until(world, wrote(heir, "exit 0"));
	assert_true(heir->finishing);
	device_over(heir);
	assert_null(devices_find(&world->devices, "/heir"));
	heir = link_io(world, "/proc/p/legacy", "/late"); // it is known already
	device_up(heir);
	until(world, wrote(heir, "exit 0"));
	device_over(heir);
	expect(world, OWNER, OP_OK, "delete", "/proc/p", "");
}

static void test_deleted_with_an_heir(void **state) {
	struct world *world = *state;
	struct asked deleter;
	for (int i = 0; i < 2; i++) {
		expect(world, OWNER, OP_OK, "make", "/proc/p", "prog cat\n");
		struct device *heir = link_io(world, "/proc/p/legacy", "/heir");
		device_up(heir);
		ask(&deleter, world, OWNER, "delete", "/proc/p", "");
		until(world, wrote(heir, "signal 9"));
		assert_false(asked_over(&deleter));
		if (i == 0) {
			device_over(heir);
		} // else it never says that it has it, and is not waited for
		expect_code(&deleter, OP_OK);
		asked_finish(&deleter);
		assert_false(world_has(world, "/proc/p"));
	}
}

static void test_run_with_heirs(void **state) {
	struct world *world = *state;
	struct asked asked;
	run_shell(&asked, world, "read x; exit 3");
	struct device *heir = link_io(world, "/proc/p/legacy", "/heir");
	asked_put_frame(&asked, FRAME_DATA, 0, "go\n", 3);
	expect_legacy(&asked, "exit 3"); // one that was never up holds nothing up
	asked_finish(&asked);
	run_shell(&asked, world, "read x; exit 3");
	heir = link_io(world, "/proc/p/legacy", "/heir");
	device_up(heir);
	asked_put_frame(&asked, FRAME_DATA, 0, "go\n", 3);
	until(world, wrote(heir, "exit 3"));
	device_over(heir);
	expect_legacy(&asked, "exit 3");
	asked_finish(&asked);
}

/* Terminals. */

static void test_terminal(void **state) {
	struct world *world = *state;
	struct asked asked;
	run(&asked, world, "prog sh\narg sh\narg -c\narg "
		"test -t 0 -a -t 1 -a -t 2 && stty size; read x; stty size; echo $x >&2\ntty 30x100\n");
	until(world, asked.sub[1].size >= 8);
	asked_put_frame(&asked, FRAME_CONTROL, 0, "resize 40x120\n", 14);
	asked_put_frame(&asked, FRAME_DATA, 0, "word\n", 5);
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "30 100\r\nword\r\n40 120\r\nword\r\n"));
	assert_true(sub_is(&asked, 2, ""));
	asked_finish(&asked);
}

static void test_terminal_keys(void **state) {
	struct world *world = *state;
	struct asked asked;
	run(&asked, world, "prog sleep\narg sleep\narg 1000\ntty 24x80\n");
	asked_put_frame(&asked, FRAME_DATA, 0, "\003", 1);
	expect_legacy(&asked, "signal 2");
	asked_finish(&asked);
	run(&asked, world, "prog cat\ntty 24x80\n");
	asked_put_frame(&asked, FRAME_DATA, 0, "line\n", 5);
	asked_put_end(&asked); // a terminal is told by its end-of-file key
	expect_legacy(&asked, "exit 0");
	assert_true(sub_is(&asked, 1, "line\r\nline\r\n"));
	asked_finish(&asked);
}

/* Ends. */

static const struct CMUnitTest tests[] = {
	TEST(test_reader_of_output),
	TEST(test_writers_of_input),
	TEST(test_relink),
	TEST(test_new_link_withdrawn),
	TEST(test_away_device_blocks),
	TEST(test_input_from_a_link),
	TEST(test_input_link_is_held),
	TEST(test_stream_ends_its_link),
	TEST(test_others_write_where_it_writes),
	TEST(test_others_write_when_its_maker_is_gone),
	TEST(test_others_read_what_comes_for_it),
	TEST(test_deleted_under_others),
	TEST(test_legacy_goes_to_its_link),
	TEST(test_deleted_with_an_heir),
	TEST(test_run_with_heirs),
	TEST(test_terminal),
	TEST(test_terminal_keys),
};
const struct conform_more proc_streams = {.next = &proc_memory, TESTS(tests)};
