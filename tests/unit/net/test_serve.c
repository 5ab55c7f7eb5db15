/* SPDX-License-Identifier: MIT */
/*
 * test_serve.c - requests to a real server: who asks, how many at once, bodies both ways with
 * somebody slow, hang-ups. Exchanges that leave the server are in test_taken.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fast_timers.h"
#include "house.h"
#include "side.h"

static void test_store(void **state) {
	struct house *house = *state;
	house_check(house, "op/1 putmem\nname /store\nbody 5\n\nhello", "ok\n\n");
	house_check(house, "op/1 getmem\nname /store\n\n", "ok\nbody 5\n\nhello");
	house_check(house, "op/1 putmem\nname /store\nbody 0\n\n", "ok\n\n");
	house_check(house, "op/1 getmem\nname /store\n\n", "ok\nbody 0\n\n");
	house_check(house, "op/1 delete\nname /store\n\n",
		"no EUNSUPP /store is a box of type store and does not serve delete, but kind, selectors, "
		"getmem, putmem, chinfo\n\n");
}

static void test_broken_body_keeps_the_old(void **state) {
	struct house *house = *state;
	house_check(house, "op/1 putmem\nname /store\nbody 3\n\nold", "ok\n\n");
	int fd = house_connect(house);
	pump_send_text(fd, "op/1 putmem\nname /store\nbody 10\n\nnew");
	pump_quiet(house->loop);
	close(fd);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
	house_check(house, "op/1 getmem\nname /store\n\n", "ok\nbody 3\n\nold");
}

static void test_subject(void **state) {
	struct house *house = *state;
	char own[80];
	const struct door door = {.subject = ann, .trusted = true};
	house_check(house, "op/1 getmem\nname /who\nas bob/laptop\n\n", "ok\nbody 6\n\nann/pc");
	// Behind a trusted door it is believed.
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/own", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	house_check(house, "op/1 getmem\nname /who\n\n", "ok\nbody 6\n\nann/pc");
	house_check(house, "op/1 getmem\nname /who\nas bob\n\n",
		"no EARG a subject is PERSON/MACHINE, not \"bob\"\n\n");
	// bob may not, so it is not there
	house_check(house, "op/1 getmem\nname /who\nas bob/laptop\n\n",
		"no ENOENT no such box /who (box ls / shows what is there)\nttl 1000\n\n");
	box_server_unlisten(&house->server, house->path);
	assert_int_equal(access(house->path, F_OK), -1);
	strcpy(house->path, own);
}

static void look_inside(struct box *box, struct req *req) {
	box_found_box(req, box_inner(box, req->rest));
}

// Who may not any more is told so, whoever finds the box: the tree, or the type of the one around it.
static void test_rights_end(void **state) {
	static const struct box_type walking = {.name = "walking", .walks = true, .look = look_inside};
	struct house *house = *state;
	struct box *root = box_tree_root(house->tree), *store = box_inner(root, "store");
	struct box *walk = box_create(root, "walk", &walking, NULL, NULL);
	struct box *inner = box_create(walk, "inner", store->type, NULL, house);
	assert_non_null(inner);
	for (int i = 0; i < 2; i++) {
		struct buf answer;
		buf_init(&answer);
		int fd = house_connect(house);
		pump_send_text(fd, i == 0 ? "op/1 putmem\nname /store\nbody 10\n\nnew" :
			"op/1 putmem\nname /walk/inner\nbody 10\n\nnew");
		pump_quiet(house->loop);
		assert_int_equal(house->gones, i);
		assert_int_equal(box_set_acl(i == 0 ? store : inner, "owner k", NULL), OP_OK);
		pump_recv_until(house->loop, fd, &answer, "any more\n\n");
		assert_int_equal(house->gones, i + 1);
		buf_finish(&answer);
		close(fd);
	}
	pump_quiet(house->loop);
}

static void test_trace(void **state) {
	struct house *house = *state;
	char name[] = "/tmp/net-trace-XXXXXX", text[4096];
	int file = mkstemp(name), real = dup(STDERR_FILENO);
	assert_true(file >= 0 && real >= 0);
	unlink(name);
	for (int debug = 0; debug < 2; debug++) {
		struct buf answer;
		buf_init(&answer);
		log_init("test", debug ? LOG_DEBUG : LOG_INFO);
		dup2(file, STDERR_FILENO);
		const char request[] = "op/1 getmem\nname /who\n\n";
		house_ask(house, request, strlen(request), false, &answer);
		dup2(real, STDERR_FILENO);
		log_init("test", LOG_INFO);
		buf_finish(&answer);
		ssize_t size = pread(file, text, sizeof(text) - 1, 0);
		assert_true(size >= 0);
		text[size] = '\0';
		assert_int_equal(strstr(text, "> getmem name /who\n") != NULL, debug);
		assert_int_equal(strstr(text, "< ok body 6\n") != NULL, debug);
	}
	close(real);
	close(file);
}

/* Two seconds' worth at once, and then as many as time brings; each subject's own. */
static void test_rate(void **state) {
	struct house *house = *state;
	static const char who[] = "op/1 getmem\nname /who\n\n";
	static const char much[] =
		"no EQUOTA ann/pc begins more than 3 exchanges a second: wait a moment, then ask again\n\n";
	char own[80];
	const struct door door = {.subject = bob};
	house->server.rate.per_second = 3;
	for (int i = 0; i < 6; i++) {
		house_check(house, who, "ok\nbody 6\n\nann/pc");
	}
	house_check(house, who, much);
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/bob", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	house_check(house, who,
		"no ENOENT no such box /who (box ls / shows what is there)\nttl 1000\n\n");
	box_server_unlisten(&house->server, house->path);
	strcpy(house->path, own);
	fast_timers_pass(333);
	house_check(house, who, much);
	fast_timers_pass(1);
	house_check(house, who, "ok\nbody 6\n\nann/pc");
	house_check(house, who, much);
	fast_timers_pass(1000000);
	for (int i = 0; i < 6; i++) {
		house_check(house, who, "ok\nbody 6\n\nann/pc");
	}
	house_check(house, who, much);
	assert_int_equal(wl_list_length(&house->server.rate.buckets), 1); // bob's is full, and gone
}

