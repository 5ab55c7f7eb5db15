/* SPDX-License-Identifier: MIT */
/*
 * test_stream.c - the stream over a unix socket by itself: how it writes, and what becomes of bytes
 * that have not left when it is destroyed. What it reads, and hang-ups, are in test_exchange.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "counted.h"
#include "fast_timers.h"
#include "net/stream_unix.h"
#include "pump.h"

struct ear {
	int drains, eofs, hangups;
	size_t heard, left; // left: bytes not to be consumed
};

static size_t ear_data(void *data, const void *bytes, size_t size) {
	struct ear *ear = data;
	size_t used = size > ear->left ? size - ear->left : 0;
	ear->heard += used;
	return used;
}

static void ear_eof(void *data) {
	struct ear *ear = data;
	ear->eofs++;
}

static void ear_hangup(void *data, enum op_code code, const char *sentence) {
	struct ear *ear = data;
	assert_int_equal(code, OP_ELOST);
	ear->hangups++;
}

static void ear_drained(void *data) {
	struct ear *ear = data;
	ear->drains++;
}

static const struct stream_events ear_events = {
	.data = ear_data,
	.eof = ear_eof,
	.hangup = ear_hangup,
	.drained = ear_drained,
};

static struct stream *listen_at(struct wl_event_loop *loop, int fd, struct ear *ear) {
	struct stream *stream = stream_unix_create(loop, fd);
	assert_non_null(stream);
	*ear = (struct ear){0};
	stream->events = &ear_events;
	stream->data = ear;
	return stream;
}

static int setup(void **state) {
	*state = wl_event_loop_create();
	return *state ? 0 : -1;
}

static int teardown(void **state) {
	wl_event_loop_destroy(*state);
	return 0;
}

static void test_small_writes_leave_at_once(void **state) {
	struct wl_event_loop *loop = *state;
	struct ear ear;
	struct buf got;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	struct stream *stream = listen_at(loop, theirs, &ear);
	counted_sends = 0;
	for (int i = 0; i < 100; i++) {
		stream->impl->write(stream, "0123456789", 10);
	}
	assert_int_equal(stream->impl->queued(stream), 1000);
	pump_quiet(loop);
	assert_int_equal(counted_sends, 1);
	assert_int_equal(stream->impl->queued(stream), 0);
	assert_int_equal(ear.drains, 0); // nobody had to wait
	// A small one and a large one behind it go together, and the large one is not copied.
	static uint8_t large[100000];
	stream->impl->write(stream, "head", 4);
	stream->impl->write(stream, large, sizeof(large));
	assert_int_equal(stream->impl->queued(stream), 0);
	assert_int_equal(counted_sends, 2);
	buf_init(&got);
	pump_recv(ours, &got);
	assert_int_equal(got.size, 1000 + 4 + sizeof(large));
	buf_finish(&got);
	stream->impl->destroy(stream);
	close(ours);
}

static void test_drained(void **state) {
	struct wl_event_loop *loop = *state;
	struct ear ear;
	struct buf got;
	int theirs, ours;
	buf_init(&got);
	pump_pair(&theirs, &ours);
	struct stream *stream = listen_at(loop, theirs, &ear);
	// Much in small pieces that the socket takes in one go: who stopped at a mark must hear of
	// it.
	for (int i = 0; i < 10000; i++) {
		stream->impl->write(stream, "0123456789", 10);
	}
	pump_quiet(loop);
	assert_int_equal(ear.drains, 1);
	// More than it takes.
	static uint8_t large[1000000];
	stream->impl->write(stream, large, sizeof(large));
	pump_quiet(loop);
	assert_int_equal(ear.drains, 1);
	assert_true(stream->impl->queued(stream) > 500000);
	pump_until(loop, (pump_recv(ours, &got), got.size == 100000 + sizeof(large)));
	pump_quiet(loop);
	assert_int_equal(ear.drains, 2);
	assert_int_equal(stream->impl->queued(stream), 0);
	buf_finish(&got);
	stream->impl->destroy(stream);
	close(ours);
}

static void write_much_and_go(struct wl_event_loop *loop, int fd, bool end) {
	static uint8_t large[1000000];
	struct ear ear;
	struct stream *stream = listen_at(loop, fd, &ear);
	stream->impl->write(stream, large, sizeof(large));
	if (end) {
		stream->impl->end(stream);
	}
	stream->impl->destroy(stream);
}

static void test_destroyed_says_the_rest(void **state) {
	struct wl_event_loop *loop = *state;
	struct buf got;
	int theirs, ours;
	buf_init(&got);
	pump_pair(&theirs, &ours);
	write_much_and_go(loop, theirs, true);
	pump_recv_all(loop, ours, &got);
	assert_int_equal(got.size, 1000000);
	buf_finish(&got);
	close(ours);
	// Without end it is broken off.
	pump_pair(&theirs, &ours);
	write_much_and_go(loop, theirs, false);
	pump_recv_all(loop, ours, &got);
	assert_true(got.size < 1000000);
	buf_finish(&got);
	close(ours);
}

static void test_the_rest_has_a_bound(void **state) {
	struct wl_event_loop *loop = *state;
	int theirs, ours, before = pump_count_fds();
	pump_pair(&theirs, &ours);
	fast_timers_reset();
	write_much_and_go(loop, theirs, true);
	int with = pump_count_fds();
	pump_quiet(loop);
	assert_int_equal(fast_timers_count, 1);
	assert_int_equal(fast_timers_ms[0], 10000);
	pump_until(loop, pump_count_fds() < with); // and nobody has read a byte
	close(ours);
	// A reader that leaves ends it at once.
	pump_pair(&theirs, &ours);
	write_much_and_go(loop, theirs, true);
	close(ours);
	pump_quiet(loop);
	// (the loop's timers have a descriptor, which comes with the first)
	assert_true(pump_count_fds() <= before + 1);
	// And so does the end of the loop, see teardown.
	pump_pair(&theirs, &ours);
	write_much_and_go(loop, theirs, true);
	close(ours);
}

static void test_unread_bytes_do_no_harm(void **state) {
	struct wl_event_loop *loop = *state;
	struct ear ear;
	struct buf got;
	int theirs, ours;
	static uint8_t large[100000];
	buf_init(&got);
	pump_pair(&theirs, &ours);
	struct stream *stream = listen_at(loop, theirs, &ear);
	stream->impl->pause(stream, true);
	pump_send(ours, large, sizeof(large));
	stream->impl->write(stream, "no", 2);
	stream->impl->end(stream);
	stream->impl->destroy(stream);
	pump_recv_all(loop, ours, &got); // fails on a reset
	assert_int_equal(got.size, 2);
	buf_finish(&got);
	close(ours);
}

static void test_left_over_is_offered_again(void **state) {
	struct wl_event_loop *loop = *state;
	struct ear ear;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	struct stream *stream = listen_at(loop, theirs, &ear);
	stream->impl->head_read(stream, 0);
	ear.left = 3;
	pump_send_text(ours, "12345");
	pump_quiet(loop);
	assert_int_equal(ear.heard, 2);
	assert_int_equal(stream->impl->take_fd(stream), -1); // some was read
	pump_send_text(ours, "6");
	pump_quiet(loop);
	assert_int_equal(ear.heard, 3);
	stream->impl->pause(stream, true);
	ear.left = 0;
	pump_send_text(ours, "7");
	pump_quiet(loop);
	assert_int_equal(ear.heard, 3);
	stream->impl->pause(stream, false);
	assert_int_equal(ear.heard, 3);
	pump_quiet(loop);
	assert_int_equal(ear.heard, 7);
	stream->impl->destroy(stream);
	close(ours);
}

static void test_reads_no_more(void **state) {
	struct wl_event_loop *loop = *state;
	for (int cancels = 0; cancels < 2; cancels++) {
		struct ear ear;
		int theirs, ours;
		pump_pair(&theirs, &ours);
		struct stream *stream = listen_at(loop, theirs, &ear);
		stream->hangup_cancels = cancels;
		shutdown(ours, SHUT_RD);
		pump_quiet(loop);
		stream->impl->write(stream, "to nobody", 9);
		assert_int_equal(ear.hangups, 0); // never from inside
		pump_quiet(loop);
		assert_int_equal(ear.hangups, cancels);
		stream->impl->write(stream, "to nobody", 9);
		assert_int_equal(stream->impl->queued(stream), 0);
		stream->impl->destroy(stream);
		close(ours);
	}
}

static void test_abort(void **state) {
	struct wl_event_loop *loop = *state;
	struct ear ear;
	struct buf got;
	int theirs, ours;
	buf_init(&got);
	pump_pair(&theirs, &ours);
	struct stream *stream = listen_at(loop, theirs, &ear);
	stream->impl->write(stream, "queued", 6);
	stream->impl->abort(stream);
	pump_recv_all(loop, ours, &got);
	assert_int_equal(got.size, 0);
	buf_finish(&got);
	close(ours);
	pump_quiet(loop);
	assert_int_equal(ear.eofs + ear.hangups + ear.drains, 0);
	stream->impl->write(stream, "more", 4);
	stream->impl->destroy(stream);
}

static void test_taken_fd_blocks(void **state) {
	struct wl_event_loop *loop = *state;
	struct ear ear;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	fcntl(theirs, F_SETFL, O_NONBLOCK);
	struct stream *stream = listen_at(loop, theirs, &ear);
	stream->impl->write(stream, "ok", 2);
	int fd = stream->impl->take_fd(stream);
	assert_int_equal(fd, theirs);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	int there = 0;
	assert_int_equal(ioctl(ours, FIONREAD, &there), 0);
	assert_int_equal(there, 2); // it has left before
	stream->impl->destroy(stream);
	pump_send_text(fd, "still open");
	close(fd);
	close(ours);
	// Not while something of ours cannot leave.
	pump_pair(&theirs, &ours);
	stream = listen_at(loop, theirs, &ear);
	static uint8_t large[1000000];
	stream->impl->write(stream, large, sizeof(large));
	assert_int_equal(stream->impl->take_fd(stream), -1);
	stream->impl->destroy(stream);
	close(ours);
}

static void test_connect(void **state) {
	struct wl_event_loop *loop = *state;
	char path[200];
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(stream_unix_connect(loop, path));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_null(stream_unix_connect(loop, "/no/such/socket"));
	assert_int_equal(errno, ENOENT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_small_writes_leave_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drained, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroyed_says_the_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_rest_has_a_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unread_bytes_do_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_over_is_offered_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reads_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_fd_blocks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connect, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
