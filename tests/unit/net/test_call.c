/* SPDX-License-Identifier: MIT */
/*
 * test_call.c - the asking side, against a server of this same room, and against bare sockets where
 * a server would have to misbehave.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fast_timers.h"
#include "house.h"
#include "side.h"

struct ask {
	struct call *call;
	struct buf bytes;
	int replies, frames, ends, drains;
	struct op_refusal why;
	char legacy[32];
	bool destroy_in_reply, take_in_reply;
	int fd;
};

static void hear_reply(void *data, const struct op_head *reply) {
	struct ask *ask = data;
	ask->replies++;
	if (ask->take_in_reply) {
		ask->fd = call_take_fd(ask->call);
		ask->call = NULL;
	} else if (ask->destroy_in_reply) {
		call_destroy(ask->call);
		ask->call = NULL;
	}
}

static void hear_bytes(void *data, const void *bytes, size_t size) {
	struct ask *ask = data;
	assert_true(buf_append(&ask->bytes, bytes, size));
}

static void hear_frame(void *data, const struct frame *frame) {
	struct ask *ask = data;
	ask->frames++;
	assert_true(buf_append(&ask->bytes, frame->payload, frame->size));
}

static void hear_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct ask *ask = data;
	const char *legacy = trailer ? op_get(trailer, OP_F_LEGACY) : NULL;
	ask->ends++;
	ask->why = *why;
	snprintf(ask->legacy, sizeof(ask->legacy), "%s", legacy ? legacy : "");
	ask->call = NULL;
}

static void hear_drained(void *data) {
	struct ask *ask = data;
	ask->drains++;
}

static const struct call_events events = {
	.reply = hear_reply,
	.bytes = hear_bytes,
	.frame = hear_frame,
	.ended = hear_ended,
	.drained = hear_drained,
};

static void ask_init(struct ask *ask, struct house *house, enum op_verb verb, const char *name,
		enum op_body body, uint64_t size, const struct subject *subject) {
	struct op_head head;
	*ask = (struct ask){.fd = -1};
	op_head_init_request(&head, verb);
	op_set(&head, OP_F_NAME, name);
	op_set_body(&head, body, size);
	ask->call = call_create(house->loop, &house->caller.caller, &head, subject, &events, ask);
	op_head_finish(&head);
	assert_non_null(ask->call);
	assert_int_equal(ask->replies + ask->ends, 0); // events come from the loop
}

static void ask_finish(struct ask *ask) {
	call_destroy(ask->call);
	buf_finish(&ask->bytes);
}

static bool holds(struct ask *ask, const char *text) {
	return ask->bytes.size == strlen(text) && buf_holds(&ask->bytes, text);
}

static int setup(void **state) {
	struct house *house = malloc(sizeof(*house));
	assert_non_null(house);
	house_init(house);
	*state = house;
	return 0;
}

static int teardown(void **state) {
	struct house *house = *state;
	pump_quiet(house->loop);
	house_finish(house);
	free(house);
	return 0;
}

static void test_forms(void **state) {
	struct house *house = *state;
	struct ask ask;
	ask_init(&ask, house, OP_PUTMEM, "/store", OP_BODY_BYTES, 5, NULL);
	call_send_bytes(ask.call, "hello", 5);
	call_send_end(ask.call); // says nothing that the last byte has not said
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_OK);
	assert_int_equal(ask.replies, 1);
	ask_finish(&ask);
	ask_init(&ask, house, OP_GETMEM, "/store", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_OK);
	assert_true(holds(&ask, "hello"));
	ask_finish(&ask);
	ask_init(&ask, house, OP_PUTMEM, "/store", OP_BODY_CHUNKS, 0, NULL);
	call_send_bytes(ask.call, "in ", 3);
	call_send_bytes(ask.call, "chunks", 6);
	call_send_end(ask.call);
	pump_until(house->loop, ask.ends > 0);
	ask_finish(&ask);
	ask_init(&ask, house, OP_GETMEM, "/store", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.ends > 0);
	assert_true(holds(&ask, "in chunks"));
	ask_finish(&ask);
	ask_init(&ask, house, OP_PUTMEM, "/echo", OP_BODY_FRAMES, 0, NULL);
	pump_until(house->loop, ask.replies > 0); // before its body has begun
	const struct frame frame = {.kind = FRAME_DATA, .payload = "frame", .size = 5};
	call_send_frame(ask.call, &frame);
	pump_until(house->loop, ask.frames > 0);
	call_send_end(ask.call);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_OK);
	assert_true(holds(&ask, "frame"));
	ask_finish(&ask);
}

static void test_refused(void **state) {
	struct house *house = *state;
	struct ask ask;
	ask_init(&ask, house, OP_GETMEM, "/nothing", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.replies, 1);
	assert_int_equal(ask.why.code, OP_ENOENT);
	assert_string_equal(ask.why.sentence,
		"no such box /nothing (box ls / shows what is there)");
	ask_finish(&ask);
	// While much of the body is still to be sent.
	static uint8_t large[1000000];
	ask_init(&ask, house, OP_PUTMEM, "/who", OP_BODY_CHUNKS, 0, NULL);
	call_send_bytes(ask.call, large, sizeof(large));
	assert_true(call_queued(ask.call) > 500000);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_EUNSUPP);
	ask_finish(&ask);
}

static void test_trailer(void **state) {
	struct house *house = *state;
	struct ask ask;
	ask_init(&ask, house, OP_GETMEM, "/line", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.replies > 0);
	struct op_head trailer;
	op_head_init_reply(&trailer);
	op_set(&trailer, OP_F_LEGACY, "signal 9");
	req_end(house->waiting, &trailer);
	op_head_finish(&trailer);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_OK);
	assert_string_equal(ask.legacy, "signal 9");
	ask_finish(&ask);
	ask_init(&ask, house, OP_GETMEM, "/line", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.replies > 0);
	req_end_fail(house->waiting, OP_EBUSY, "taken back");
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_EBUSY);
	assert_string_equal(ask.why.sentence, "taken back");
	ask_finish(&ask);
	ask_init(&ask, house, OP_GETMEM, "/line", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.replies > 0);
	req_abort(house->waiting);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_ELOST);
	ask_finish(&ask);
}

static void test_nobody_there(void **state) {
	struct house *house = *state;
	struct ask ask;
	house->caller.path = "/tmp/no/such/op";
	ask_init(&ask, house, OP_GETMEM, "/store", OP_BODY_CHUNKS, 0, NULL);
	call_send_bytes(ask.call, "x", 1); // harmless
	call_pause(ask.call, true);
	assert_int_equal(call_queued(ask.call), 0);
	assert_int_equal(call_take_fd(ask.call), -1);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.replies, 0);
	assert_int_equal(ask.why.code, OP_EUNREACH);
	assert_string_equal(ask.why.sentence,
		"nobody answers at /tmp/no/such/op: start boxd (systemctl --user start boxd; without "
		"systemd, boxd &)");
	ask_finish(&ask);
	// Destroyed before it could say so.
	ask_init(&ask, house, OP_GETMEM, "/store", OP_BODY_NONE, 0, NULL);
	ask_finish(&ask);
	pump_quiet(house->loop);
	assert_int_equal(ask.ends, 0);
}

static void test_head_over_the_limit(void **state) {
	struct house *house = *state;
	struct op_head head;
	struct ask ask = {0};
	char title[1024];
	memset(title, 'x', sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';
	op_head_init_request(&head, OP_MAKE);
	op_set(&head, OP_F_NAME, "/x");
	for (int i = 0; i < 20; i++) {
		op_add(&head, OP_F_ARG, title);
	}
	ask.call = call_create(house->loop, &house->caller.caller, &head, NULL, &events, &ask);
	op_head_finish(&head);
	assert_int_equal(ask.ends, 0);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_E2BIG);
	ask_finish(&ask);
}

static void test_subject(void **state) {
	struct house *house = *state;
	const struct door door = {.subject = ann, .trusted = true};
	const struct subject laptop = {.person = "ann", .machine = "laptop"};
	char path[80];
	struct ask ask;
	snprintf(path, sizeof(path), "%s/own", house->dir);
	assert_true(box_server_listen(&house->server, path, &door));
	house->caller.path = path;
	ask_init(&ask, house, OP_GETMEM, "/who", OP_BODY_NONE, 0, &laptop);
	pump_until(house->loop, ask.ends > 0);
	assert_true(holds(&ask, "ann/laptop"));
	ask_finish(&ask);
	ask_init(&ask, house, OP_GETMEM, "/who", OP_BODY_NONE, 0, NULL);
	pump_until(house->loop, ask.ends > 0);
	assert_true(holds(&ask, "ann/pc"));
	ask_finish(&ask);
	box_server_unlisten(&house->server, path);
}

static void test_cancel(void **state) {
	struct house *house = *state;
	struct ask ask;
	for (int i = 0; i < 2; i++) {
		house->gones = 0;
		int waits = house->waits;
		ask_init(&ask, house, i ? OP_PUTMEM : OP_GETMEM, "/wait",
			i ? OP_BODY_CHUNKS : OP_BODY_NONE, 0, NULL);
		pump_until(house->loop, house->waits > waits);
		ask_finish(&ask);
		pump_quiet(house->loop);
		assert_int_equal(house->gones, 1);
		assert_int_equal(ask.ends, 0);
	}
	// In the middle of an answer.
	house->pour_size = 50 * 1024 * 1024;
	ask_init(&ask, house, OP_GETMEM, "/pour", OP_BODY_NONE, 0, NULL);
	ask.destroy_in_reply = true;
	pump_until(house->loop, ask.replies > 0);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 2);
	assert_int_equal(ask.ends, 0);
	ask_finish(&ask);
}

static void test_pause(void **state) {
	struct house *house = *state;
	struct ask ask;
	house->pour_size = 3 * 1024 * 1024;
	ask_init(&ask, house, OP_GETMEM, "/pour", OP_BODY_NONE, 0, NULL);
	call_pause(ask.call, true);
	pump_quiet(house->loop);
	assert_int_equal(ask.bytes.size, 0);
	call_pause(ask.call, false);
	pump_until(house->loop, ask.ends > 0);
	assert_int_equal(ask.why.code, OP_OK);
	assert_int_equal(ask.bytes.size, house->pour_size);
	ask_finish(&ask);
	// Back-pressure the other way: a box that takes nothing, then all.
	static uint8_t large[1000000];
	house->pause = true;
	ask_init(&ask, house, OP_PUTMEM, "/wait", OP_BODY_CHUNKS, 0, NULL);
	call_send_bytes(ask.call, large, sizeof(large));
	pump_quiet(house->loop);
	assert_true(call_queued(ask.call) > 500000);
	assert_int_equal(ask.drains, 0);
	req_pause(house->waiting, false);
	pump_until(house->loop, ask.drains > 0);
	assert_int_equal(call_queued(ask.call), 0);
	pump_until(house->loop, house->taken == sizeof(large));
	ask_finish(&ask);
}

// A server of which nobody knows how it will answer.
static int bare_server(struct house *house, struct sockaddr_un *address) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "%.60s/bare", house->dir);
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	house->caller.path = address->sun_path;
	return fd;
}

static void test_bad_servers(void **state) {
	struct house *house = *state;
	static const struct {
		const char *answer;
		enum op_code code;
		const char *sentence;
	} cases[] = {
		{"", OP_ELOST, "outcome unknown: "},
		{"ok\n", OP_ELOST, "outcome unknown: "},
		{"ok\nbody 10\n\nfour", OP_ELOST, "outcome unknown: "},
		{"ok\nbody chunks\n\n", OP_ELOST, "outcome unknown: "},
		{"hello\n\n", OP_EARG, ""},
		{"ok\nbody 3\n\nfour", OP_EARG, "bytes follow the end of the answer"},
		{"no EWHAT x\n\n", OP_EARG, ""},
		{"no ENOENT gone\n\n", OP_ENOENT, "gone"},
		{"ok\n\n", OP_OK, ""},
	};
	struct sockaddr_un address;
	int server = bare_server(house, &address);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int open = 0; open < 2; open++) {
			struct ask ask;
			enum op_body body = open ? OP_BODY_CHUNKS : OP_BODY_NONE;
			ask_init(&ask, house, OP_PUTMEM, "/x", body, 0, NULL);
			int fd = accept(server, NULL, NULL);
			assert_true(fd >= 0);
			pump_send_text(fd, cases[i].answer);
			close(fd);
			pump_until(house->loop, ask.ends > 0);
			pump_quiet(house->loop);
			assert_int_equal(ask.ends, 1);
			size_t size = strlen(cases[i].sentence);
			if (ask.why.code != cases[i].code ||
					strncmp(ask.why.sentence, cases[i].sentence, size) != 0) {
				fail_msg("%s: %s %s", cases[i].answer, op_code_name(ask.why.code),
					ask.why.sentence);
			}
			ask_finish(&ask);
		}
	}
	close(server);
	unlink(address.sun_path);
}

static void test_take_fd(void **state) {
	struct house *house = *state;
	struct ask ask;
	struct buf got;
	house->pour_size = 4000;
	ask_init(&ask, house, OP_GETMEM, "/pour", OP_BODY_NONE, 0, NULL);
	ask.take_in_reply = true;
	pump_until(house->loop, ask.replies > 0);
	assert_true(ask.fd >= 0);
	pump_quiet(house->loop);
	buf_init(&got);
	pump_recv_all(house->loop, ask.fd, &got);
	assert_int_equal(got.size, 4 + 4000 + 4 + strlen("ok\n\n")); // all but the head
	assert_int_equal(ask.ends, 0);
	buf_finish(&got);
	close(ask.fd);
	ask_finish(&ask);
}

static void test_socket_path(void **state) {
	char path[108], longer[300];
	setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
	unsetenv("BOX_OP");
	assert_string_equal(op_socket_path(path), "/run/user/1000/boxland/op");
	setenv("BOX_OP", "/elsewhere", 1);
	assert_string_equal(op_socket_path(path), "/elsewhere");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	setenv("BOX_OP", longer, 1);
	assert_null(op_socket_path(path));
	assert_int_equal(errno, ENAMETOOLONG);
	unsetenv("BOX_OP");
	unsetenv("XDG_RUNTIME_DIR");
	assert_null(op_socket_path(path));
	assert_int_equal(errno, ENOENT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trailer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_over_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subject, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_servers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take_fd, setup, teardown),
		cmocka_unit_test(test_socket_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
