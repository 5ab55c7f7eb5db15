/* SPDX-License-Identifier: MIT */
/*
 * house.c - a server with boxes to try it on.
 */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/spawn.h"
#include "side.h"

const struct subject ann = {.person = "ann", .machine = "pc"};
const struct subject bob = {.person = "bob", .machine = "laptop"};

static struct house *house_of(const struct req *req) {
	return req->box->data;
}

// /store

static void store_data(struct req *req, const void *bytes, size_t size) {
	assert_true(buf_append(&house_of(req)->storing, bytes, size));
}

static void store_frame(struct req *req, const struct frame *frame) {
	assert_true(buf_append(&house_of(req)->storing, frame->payload, frame->size));
}

static void store_end(struct req *req) {
	struct house *house = house_of(req);
	buf_finish(&house->stored);
	house->stored = house->storing;
	buf_init(&house->storing);
	house->ends++;
	req_ok(req);
}

static void store_gone(struct req *req) {
	struct house *house = house_of(req);
	buf_finish(&house->storing);
	house->gones++;
}

static void store_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = store_data, .frame = store_frame, .end = store_end, .gone = store_gone};
	req->events = &events;
	if (op_body_of(req->head, NULL) == OP_BODY_NONE) {
		req_fail(req, OP_EARG, "putmem needs a body");
	}
}

static void store_getmem(struct box *box, struct req *req) {
	struct house *house = box->data;
	req_ok_bytes(req, buf_front(&house->stored), house->stored.size);
}

static const struct box_type store_type = {
	.name = "store",
	.fn = {[OP_PUTMEM] = store_putmem, [OP_GETMEM] = store_getmem},
	.takes_body = 1 << OP_PUTMEM,
};

// /pour

static void pour(struct req *req) {
	struct house *house = house_of(req);
	bool more = true;
	while (more && house->poured < house->pour_size) {
		uint8_t bytes[10000];
		size_t size = house->pour_size - house->poured;
		size = size < sizeof(bytes) ? size : sizeof(bytes);
		for (size_t i = 0; i < size; i++) {
			bytes[i] = pattern(house->poured + i);
		}
		house->poured += size;
		more = req_write(req, bytes, size);
		size_t queued = req_queued(req);
		house->most_queued = queued > house->most_queued ? queued : house->most_queued;
	}
	if (more) {
		req_end(req, NULL);
	}
}

static void count_gone(struct req *req) {
	struct house *house = house_of(req);
	house->gones++;
	house->waiting = house->waiting == req ? NULL : house->waiting;
}

static void pour_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.drained = pour, .gone = count_gone};
	struct house *house = box->data;
	house->poured = house->most_queued = 0;
	req->events = &events;
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	pour(req);
}

static const struct box_type pour_type = {.name = "pour", .fn = {[OP_GETMEM] = pour_getmem}};

// /echo

static void echo_frame(struct req *req, const struct frame *frame) {
	req_frame(req, frame);
}

static void echo_end(struct req *req) {
	house_of(req)->ends++;
	req_end(req, NULL);
}

static void echo_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.frame = echo_frame, .end = echo_end, .gone = count_gone};
	req->events = &events;
	req_ok_open(req, OP_BODY_FRAMES, 0);
}

static const struct box_type echo_type = {
	.name = "echo", .fn = {[OP_PUTMEM] = echo_putmem}, .takes_body = 1 << OP_PUTMEM};

// /wait

static void wait_data(struct req *req, const void *bytes, size_t size) {
	house_of(req)->taken += size;
}

static void wait_any(struct box *box, struct req *req) {
	static const struct req_events events = {.data = wait_data, .gone = count_gone};
	struct house *house = box->data;
	req->events = &events;
	house->waiting = req;
	house->waits++;
	if (house->pause) {
		req_pause(req, true);
	}
}

static const struct box_type wait_type = {
	.name = "wait",
	.fn = {[OP_PUTMEM] = wait_any, [OP_GETMEM] = wait_any},
	.takes_body = 1 << OP_PUTMEM,
};

// /line

static void line_frame(struct req *req, const struct frame *frame) {
	house_of(req)->taken += frame->size;
}

static void line_end(struct req *req) {
	house_of(req)->ends++;
}

static void line_any(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = wait_data, .frame = line_frame, .end = line_end, .gone = count_gone};
	struct house *house = box->data;
	if (house->refuse != OP_OK) {
		req_fail(req, house->refuse, "the line is busy");
		return;
	}
	req->events = &events;
	house->waiting = req;
	house->opens++;
	subject_print(req->subject, house->opened_by);
	req_ok_open(req, OP_BODY_FRAMES, 0);
}

static const struct box_type line_type = {
	.name = "line",
	.fn = {[OP_PUTMEM] = line_any, [OP_GETMEM] = line_any},
	.takes_body = 1 << OP_PUTMEM,
};