static void test_quota(void **state) {
	struct house *house = *state;
	static const char wait[] = "op/1 getmem\nname /wait\n\n";
	int fds[OP_MAX_EXCHANGES];
	for (int i = 0; i < OP_MAX_EXCHANGES; i++) {
		fds[i] = house_connect(house);
		pump_send_text(fds[i], wait);
	}
	pump_until(house->loop, house->waits == OP_MAX_EXCHANGES);
	house_check(house, wait,
		"no EQUOTA ann/pc has 128 exchanges open already: end one and ask again\n\n");
	// It was ann's: others have their own.
	char own[80];
	const struct door door = {.subject = bob};
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/bob", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	house_check(house, "op/1 getmem\nname /who\n\n",
		"no ENOENT no such box /who (box ls / shows what is there)\nttl 1000\n\n");
	box_server_unlisten(&house->server, house->path);
	strcpy(house->path, own);
	close(fds[7]);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
	house_check(house, "op/1 getmem\nname /who\n\n", "ok\nbody 6\n\nann/pc");
	for (int i = 0; i < OP_MAX_EXCHANGES; i++) {
		if (i != 7) {
			close(fds[i]);
		}
	}
	pump_quiet(house->loop);
	assert_int_equal(house->gones, OP_MAX_EXCHANGES);
	assert_int_equal(wl_list_length(&house->server.served), 0);
}

// All of it, while the server reads; false: it was answered, or hung up, before that.
static bool send_whole(struct house *house, int fd, const void *bytes, size_t size) {
	const char *at = bytes;
	char answer;
	while (size > 0) {
		ssize_t n = send(fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN) {
			return false;
		}
		at += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
		if (recv(fd, &answer, 1, MSG_DONTWAIT | MSG_PEEK) >= 0) {
			return false;
		}
		wl_event_loop_dispatch(house->loop, 0);
	}
	return true;
}

// A frame of size bytes, but for its last one.
static bool send_most(struct house *house, int fd, size_t size) {
	static const char request[] = "op/1 putmem\nname /wait\nbody frames\n\n";
	const struct frame frame = {.kind = FRAME_DATA, .size = size};
	uint8_t header[FRAME_HEADER_SIZE], *payload = calloc(1, size);
	assert_non_null(payload);
	frame_header_encode(&frame, header);
	bool sent = send_whole(house, fd, request, strlen(request))
		&& send_whole(house, fd, header, sizeof(header))
		&& send_whole(house, fd, payload, size - 1);
	free(payload);
	return sent;
}

