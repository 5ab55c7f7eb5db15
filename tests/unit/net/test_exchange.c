/* SPDX-License-Identifier: MIT */
/*
 * test_exchange.c - what an exchange says of well-made halves, over real sockets: whole, byte by
 * byte, at once both ways, paused, cut at every byte.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "side.h"

static const enum op_body forms[] = {OP_BODY_NONE, OP_BODY_BYTES, OP_BODY_CHUNKS, OP_BODY_FRAMES};
#define FORMS ((int)(sizeof(forms) / sizeof(forms[0])))

static int setup(void **state) {
	*state = wl_event_loop_create();
	return *state ? 0 : -1;
}

static int teardown(void **state) {
	wl_event_loop_destroy(*state);
	return 0;
}

static const char *verb_for(enum op_body body) {
	return body == OP_BODY_NONE ? "getmem" : "putmem";
}

static size_t size_of(enum op_body body, size_t size) {
	return body == OP_BODY_NONE ? 0 : size;
}

static void check_whole(struct side *side, enum op_body body, size_t size) {
	assert_int_equal(side->heads, 1);
	assert_int_equal(side->ends, 1);
	assert_int_equal(side->gones, 0);
	side_check_payload(side, size_of(body, size));
	bool trailer = body == OP_BODY_CHUNKS || body == OP_BODY_FRAMES;
	assert_int_equal(strstr(side_heard(side), "legacy \"exit 0\"") != NULL, trailer);
}

// Each form of a request against each form of an answer, both on their way at the same time.
static void both_ways(struct wl_event_loop *loop, size_t size) {
	for (int i = 0; i < FORMS * FORMS; i++) {
		enum op_body asked = forms[i / FORMS], answered = forms[i % FORMS];
		struct side client, server;
		int a, b;
		pump_pair(&a, &b);
		side_init(&client, loop, a, OP_REPLY);
		side_init(&server, loop, b, OP_REQUEST);
		side_send(&client, verb_for(asked), asked, size);
		side_send(&server, "ok", answered, size);
		pump_until(loop, client.ends + client.gones > 0 && server.ends + server.gones > 0);
		pump_quiet(loop);
		check_whole(&server, asked, size);
		check_whole(&client, answered, size);
		assert_true(exchange_over(client.exchange) && exchange_over(server.exchange));
		side_finish(&client);
		side_finish(&server);
		pump_quiet(loop);
	}
}

static void test_small_both_ways(void **state) {
	both_ways(*state, 0);
	both_ways(*state, 1);
	both_ways(*state, 2500);
}

static void test_large_both_ways(void **state) {
	both_ways(*state, 3 * 1024 * 1024 + 17);
}

// What a side sends, as bytes.
static void capture(struct wl_event_loop *loop, const char *first, enum op_body body, size_t size,
		struct buf *into) {
	struct side side;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, strcmp(first, "ok") == 0 ? OP_REQUEST : OP_REPLY);
	side_send(&side, first, body, size);
	pump_quiet(loop);
	side_finish(&side);
	pump_quiet(loop);
	buf_init(into);
	pump_recv(ours, into);
	close(ours);
}

static void test_byte_by_byte(void **state) {
	struct wl_event_loop *loop = *state;
	for (int i = 0; i < 2 * FORMS; i++) {
		enum op_body body = forms[i % FORMS];
		bool asks = i < FORMS;
		struct side side;
		struct buf bytes;
		int theirs, ours;
		capture(loop, asks ? verb_for(body) : "ok", body, 2500, &bytes);
		pump_pair(&theirs, &ours);
		side_init(&side, loop, theirs, asks ? OP_REQUEST : OP_REPLY);
		for (size_t at = 0; at < bytes.size; at++) {
			assert_int_equal(side.ends, 0);
			pump_send(ours, buf_front(&bytes) + at, 1);
			pump_quiet(loop);
		}
		check_whole(&side, body, 2500);
		side_finish(&side);
		close(ours);
		buf_finish(&bytes);
	}
}

// Each cut of each form: one gone and no end for all but the whole; then an end, and a gone only if
// somebody still waits for an answer.
static void cut(struct wl_event_loop *loop, bool asks, enum op_body body, bool half) {
	struct buf bytes;
	capture(loop, asks ? verb_for(body) : "ok", body, 30, &bytes);
	int before = pump_count_fds();
	for (size_t size = 0; size <= bytes.size; size++) {
		struct side side;
		int theirs, ours;
		bool whole = size == bytes.size;
		pump_pair(&theirs, &ours);
		side_init(&side, loop, theirs, asks ? OP_REQUEST : OP_REPLY);
		if (!asks) {
			side_send(&side, "getmem", OP_BODY_NONE, 0);
		}
		pump_quiet(loop);
		pump_send(ours, buf_front(&bytes), size);
		pump_quiet(loop);
		shutdown(ours, half ? SHUT_WR : SHUT_RDWR);
		pump_quiet(loop);
		assert_int_equal(side.ends, whole);
		assert_int_equal(side.gones, whole ? asks && !half : 1);
		if (side.gones && (!asks || !half || size == 0)) {
			assert_int_equal(side.why.code, OP_ELOST);
		} else if (side.gones) {
			assert_int_equal(side.why.code, OP_EARG);
		}
		// A request cut by a half-close can still be told.
		struct buf told;
		buf_init(&told);
		pump_recv(ours, &told);
		assert_int_equal(buf_holds(&told, "no EARG the request stops"),
			asks && half && size > 0 && !whole);
		buf_finish(&told);
		side_finish(&side);
		close(ours);
		pump_quiet(loop);
		assert_int_equal(pump_count_fds(), before);
	}
	buf_finish(&bytes);
}

static void test_cut_at_every_byte(void **state) {
	for (int i = 0; i < FORMS; i++) {
		cut(*state, true, forms[i], false);
		cut(*state, true, forms[i], true);
		cut(*state, false, forms[i], false);
		cut(*state, false, forms[i], true);
	}
}

static const char kind_request[] = "op/1 kind\nname /\n\n";

// A half-close says nothing more will come. It must not keep the loop awake, and a full close
// behind it must still be heard.
static void test_half_close_is_quiet(void **state) {
	struct wl_event_loop *loop = *state;
	struct side side;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	pump_send_text(ours, kind_request);
	shutdown(ours, SHUT_WR);
	pump_quiet(loop);
	assert_string_equal(side_heard(&side), "head: > kind name /\nend: -\n");
	close(ours);
	pump_quiet(loop);
	assert_int_equal(side.gones, 1);
	assert_int_equal(side.why.code, OP_ELOST);
	side_finish(&side);
}

static void test_half_close_then_answer(void **state) {
	struct wl_event_loop *loop = *state;
	struct side side;
	struct buf answer;
	int theirs, ours;
	buf_init(&answer);
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	pump_send_text(ours, kind_request);
	shutdown(ours, SHUT_WR);
	pump_quiet(loop);
	side_send(&side, "ok", OP_BODY_CHUNKS, 500000); // more than the socket takes
	side_finish(&side);
	pump_recv_all(loop, ours, &answer);
	assert_true(answer.size > 500000);
	assert_true(buf_holds(&answer, "ok\nlegacy exit 0\n\n"));
	assert_int_equal(side.gones, 0);
	buf_finish(&answer);
	close(ours);
}

static void test_cancel_while_paused(void **state) {
	struct wl_event_loop *loop = *state;
	struct side side;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	side.pause_at_head = true;
	pump_send_text(ours, "op/1 putmem\nname /x\nbody 4\n\nfour");
	pump_quiet(loop);
	assert_int_equal(side.payload.size, 0);
	close(ours);
	pump_quiet(loop);
	assert_int_equal(side.gones, 1);
	assert_int_equal(side.ends, 0);
	side_finish(&side);
}

// An answer is no less whole because its server has closed, whatever the asker still does.
static void test_answer_outlives_its_server(void **state) {
	struct wl_event_loop *loop = *state;
	for (int open = 0; open < 2; open++) {
		struct side side;
		int theirs, ours;
		pump_pair(&theirs, &ours);
		side_init(&side, loop, theirs, OP_REPLY);
		enum op_body body = open ? OP_BODY_CHUNKS : OP_BODY_NONE;
		side_send_head(&side, verb_for(body), body, 0);
		side.pause_at_head = true;
		pump_quiet(loop);
		pump_send_text(ours, "ok\nbody chunks\n\n");
		pump_quiet(loop);
		pump_send(ours, "\0\0\0\3one\0\0\0\0no EIO disk\n\n", 4 + 3 + 4 + 13);
		close(ours);
		pump_quiet(loop);
		assert_string_equal(side_heard(&side), "head: < ok body chunks\n");
		if (open) {
			side_send_body(&side, OP_BODY_CHUNKS, 0, 100000); // goes nowhere
			pump_quiet(loop);
		}
		exchange_pause(side.exchange, false);
		pump_quiet(loop);
		assert_int_equal(side.payload.size, 3);
		assert_non_null(strstr(side_heard(&side), "end: < no EIO disk\n"));
		assert_int_equal(side.gones, open); // our half could not be ended any more
		side_finish(&side);
	}
}

static void test_early_ok(void **state) {
	struct wl_event_loop *loop = *state;
	struct side client, server;
	int a, b;
	pump_pair(&a, &b);
	side_init(&client, loop, a, OP_REPLY);
	side_init(&server, loop, b, OP_REQUEST);
	side_send_head(&client, "putmem", OP_BODY_FRAMES, 0);
	side_send_body(&client, OP_BODY_FRAMES, 0, 1000);
	pump_quiet(loop);
	side_send_head(&server, "ok", OP_BODY_CHUNKS, 0);
	side_send_body(&server, OP_BODY_CHUNKS, 0, 10);
	pump_quiet(loop);
	assert_int_equal(client.heads, 1);
	side_check_payload(&client, 10);
	side_send_body(&client, OP_BODY_FRAMES, 1000, 1000);
	pump_quiet(loop);
	side_check_payload(&server, 2000);
	// The answer is whole first, and the request goes on.
	side_send_end(&server, OP_BODY_CHUNKS);
	pump_quiet(loop);
	assert_int_equal(client.ends, 1);
	side_send_body(&client, OP_BODY_FRAMES, 2000, 300000);
	side_send_end(&client, OP_BODY_FRAMES);
	pump_quiet(loop);
	side_check_payload(&server, 302000);
	assert_int_equal(server.ends, 1);
	assert_int_equal(client.gones + server.gones, 0);
	side_finish(&client);
	side_finish(&server);
}

// The whole request is written and its sender gone before we look, once our answer is out.
static void test_request_outlives_its_caller(void **state) {
	struct wl_event_loop *loop = *state;
	struct side side;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	side.pause_at_head = true;
	pump_send_text(ours, "op/1 putmem\nname /x\nbody 4\n\n");
	pump_quiet(loop);
	side_send(&side, "ok", OP_BODY_NONE, 0);
	pump_quiet(loop);
	pump_send_text(ours, "four");
	close(ours);
	pump_quiet(loop);
	assert_int_equal(side.ends + side.gones, 0);
	exchange_pause(side.exchange, false);
	pump_quiet(loop);
	assert_int_equal(side.ends, 1);
	assert_int_equal(side.gones, 0);
	side_finish(&side);
}

static void test_pause_loses_nothing(void **state) {
	struct wl_event_loop *loop = *state;
	for (int i = 1; i < FORMS; i++) {
		struct side client, server;
		int a, b, pauses = 0;
		pump_pair(&a, &b);
		side_init(&client, loop, a, OP_REPLY);
		side_init(&server, loop, b, OP_REQUEST);
		server.pause_at_head = server.pause_always = true;
		side_send(&client, "putmem", forms[i], 400000);
		while (server.ends == 0) {
			size_t had = server.payload.size;
			pump_quiet(loop);
			assert_true(server.payload.size - had <= 65536);
			assert_int_equal(server.gones, 0);
			exchange_pause(server.exchange, false);
			assert_int_equal(server.payload.size, had); // events come from the loop
			pauses++;
			pump_quiet(loop);
		}
		assert_true(pauses > 5);
		side_check_payload(&server, 400000);
		side_finish(&client);
		side_finish(&server);
	}
}

// Who reads nothing makes its writer hold no more than the writer chose to queue, and a paused
// reader takes nothing out of the socket.
static void test_stalled_reader(void **state) {
	struct wl_event_loop *loop = *state;
	struct side client, server;
	int a, b;
	pump_pair(&a, &b);
	side_init(&client, loop, a, OP_REPLY);
	side_init(&server, loop, b, OP_REQUEST);
	server.pause_at_head = true;
	side_send_head(&client, "putmem", OP_BODY_CHUNKS, 0);
	pump_quiet(loop);
	size_t written = 0;
	while (exchange_queued(client.exchange) <= 256 * 1024) {
		side_send_body(&client, OP_BODY_CHUNKS, written, 10000);
		written += 10000;
		pump_quiet(loop);
	}
	// The queue, a socket's buffer, and nothing anywhere else.
	assert_true(written < 256 * 1024 + 2 * 212992 + 10000);
	assert_int_equal(server.payload.size, 0);
	assert_int_equal(client.drains, 0);
	exchange_pause(server.exchange, false);
	pump_until(loop, client.drains > 0);
	assert_int_equal(exchange_queued(client.exchange), 0);
	side_send_end(&client, OP_BODY_CHUNKS);
	pump_until(loop, server.ends > 0);
	side_check_payload(&server, written);
	side_finish(&client);
	side_finish(&server);
}

static void test_destroyed_unfinished_is_a_cut(void **state) {
	struct wl_event_loop *loop = *state;
	struct side client, server;
	int a, b;
	// The server breaks its answer off.
	pump_pair(&a, &b);
	side_init(&client, loop, a, OP_REPLY);
	side_init(&server, loop, b, OP_REQUEST);
	side_send(&client, "getmem", OP_BODY_NONE, 0);
	pump_quiet(loop);
	side_send_head(&server, "ok", OP_BODY_BYTES, 10);
	side_send_body(&server, OP_BODY_BYTES, 0, 4);
	side_finish(&server);
	pump_quiet(loop);
	assert_int_equal(client.ends, 0);
	assert_int_equal(client.gones, 1);
	side_finish(&client);
	// The client, which has asked all, hangs up before it was answered.
	pump_pair(&a, &b);
	side_init(&client, loop, a, OP_REPLY);
	side_init(&server, loop, b, OP_REQUEST);
	side_send(&client, "getmem", OP_BODY_NONE, 0);
	pump_quiet(loop);
	side_finish(&client);
	pump_quiet(loop);
	assert_int_equal(server.gones, 1);
	assert_int_equal(server.why.code, OP_ELOST);
	side_finish(&server);
}

// A program that was handed an exchange: what lay in its socket, and both ends.
static void test_adopt(void **state) {
	struct wl_event_loop *loop = *state;
	struct side client, server, child;
	int a, b;
	pump_pair(&a, &b);
	side_init(&client, loop, a, OP_REPLY);
	side_init(&server, loop, b, OP_REQUEST);
	server.pause_at_head = true;
	side_send_head(&client, "putmem", OP_BODY_FRAMES, 0);
	side_send_body(&client, OP_BODY_FRAMES, 0, 5000);
	pump_quiet(loop);
	side_send_head(&server, "ok", OP_BODY_FRAMES, 0);
	int fd = exchange_take_fd(server.exchange); // and ok has left
	assert_true(fd >= 0);
	side_finish(&server);
	side_adopt(&child, loop, fd);
	pump_quiet(loop);
	assert_int_equal(client.heads, 1);
	side_check_payload(&child, 5000);
	side_send_body(&child, OP_BODY_FRAMES, 0, 100);
	side_send_end(&child, OP_BODY_FRAMES);
	side_send_end(&client, OP_BODY_FRAMES);
	pump_quiet(loop);
	side_check_payload(&client, 100);
	assert_int_equal(client.ends, 1);
	assert_int_equal(child.ends, 1);
	assert_int_equal(client.gones + child.gones, 0);
	side_finish(&child);
	side_finish(&client);
}

static void test_take_fd(void **state) {
	struct wl_event_loop *loop = *state;
	struct side side;
	struct buf rest;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	assert_int_equal(exchange_take_fd(side.exchange), -1); // no head yet
	side.pause_at_head = true;
	pump_send_text(ours, "op/1 putmem\nname /x\nbody chunks\n\nbehind the head");
	pump_quiet(loop);
	int fd = exchange_take_fd(side.exchange);
	assert_true(fd >= 0);
	side_finish(&side);
	pump_quiet(loop);
	buf_init(&rest);
	pump_recv(fd, &rest);
	assert_int_equal(rest.size, strlen("behind the head"));
	assert_true(buf_holds(&rest, "behind the head"));
	buf_finish(&rest);
	close(fd);
	close(ours);
	// Once part of the body was read there is no way back.
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	pump_send_text(ours, "op/1 putmem\nname /x\nbody 9\n\nfive.");
	pump_quiet(loop);
	assert_int_equal(exchange_take_fd(side.exchange), -1);
	pump_send_text(ours, "nine");
	pump_quiet(loop);
	assert_int_equal(side.ends, 1); // and nothing has changed
	side_finish(&side);
	close(ours);
}

static void test_cut_from_outside(void **state) {
	struct wl_event_loop *loop = *state;
	struct side side;
	struct buf answer;
	int theirs, ours;
	pump_pair(&theirs, &ours);
	side_init(&side, loop, theirs, OP_REQUEST);
	pump_send_text(ours, kind_request);
	pump_quiet(loop);
	exchange_cut(side.exchange, OP_EPERM, "not known");
	assert_int_equal(side.gones, 1);
	assert_int_equal(side.why.code, OP_EPERM);
	buf_init(&answer);
	pump_recv_all(loop, ours, &answer);
	assert_int_equal(answer.size, 0);
	buf_finish(&answer);
	side_finish(&side);
	close(ours);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_both_ways),
		cmocka_unit_test(test_large_both_ways),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_half_close_is_quiet),
		cmocka_unit_test(test_half_close_then_answer),
		cmocka_unit_test(test_cancel_while_paused),
		cmocka_unit_test(test_answer_outlives_its_server),
		cmocka_unit_test(test_early_ok),
		cmocka_unit_test(test_request_outlives_its_caller),
		cmocka_unit_test(test_pause_loses_nothing),
		cmocka_unit_test(test_stalled_reader),
		cmocka_unit_test(test_destroyed_unfinished_is_a_cut),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_take_fd),
		cmocka_unit_test(test_cut_from_outside),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