// /who

static void who_getmem(struct box *box, struct req *req) {
	char who[130];
	subject_print(req->subject, who);
	assert_null(op_get(req->head, OP_F_AS));
	req_ok_bytes(req, who, strlen(who));
}

static const struct box_type who_type = {.name = "who", .fn = {[OP_GETMEM] = who_getmem}};

// /huge

static void fill_reply(struct req *req) {
	char title[1024];
	memset(title, 'x', sizeof(title) - 1);
	title[sizeof(title) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		op_add(req_reply(req), OP_F_ARG, title);
	}
}

static void huge_getmem(struct box *box, struct req *req) {
	fill_reply(req);
	req_ok(req);
}

static void huge_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = count_gone};
	req->events = &events;
	fill_reply(req);
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	req_write(req, "into the void", 13);
}

static const struct box_type huge_type = {
	.name = "huge",
	.fn = {[OP_GETMEM] = huge_getmem, [OP_PUTMEM] = huge_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

// /hand

static void handle_child_ended(void *data, int status) {
	struct house *house = data;
	house->child = NULL;
}

static void hand(struct req *req) {
	struct op_refusal refusal;
	struct house *house = house_of(req);
	op_set(req_reply(req), OP_F_VIEW, "key-1");
	int fd = req_hand_over(req, &refusal);
	if (fd < 0) {
		req_refuse(req, &refusal);
		return;
	}
	const struct spawn_fd fds[] = {{.fd = fd, .to = 3}};
	const struct spawn_options options = {
		.argv = house->argv, .exec_fd = -1, .fds = fds, .fds_size = 1, .tty = -1};
	assert_null(house->child);
	house->child = spawn_create(house->loop, &options, handle_child_ended, house);
	assert_non_null(house->child);
	close(fd);
}

static void hand_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {.data = wait_data, .gone = count_gone};
	struct house *house = box->data;
	req->events = &events;
	if (house->pause) {
		req_pause(req, true);
		house->waiting = req;
	} else {
		hand(req);
	}
}

static const struct box_type hand_type = {
	.name = "hand", .fn = {[OP_PUTMEM] = hand_putmem}, .takes_body = 1 << OP_PUTMEM};

void house_hand(struct house *house) {
	struct req *req = house->waiting;
	house->waiting = NULL;
	hand(req);
}

void house_init(struct house *house) {
	static const struct {
		const char *name;
		const struct box_type *type;
	} boxes[] = {
		{"store", &store_type},
		{"pour", &pour_type},
		{"echo", &echo_type},
		{"wait", &wait_type},
		{"who", &who_type},
		{"line", &line_type},
		{"huge", &huge_type},
		{"hand", &hand_type},
	};
	const struct door door = {.subject = ann};
	*house = (struct house){.loop = wl_event_loop_create()};
	strcpy(house->dir, "/tmp/net-test-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	snprintf(house->path, sizeof(house->path), "%s/op", house->dir);
	house->tree = box_tree_create("ann");
	assert_non_null(house->tree);
	for (size_t i = 0; i < sizeof(boxes) / sizeof(boxes[0]); i++) {
		assert_non_null(box_create(box_tree_root(house->tree), boxes[i].name,
			boxes[i].type, NULL, house));
	}
	box_server_init(&house->server, house->loop, house->tree);
	house->server.hands_over = true;
	assert_true(box_server_listen(&house->server, house->path, &door));
	caller_unix_init(&house->caller, house->loop, house->path);
	house->caller.hands_over = true;
}

void house_finish(struct house *house) {
	box_server_finish(&house->server);
	spawn_destroy(house->child);
	box_tree_destroy(house->tree);
	wl_event_loop_destroy(house->loop);
	buf_finish(&house->stored);
	buf_finish(&house->storing);
	assert_int_equal(access(house->path, F_OK), -1);
	assert_int_equal(rmdir(house->dir), 0); // nothing is left there
}

int house_connect(struct house *house) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, house->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void house_ask(struct house *house, const void *bytes, size_t size, bool half,
		struct buf *answer) {
	int fd = house_connect(house);
	pump_send(fd, bytes, size);
	if (half) {
		shutdown(fd, SHUT_WR);
	}
	pump_recv_all(house->loop, fd, answer);
	close(fd);
}

int house_set_up(void **state) {
	struct house *house = malloc(sizeof(*house));
	assert_non_null(house);
	house_init(house);
	*state = house;
	return 0;
}

int house_tear_down(void **state) {
	house_finish(*state);
	free(*state);
	return 0;
}

void house_check(struct house *house, const char *request, const char *expected) {
	struct buf answer;
	buf_init(&answer);
	house_ask(house, request, strlen(request), false, &answer);
	assert_true(buf_append(&answer, "", 1));
	assert_string_equal((const char *)buf_front(&answer), expected);
	buf_finish(&answer);
}