// What callers of one subject make the server hold is one account, however many exchanges they use.
static void test_held(void **state) {
	struct house *house = *state;
	int fds[OP_MAX_HELD / OP_MAX_FRAME], more;
	char own[80], answer[512];
	const struct door door = {.subject = ann};
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/peer", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	for (int i = 0; i < OP_MAX_HELD / OP_MAX_FRAME; i++) {
		fds[i] = house_connect(house);
		assert_true(send_most(house, fds[i], OP_MAX_FRAME));
	}
	more = house_connect(house);
	assert_false(send_most(house, more, 1024 * 1024));
	ssize_t size = recv(more, answer, sizeof(answer) - 1, 0);
	assert_true(size > 0);
	answer[size] = '\0';
	assert_non_null(strstr(answer, "no EQUOTA more than 64 MiB of frames"));
	close(more);
	more = house_connect(house); // small ones are no burden
	assert_true(send_most(house, more, 1024));
	close(more);
	close(fds[1]);
	pump_quiet(house->loop);
	more = house_connect(house);
	assert_true(send_most(house, more, 1024 * 1024));
	close(more);
	for (int i = 0; i < OP_MAX_HELD / OP_MAX_FRAME; i++) {
		if (i != 1) {
			close(fds[i]);
		}
	}
	pump_quiet(house->loop);
	box_server_unlisten(&house->server, house->path);
	strcpy(house->path, own);
}

// Callers who say nothing count too, and are not kept for ever.
static void test_silent_callers(void **state) {
	struct house *house = *state;
	int fds[OP_MAX_EXCHANGES];
	fast_timers_reset();
	for (int i = 0; i < OP_MAX_EXCHANGES; i++) {
		fds[i] = house_connect(house);
	}
	pump_send_text(fds[0], "op/1 kind\nname"); // no more than others
	pump_quiet(house->loop);
	assert_int_equal(wl_list_length(&house->server.served), OP_MAX_EXCHANGES);
	house_check(house, "",
		"no EQUOTA ann/pc has 128 exchanges open already: end one and ask again\n\n");
	fast_timers_pass(10000);
	pump_until(house->loop, wl_list_empty(&house->server.served));
	assert_int_equal(fast_timers_ms[0], 10000);
	for (int i = 0; i < OP_MAX_EXCHANGES; i++) {
		struct buf answer;
		buf_init(&answer);
		pump_recv_all(house->loop, fds[i], &answer);
		assert_true(buf_holds(&answer,
			"no EARG no whole head came within 10 s: a head ends with an empty line\n\n"));
		buf_finish(&answer);
		close(fds[i]);
	}
	// One that waits for an answer is not meant.
	int fd = house_connect(house);
	pump_send_text(fd, "op/1 getmem\nname /wait\n\n");
	int silent = house_connect(house);
	pump_until(house->loop, house->waits > 0 && wl_list_length(&house->server.served) == 2);
	fast_timers_pass(10000);
	struct buf answer;
	buf_init(&answer);
	pump_recv_all(house->loop, silent, &answer);
	buf_finish(&answer);
	assert_int_equal(wl_list_length(&house->server.served), 1);
	assert_true(pump_recv(fd, &answer));
	assert_int_equal(answer.size, 0);
	buf_finish(&answer);
	close(fd);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
	close(silent);
	pump_quiet(house->loop);
}

static void test_gone(void **state) {
	struct house *house = *state;
	static const char *const requests[] = {
		"op/1 getmem\nname /wait\n\n",
		"op/1 putmem\nname /wait\nbody 10\n\n12345",
		"op/1 putmem\nname /wait\nbody 10\n\n1234567890",
		"op/1 putmem\nname /wait\nbody chunks\n\n",
	};
	for (int i = 0; i < 8; i++) {
		house->gones = house->waits = 0;
		house->pause = i >= 4;
		house->taken = 0;
		int fd = house_connect(house);
		pump_send_text(fd, requests[i % 4]);
		pump_until(house->loop, house->waits > 0);
		pump_quiet(house->loop);
		assert_int_equal(house->taken, i == 1 ? 5 : i == 2 ? 10 : 0);
		close(fd);
		pump_quiet(house->loop);
		assert_int_equal(house->gones, 1);
		assert_true(wl_list_empty(&house->server.served));
	}
}

