/* SPDX-License-Identifier: MIT */
/*
 * linking.c - see linking.h. What links promise is said in the tests.
 */
#include "linking.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void note(struct link *link, char what) {
	struct fixture *f = link->data;
	size_t size = strlen(f->text);
	snprintf(f->text + size, sizeof(f->text) - size, "%c%s ", what, link->box->name);
}

static void user_request(struct link *link, struct op_head *head) {
	struct fixture *f = link->data;
	if (f->want_view) {
		op_set(head, OP_F_VIEW, "key-7");
	}
}

static void user_up(struct link *link, const struct op_head *reply) {
	struct fixture *f = link->data;
	assert_int_equal(reply->refusal.code, OP_OK);
	f->ups++;
	note(link, 'u');
	if (f->take_in_up) {
		f->fd = link_take_fd(link);
	}
}

static void user_data(struct link *link, const void *bytes, size_t size) {
	struct fixture *f = link->data;
	f->bytes += size;
}

static void user_frame(struct link *link, const struct frame *frame) {
	struct fixture *f = link->data;
	f->frames++;
}

static void user_drained(struct link *link) {
	struct fixture *f = link->data;
	f->drains++;
}

static void user_down(struct link *link) {
	struct fixture *f = link->data;
	f->downs++;
	note(link, 'd');
	if (f->end_in_down) {
		link_end(link);
	}
}

static void user_gone(struct link *link) {
	struct fixture *f = link->data;
	f->gones++;
	note(link, 'g');
	f->last = f->last == link ? NULL : f->last;
}

#define USER(verb_, single_) \
	{ \
		.verb = verb_, .body = OP_BODY_FRAMES, .single = single_, .request = user_request, \
		.up = user_up, .data = user_data, .frame = user_frame, .drained = user_drained, \
		.down = user_down, .gone = user_gone, \
	}

static const struct link_user input_user = USER(OP_GETMEM, false);
const struct link_user output_user = USER(OP_PUTMEM, false);
static const struct link_user single_user = USER(OP_PUTMEM, true);

static void make_link(struct box *box, struct req *req) {
	struct fixture *f = box->data;
	const struct link_user *user = strcmp(box->name, "in") == 0 ? &input_user :
		strcmp(box->name, "one") == 0 ? &single_user : &output_user;
	struct link *link = f->linker.linker.make(&f->linker.linker, box, req, user, f);
	f->last = link ? link : f->last;
}

static const struct box_type io_type = {.name = "io", .fn = {[OP_LINK] = make_link}};

int linking_set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	house_init(&f->io);
	house_init(&f->devices);
	// One loop for both.
	box_server_finish(&f->devices.server);
	wl_event_loop_destroy(f->devices.loop);
	f->devices.loop = f->io.loop;
	const struct door door = {.subject = ann, .trusted = true};
	box_server_init(&f->devices.server, f->devices.loop, f->devices.tree);
	assert_true(box_server_listen(&f->devices.server, f->devices.path, &door));
	caller_unix_init(&f->devices.caller, f->devices.loop, f->devices.path);
	f->devices.caller.hands_over = true;
	net_linker_init(&f->linker, f->io.loop, &f->devices.caller.caller);
	const char *const names[] = {"in", "out", "one"};
	for (int i = 0; i < 3; i++) {
		assert_non_null(box_create(box_tree_root(f->io.tree), names[i], &io_type, NULL, f));
	}
	f->fd = -1;
	fast_timers_reset();
	*state = f;
	return 0;
}

int linking_tear_down(void **state) {
	struct fixture *f = *state;
	net_linker_finish(&f->linker);
	assert_int_equal(f->ups, f->downs);
	pump_quiet(f->io.loop);
	box_server_finish(&f->devices.server);
	box_tree_destroy(f->devices.tree);
	assert_int_equal(rmdir(f->devices.dir), 0);
	house_finish(&f->io);
	free(f);
	return 0;
}

void devices_leave(struct fixture *f) {
	box_server_finish(&f->devices.server);
	box_server_init(&f->devices.server, f->devices.loop, f->devices.tree);
}

void devices_return(struct fixture *f) {
	const struct door door = {.subject = ann, .trusted = true};
	assert_true(box_server_listen(&f->devices.server, f->devices.path, &door));
}

void check_state(struct fixture *f, const char *name, const char *state) {
	char request[100], line[700];
	struct buf answer;
	buf_init(&answer);
	snprintf(request, sizeof(request), "op/1 kind\nname %s\n\n", name);
	snprintf(line, sizeof(line), "\nstate %s", state);
	house_ask(&f->io, request, strlen(request), false, &answer);
	assert_true(buf_append(&answer, "", 1));
	if (!strstr((const char *)buf_front(&answer), line)) {
		fail_msg("no %s in: %s", line, (const char *)buf_front(&answer));
	}
	assert_true(buf_holds(&answer, "device /line\nby ann/pc\nstarted 1"));
	buf_finish(&answer);
}

int list_waits(int waits[static FAST_TIMERS_MAX]) {
	int found = 0;
	for (int i = 0; i < fast_timers_count; i++) {
		int ms = fast_timers_ms[i];
		if (ms == 100 || ms == 500 || ms == 2000 || ms == 5000) {
			waits[found++] = ms;
		}
	}
	return found;
}

void check_waits(struct wl_event_loop *loop, const int *expected, int count) {
	int waits[FAST_TIMERS_MAX];
	pump_until(loop, list_waits(waits) >= count);
	for (int i = 0; i < count; i++) {
		assert_int_equal(waits[i], expected[i]);
	}
}
