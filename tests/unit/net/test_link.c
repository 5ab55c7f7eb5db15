/* SPDX-License-Identifier: MIT */
/*
 * test_link.c - links that dial a device on a real server: up, lost and found again, refused,
 * replaced, let go, deleted. Devices that name another are in test_link_named.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "linking.h"

static void test_output(void **state) {
	struct fixture *f = *state;
	const struct frame frame = {.kind = FRAME_DATA, .payload = "abc", .size = 3};
	f->want_view = true;
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/0\n\n");
	assert_false(link_frame(f->last, &frame)); // not up yet
	pump_until(f->io.loop, f->ups > 0);
	check_state(f, "/out/0", "up\n");
	assert_int_equal(f->devices.waiting->head->verb, OP_PUTMEM);
	assert_string_equal(op_get(f->devices.waiting->head, OP_F_VIEW), "key-7");
	assert_true(link_frame(f->last, &frame));
	pump_until(f->io.loop, f->devices.taken == 3);
	// The way back.
	req_frame(f->devices.waiting, &frame);
	pump_until(f->io.loop, f->frames == 1);
	link_pause(f->last, true);
	req_frame(f->devices.waiting, &frame);
	pump_quiet(f->io.loop);
	assert_int_equal(f->frames, 1);
	link_pause(f->last, false);
	pump_until(f->io.loop, f->frames == 2);
	// A device that does not keep up.
	req_pause(f->devices.waiting, true);
	static uint8_t large[300000];
	const struct frame big = {.kind = FRAME_DATA, .payload = large, .size = sizeof(large)};
	int writes = 0;
	while (link_frame(f->last, &big)) {
		assert_true(++writes < 10);
		pump_quiet(f->io.loop);
	}
	pump_quiet(f->io.loop);
	assert_int_equal(f->drains, 0);
	req_pause(f->devices.waiting, false);
	pump_until(f->io.loop, f->drains > 0);
	// Deleted: the device's side hears it.
	house_check(&f->io, "op/1 delete\nname /out/0\n\n", "ok\n\n");
	assert_string_equal(f->text, "u0 d0 g0 ");
	pump_quiet(f->io.loop);
	assert_int_equal(f->devices.gones, 1);
	assert_true(wl_list_empty(&f->linker.links));
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/0\n\n"); // free again
}

static void test_input(void **state) {
	struct fixture *f = *state;
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups > 0);
	assert_int_equal(f->devices.waiting->head->verb, OP_GETMEM);
	assert_true(op_has(f->devices.waiting->head, OP_F_LIVE));
	const struct frame frame = {.kind = FRAME_INPUT, .payload = "", .size = 0};
	req_frame(f->devices.waiting, &frame);
	pump_until(f->io.loop, f->frames == 1);
}

// Every attempt is made as the one who asked for the link.
static void test_subject(void **state) {
	struct fixture *f = *state;
	const struct door door = {.subject = ann, .trusted = true};
	box_server_unlisten(&f->io.server, f->io.path);
	assert_true(box_server_listen(&f->io.server, f->io.path, &door));
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\nas ann/laptop\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups > 0);
	assert_string_equal(f->devices.opened_by, "ann/laptop");
	devices_leave(f);
	devices_return(f);
	pump_until(f->io.loop, f->ups > 1);
	assert_string_equal(f->devices.opened_by, "ann/laptop");
	// bob may not link here at all, so he does not learn that it is there.
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\nas bob/laptop\n\n",
		"no ENOENT no such box /in (box ls / shows what is there)\nttl 1000\n\n");
}

static void check_grant(struct fixture *f, const char *expected) {
	size_t at = 0;
	assert_string_equal(op_each(f->devices.waiting->head, OP_F_GRANT, &at), expected);
	assert_null(op_each(f->devices.waiting->head, OP_F_GRANT, &at));
}

// What the asker gave leave with goes with each attempt, until he gives newer.
static void test_grant(void **state) {
	struct fixture *f = *state;
	const struct door door = {.subject = ann, .trusted = true};
	box_server_unlisten(&f->io.server, f->io.path);
	assert_true(box_server_listen(&f->io.server, f->io.path, &door));
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\ngrant first\nas ann/laptop\n\n",
		"ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	check_grant(f, "first");
	house_check(&f->io, "op/1 link\nname /in/0\ndevice /line\nas ann/laptop\n\n", "no EARG this is a link "
		"itself, and takes nothing but a newer grant for its own device: link the device to the box "
		"above it\n\n");
	house_check(&f->io, "op/1 link\nname /in/0\ndevice /line\ngrant second\nas ann/phone\n\n",
		"no EPERM this link is ann/laptop's, whose grants it takes\n\n");
	house_check(&f->io, "op/1 link\nname /in/0\ndevice /store\ngrant second\nas ann/laptop\n\n",
		"no EARG this link's device is /line, and stays it: link another one to the box above it\n\n");
	devices_leave(f);
	devices_return(f);
	pump_until(f->io.loop, f->ups == 2);
	check_grant(f, "first");
	house_check(&f->io, "op/1 link\nname /in/0\ndevice /line\ngrant second\nas ann/laptop\n\n",
		"ok\nname /in/0\n\n");
	pump_quiet(f->io.loop);
	assert_int_equal(f->ups, 2); // goes on
	devices_leave(f);
	devices_return(f);
	pump_until(f->io.loop, f->ups == 3);
	check_grant(f, "second");
	// One that was refused is tried again.
	f->devices.refuse = OP_EPERM;
	devices_leave(f);
	devices_return(f);
	pump_until(f->io.loop, f->last->state == LINK_REFUSED);
	f->devices.refuse = OP_OK;
	house_check(&f->io, "op/1 link\nname /in/0\ndevice /line\ngrant third\nas ann/laptop\n\n",
		"ok\nname /in/0\n\n");
	pump_quiet(f->io.loop);
	assert_int_equal(f->ups, 4);
	check_grant(f, "third");
}

// One that comes along with another: the same device, asker and leave, the newer leave too.
static void test_follow(void **state) {
	struct fixture *f = *state;
	const struct door door = {.subject = ann, .trusted = true};
	box_server_unlisten(&f->io.server, f->io.path);
	assert_true(box_server_listen(&f->io.server, f->io.path, &door));
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\ngrant first\nas ann/laptop\n\n",
		"ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	struct link *follower = f->linker.linker.follow(&f->linker.linker,
		box_inner(box_tree_root(f->io.tree), "out"), f->last, &output_user, f);
	assert_non_null(follower);
	pump_until(f->io.loop, f->ups == 2);
	assert_int_equal(follower->state, LINK_UP);
	assert_int_equal(f->devices.waiting->head->verb, OP_PUTMEM);
	assert_string_equal(f->devices.opened_by, "ann/laptop");
	check_grant(f, "first");
	house_check(&f->io, "op/1 link\nname /in/0\ndevice /line\ngrant second\nas ann/laptop\n\n",
		"ok\nname /in/0\n\n");
	link_down(follower, OP_ELOST, "the program ended");
	pump_until(f->io.loop, f->ups == 3);
	check_grant(f, "second");
	link_end(follower);
	assert_string_equal(f->text, "u0 u0 d0 u0 d0 g0 ");
	assert_int_equal(f->last->state, LINK_UP);
}

static void test_absent_device(void **state) {
	struct fixture *f = *state;
	devices_leave(f);
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	fast_timers_reset();
	static const int expected[] = {100, 500, 2000, 5000, 5000};
	check_waits(f->io.loop, expected, 5);
	check_state(f, "/in/0", "waiting EUNREACH nobody answers at ");
	devices_return(f);
	pump_until(f->io.loop, f->ups > 0);
	check_state(f, "/in/0", "up\n");
	assert_int_equal(f->gones, 0);
}

static void test_device_vanishes_and_returns(void **state) {
	struct fixture *f = *state;
	static const int quick[] = {100, 500, 2000}, steady[] = {100};
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	fast_timers_reset();
	for (int i = 0; i < 3; i++) {
		pump_until(f->io.loop, f->ups == i + 1);
		devices_leave(f);
		pump_until(f->io.loop, f->downs == i + 1);
		check_state(f, "/in/0", "waiting ELOST outcome unknown");
		devices_return(f);
	}
	pump_until(f->io.loop, f->ups == 4);
	assert_string_equal(f->text, "u0 d0 u0 d0 u0 d0 u0 ");
	check_waits(f->io.loop, quick, 3); // one that falls again at once is asked less often
	fast_timers_pass(6000);
	fast_timers_reset();
	devices_leave(f);
	pump_until(f->io.loop, f->downs == 4);
	check_waits(f->io.loop, steady, 1);
	devices_return(f);
	pump_until(f->io.loop, f->ups == 5);
}

static void test_retry_when_told(void **state) {
	struct fixture *f = *state;
	devices_leave(f);
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	fast_timers_reset();
	int waits[FAST_TIMERS_MAX];
	pump_until(f->io.loop, list_waits(waits) >= 4); // 5 s from now
	devices_return(f);
	net_linker_retry(&f->linker);
	pump_quiet(f->io.loop); // without waiting
	assert_int_equal(f->ups, 1);
	// Of no effect on one that is up.
	net_linker_retry(&f->linker);
	pump_quiet(f->io.loop);
	assert_int_equal(f->ups, 1);
	assert_int_equal(f->devices.opens, 1);
}

static void test_refused(void **state) {
	struct fixture *f = *state;
	f->devices.refuse = OP_EBUSY;
	fast_timers_reset();
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->last->state == LINK_REFUSED);
	check_state(f, "/in/0", "refused EBUSY the line is busy\n");
	int refused = 0;
	for (int i = 0; i < fast_timers_count; i++) {
		refused += fast_timers_ms[i] == 5000;
		assert_true(fast_timers_ms[i] >= 5000);
	}
	assert_int_equal(refused, 1);
	assert_int_equal(f->ups + f->downs, 0);
	f->devices.refuse = OP_OK;
	pump_until(f->io.loop, f->ups > 0);
	check_state(f, "/in/0", "up\n");
}

static void test_let_go(void **state) {
	struct fixture *f = *state;
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups > 0);
	req_end(f->devices.waiting, NULL);
	pump_until(f->io.loop, f->gones > 0);
	assert_string_equal(f->text, "u0 d0 g0 ");
	house_check(&f->io, "op/1 kind\nname /in/0\n\n",
		"no ENOENT no such box /in/0 (box ls /in shows what is there)\nttl 1000\n\n");
	// Not so with any other trailer.
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups > 1);
	req_end_fail(f->devices.waiting, OP_EQUOTA, "too slow");
	pump_until(f->io.loop, f->downs > 1);
	check_state(f, "/in/0", "refused EQUOTA too slow\n");
	pump_until(f->io.loop, f->ups > 2);
	assert_int_equal(f->gones, 1);
}

static void test_many_and_only(void **state) {
	struct fixture *f = *state;
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/0\n\n");
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/1\n\n");
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups == 3);
	f->text[0] = '\0';
	devices_leave(f);
	pump_until(f->io.loop, f->downs == 3);
	f->text[0] = '\0';
	// `only`, but not up: nobody goes before that.
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\nonly\n\n", "ok\nname /out/2\n\n");
	pump_quiet(f->io.loop);
	assert_int_equal(f->gones, 0);
	devices_return(f);
	net_linker_retry(&f->linker);
	pump_until(f->io.loop, f->gones == 2);
	pump_quiet(f->io.loop);
	check_state(f, "/out/2", "up");
	check_state(f, "/in/0", "up\n"); // another io box
	assert_non_null(strstr(f->text, "g0 "));
	assert_non_null(strstr(f->text, "g1 "));
}

/* What a machine that is known no more has asked for, and what is on it. */
static void test_dropped(void **state) {
	static const char key[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct fixture *f = *state;
	char request[200];
	const struct door door = {.subject = ann, .trusted = true};
	box_server_unlisten(&f->io.server, f->io.path);
	assert_true(box_server_listen(&f->io.server, f->io.path, &door));
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/0\n\n");
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\nas ann/laptop\n\n", "ok\nname /out/1\n\n");
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\nas ann/laptop\n\n", "ok\nname /in/0\n\n");
	snprintf(request, sizeof(request), "op/1 link\nname /out\ndevice %s/line\n\n", key);
	house_check(&f->io, request, "ok\nname /out/2\n\n");
	pump_until(f->io.loop, f->ups == 3);
	const struct subject laptop = {"ann", "laptop"}, phone = {"ann", "phone"};
	net_linker_drop(&f->linker, &phone, NULL);
	assert_int_equal(f->gones, 0);
	net_linker_drop(&f->linker, &laptop, key);
	assert_int_equal(f->gones, 3);
	pump_quiet(f->io.loop);
	assert_int_equal(wl_list_length(&f->linker.links), 1);
	check_state(f, "/out/0", "up");
}

static void test_single(void **state) {
	struct fixture *f = *state;
	house_check(&f->io, "op/1 link\nname /one\ndevice /line\n\n", "ok\nname /one/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	f->devices.refuse = OP_EPERM;
	house_check(&f->io, "op/1 link\nname /one\ndevice /line\n\n", "ok\nname /one/1\n\n");
	pump_until(f->io.loop, f->last->state == LINK_REFUSED);
	check_state(f, "/one/0", "up"); // the new one does not work yet
	f->devices.refuse = OP_OK;
	pump_until(f->io.loop, f->ups == 2);
	assert_string_equal(f->text, "u0 d0 g0 u1 "); // the old is over before the new begins
	pump_quiet(f->io.loop);
	// An older one that comes back up takes nobody's place who is newer.
	f->text[0] = '\0';
	f->devices.refuse = OP_EPERM;
	house_check(&f->io, "op/1 link\nname /one\ndevice /line\n\n", "ok\nname /one/0\n\n");
	pump_until(f->io.loop, f->last->state == LINK_REFUSED);
	struct link *newer = f->last;
	devices_leave(f);
	pump_until(f->io.loop, f->downs == 2);
	f->devices.refuse = OP_OK;
	devices_return(f);
	pump_until(f->io.loop, newer->state == LINK_UP);
	check_state(f, "/one/0", "up");
	pump_quiet(f->io.loop);
	assert_int_equal(wl_list_length(&f->linker.links), 1);
}

static void test_io_box_goes(void **state) {
	struct fixture *f = *state;
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/0\n\n");
	pump_until(f->io.loop, f->ups == 1);
	f->devices.refuse = OP_EBUSY;
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/1\n\n");
	pump_until(f->io.loop, f->last->state == LINK_REFUSED);
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/2\n\n"); // dialling
	box_destroy(box_inner(box_tree_root(f->io.tree), "out"));
	assert_int_equal(f->gones, 3);
	assert_int_equal(f->downs, 1);
	assert_true(wl_list_empty(&f->linker.links));
	pump_quiet(f->io.loop);
	assert_int_equal(f->devices.gones, 1);
}

static void test_ended_by_its_user(void **state) {
	struct fixture *f = *state;
	f->end_in_down = true;
	house_check(&f->io, "op/1 link\nname /in\ndevice /line\n\n", "ok\nname /in/0\n\n");
	pump_until(f->io.loop, f->ups > 0);
	req_abort(f->devices.waiting);
	pump_until(f->io.loop, f->gones > 0);
	assert_string_equal(f->text, "u0 d0 g0 ");
	pump_quiet(f->io.loop);
	assert_int_equal(f->devices.opens, 1);
}

static void test_take_fd(void **state) {
	struct fixture *f = *state;
	struct buf got;
	f->take_in_up = true;
	house_check(&f->io, "op/1 link\nname /out\ndevice /line\n\n", "ok\nname /out/0\n\n");
	pump_until(f->io.loop, f->ups > 0);
	assert_true(f->fd >= 0);
	check_state(f, "/out/0", "up\n");
	const struct frame frame = {.kind = FRAME_DATA, .payload = "back", .size = 4};
	req_frame(f->devices.waiting, &frame);
	pump_quiet(f->io.loop);
	assert_int_equal(f->frames, 0); // it is the program's now
	buf_init(&got);
	pump_recv(f->fd, &got);
	assert_int_equal(got.size, FRAME_HEADER_SIZE + 4);
	buf_finish(&got);
	// The program has ended, and whoever started it says so.
	close(f->fd);
	struct link *link = f->last;
	fast_timers_reset();
	link_down(link, OP_ELOST, "the program ended");
	assert_int_equal(f->downs, 1);
	assert_int_equal(fast_timers_ms[0], 100);
	check_state(f, "/out/0", "waiting ELOST the program ended\n");
	pump_until(f->io.loop, f->ups == 2);
	close(f->fd);
	link_end(link);
	assert_int_equal(f->gones, 1);
	assert_int_equal(f->downs, 2);
}

// A device on another node is asked for below /n, which is the caller's to resolve; and what the
// device must satisfy is asked of it.
static struct op_head dialled;
static struct stream *dial_nowhere(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	op_head_finish(&dialled);
	assert_true(op_head_copy(&dialled, head));
	op_refuse(refusal, OP_EUNREACH, "nowhere");
	return NULL;
}

static void test_where_and_want(void **state) {
	struct fixture *f = *state;
	const struct caller nowhere = {.open = dial_nowhere};
	f->linker.caller = &nowhere;
	house_check(&f->io, "op/1 link\nname /out\nwant display!*!lan\ndevice "
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/display/0\n\n",
		"ok\nname /out/0\n\n");
	assert_string_equal(op_get(&dialled, OP_F_NAME),
		"/n/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/display/0");
	assert_string_equal(op_get(&dialled, OP_F_WANT), "display!*!lan");
	net_linker_finish(&f->linker);
	op_head_finish(&dialled);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		LINK_TEST(test_output),
		LINK_TEST(test_input),
		LINK_TEST(test_subject),
		LINK_TEST(test_grant),
		LINK_TEST(test_follow),
		LINK_TEST(test_absent_device),
		LINK_TEST(test_device_vanishes_and_returns),
		LINK_TEST(test_retry_when_told),
		LINK_TEST(test_refused),
		LINK_TEST(test_let_go),
		LINK_TEST(test_many_and_only),
		LINK_TEST(test_dropped),
		LINK_TEST(test_single),
		LINK_TEST(test_io_box_goes),
		LINK_TEST(test_ended_by_its_user),
		LINK_TEST(test_take_fd),
		LINK_TEST(test_where_and_want),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