// A reader that stalls makes the server hold one mark's worth, and then gets all of it.
static void test_stalled_reader(void **state) {
	struct house *house = *state;
	struct side side;
	house->pour_size = 8 * 1024 * 1024 + 3;
	side_init(&side, house->loop, house_connect(house), OP_REPLY);
	side.pause_at_head = true;
	struct op_head head;
	op_head_init_request(&head, OP_GETMEM);
	op_set(&head, OP_F_NAME, "/pour");
	assert_int_equal(exchange_send_head(side.exchange, &head, NULL), OP_OK);
	op_head_finish(&head);
	pump_until(house->loop, side.heads > 0);
	pump_quiet(house->loop);
	assert_true(house->poured < 1024 * 1024);
	assert_int_equal(side.payload.size, 0);
	exchange_pause(side.exchange, false);
	pump_until(house->loop, side.ends + side.gones > 0);
	side_check_payload(&side, house->pour_size);
	assert_true(house->most_queued <= REQ_HIGH_MARK + 10004);
	side_finish(&side);
	pump_quiet(house->loop);
	// And one that hangs up in the middle.
	int fd = house_connect(house);
	pump_send_text(fd, "op/1 getmem\nname /pour\n\n");
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 0);
	close(fd);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
}

// A box that takes nothing makes its caller wait, not the server fill up.
static void test_stalled_box(void **state) {
	struct house *house = *state;
	static uint8_t bytes[100000];
	house->pause = true;
	int fd = house_connect(house);
	pump_send_text(fd, "op/1 putmem\nname /wait\nbody 4000000\n\n");
	pump_until(house->loop, house->waits > 0);
	size_t sent = 0;
	for (ssize_t now = 1; now > 0;) {
		now = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += now > 0 ? (size_t)now : 0;
		pump_quiet(house->loop);
	}
	assert_true(sent <= 2 * 212992);
	assert_int_equal(house->taken, 0);
	req_pause(house->waiting, false);
	pump_quiet(house->loop);
	assert_int_equal(house->taken, sent);
	close(fd);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
}

// A refusal reaches who is still sending, and is followed by an end, not a reset.
static void test_refused_while_sending(void **state) {
	struct house *house = *state;
	static uint8_t bytes[150000];
	struct buf answer;
	buf_init(&answer);
	int fd = house_connect(house);
	pump_send_text(fd, "op/1 putmem\nname /who\nbody 4000000\n\n");
	pump_send(fd, bytes, sizeof(bytes));
	pump_quiet(house->loop);
	assert_int_equal(send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT), -1);
	assert_int_equal(errno, EPIPE);
	pump_recv_all(house->loop, fd, &answer);
	assert_true(buf_holds(&answer,
		"no EUNSUPP /who is a box of type who and does not serve putmem, but"));
	buf_finish(&answer);
	close(fd);
}

static void test_answer_over_the_limit(void **state) {
	struct house *house = *state;
	struct buf answer;
	buf_init(&answer);
	const char request[] = "op/1 getmem\nname /huge\n\n";
	house_ask(house, request, strlen(request), false, &answer);
	assert_true(buf_holds(&answer, "no E2BIG "));
	buf_finish(&answer);
	// Who goes on writing to nobody hears that nobody is there.
	const char open[] = "op/1 putmem\nname /huge\nbody 0\n\n";
	house_ask(house, open, strlen(open), false, &answer);
	assert_true(buf_holds(&answer, "no E2BIG "));
	assert_int_equal(house->gones, 1);
	buf_finish(&answer);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_store),
		HOUSE_TEST(test_broken_body_keeps_the_old),
		HOUSE_TEST(test_subject),
		HOUSE_TEST(test_rights_end),
		HOUSE_TEST(test_trace),
		HOUSE_TEST(test_rate),
		HOUSE_TEST(test_quota),
		HOUSE_TEST(test_held),
		HOUSE_TEST(test_silent_callers),
		HOUSE_TEST(test_gone),
		HOUSE_TEST(test_stalled_reader),
		HOUSE_TEST(test_stalled_box),
		HOUSE_TEST(test_refused_while_sending),
		HOUSE_TEST(test_answer_over_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
