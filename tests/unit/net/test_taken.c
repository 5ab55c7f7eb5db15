/* SPDX-License-Identifier: MIT */
/*
 * test_taken.c - exchanges that leave a real server: handed over to a program, taken over by who forwards
 * them, or given back by him; and what of all that is still open when it ends.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "house.h"
#include "memory_stream.h"
#include "side.h"

static void set_program(struct house *house, const char *program, const char *argument) {
	assert_non_null(program);
	house->argv[0] = program;
	house->argv[1] = argument;
}

static void test_hand_over(void **state) {
	struct house *house = *state;
	static const char request[] = "op/1 putmem\nname /hand\nbody 18\n\nthe body, unpeeked";
	set_program(house, getenv("NET_HANDED"), "18");
	// At once and later; when the body is there already, or not.
	for (int i = 0; i < 4; i++) {
		struct buf answer;
		buf_init(&answer);
		house->pause = i & 1;
		size_t head = strlen(request) - 18;
		int fd = house_connect(house);
		pump_send(fd, request, i & 2 ? strlen(request) : head);
		pump_quiet(house->loop);
		if (house->pause) {
			assert_int_equal(house->taken, 0);
			house_hand(house);
		}
		if (!(i & 2)) {
			pump_recv_until(house->loop, fd, &answer, "ok\nview key-1\n\n");
			pump_send(fd, request + head, 18);
		}
		pump_recv_all(house->loop, fd, &answer);
		assert_true(buf_append(&answer, "", 1));
		assert_string_equal((const char *)buf_front(&answer),
			"ok\nview key-1\n\ngot: the body, unpeeked\nothers: 0\n");
		buf_finish(&answer);
		close(fd);
		pump_until(house->loop, wl_list_empty(&house->server.served));
		assert_int_equal(house->gones, 0);
	}
}

static void test_hand_over_refused(void **state) {
	struct house *house = *state;
	static const char request[] = "op/1 putmem\nname /hand\nbody 4\n\nbody";
	// Not by a stream that is no socket.
	const struct door door = {.subject = ann};
	struct memory_stream memory;
	set_program(house, getenv("NET_HANDED"), "0");
	memory_stream_init(&memory, false);
	box_server_take(&house->server, &memory.stream, &door);
	memory_stream_feed(&memory, request, strlen(request));
	pump_quiet(house->loop);
	assert_true(buf_holds(&memory.written,
		"no EUNSUPP this exchange cannot be handed to a program"));
	assert_true(memory.destroyed && memory.ended && !memory.aborted);
	memory_stream_finish(&memory);
}

// A server that hands nothing over takes what comes, however it comes.
static void test_read_ahead(void **state) {
	struct house *house = *state;
	static const struct {
		const char *pieces[4];
		const char *answer;
	} asked[] = {
		{{"op/1 putmem\nname /store\nbody 6\n\nat one"}, "ok\n\n"},
		{{"op/1 put", "mem\nname /store\nbody 9\n", "\nin p", "ieces"}, "ok\n\n"},
		{{"op/1 getmem\nname /store\n\n"}, "ok\nbody 9\n\nin pieces"},
		{{"op/1 putmem\nname /hand\nbody 4\n\nbody"}, "no EUNSUPP this exchange cannot be handed"},
	};
	house->server.hands_over = false;
	set_program(house, getenv("NET_HANDED"), "0");
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		struct buf answer;
		buf_init(&answer);
		int fd = house_connect(house);
		for (size_t j = 0; j < 4 && asked[i].pieces[j]; j++) {
			pump_send_text(fd, asked[i].pieces[j]);
			pump_quiet(house->loop);
		}
		pump_recv_all(house->loop, fd, &answer);
		assert_true(buf_holds(&answer, asked[i].answer));
		buf_finish(&answer);
		close(fd);
	}
}

// What was handed over is its taker's.
static void test_drop(void **state) {
	struct house *house = *state;
	struct buf answer;
	buf_init(&answer);
	set_program(house, getenv("NET_HANDED"), "1000");
	int wait = house_connect(house), handed = house_connect(house);
	pump_send_text(wait, "op/1 getmem\nname /wait\n\n");
	pump_send_text(handed, "op/1 putmem\nname /hand\nbody 1000\n\n");
	pump_recv_until(house->loop, handed, &answer, "ok\n");
	pump_quiet(house->loop);
	assert_int_equal(wl_list_length(&house->server.served), 1);
	box_server_drop(&house->server, &bob);
	pump_quiet(house->loop);
	assert_int_equal(wl_list_length(&house->server.served), 1);
	box_server_drop(&house->server, &ann);
	assert_int_equal(house->gones, 0); // not under the feet of whoever says so
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
	assert_true(wl_list_empty(&house->server.served));
	buf_finish(&answer);
	pump_recv_all(house->loop, wait, &answer);
	assert_int_equal(answer.size, 0);
	assert_non_null(house->child);
	buf_finish(&answer);
	close(wait);
	close(handed);
	pump_until(house->loop, !house->child);
}

// What forward does next, and what it was told.
struct way {
	struct house *house;
	enum { REFUSE, KEEP, RETURN_LATER, RENAME } next;
	struct exchange *kept;
	struct op_head head;
	struct subject subject;
	int gones;
};

static void way_gone(void *data, const struct op_refusal *why) {
	struct way *way = data;
	way->gones++;
	exchange_destroy(way->kept);
	op_head_finish(&way->head);
	way->kept = NULL;
}

static bool forward(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	static const struct exchange_events events = {.gone = way_gone};
	struct way *way = data;
	struct op_head no;
	switch (way->next) {
	case RENAME:
		op_set(head, OP_F_NAME, "/who");
		return false;
	case REFUSE:
		op_head_init_reply(&no);
		op_refuse(&no.refusal, OP_EUNREACH, "no way");
		exchange_send_head(exchange, &no, NULL);
		op_head_finish(&no);
		exchange_destroy(exchange);
		return true;
	case KEEP:
	case RETURN_LATER:
		exchange_listen(exchange, &events, way);
		exchange_pause(exchange, true);
		assert_true(op_head_copy(&way->head, head));
		way->subject = *subject;
		way->kept = exchange;
		return true;
	}
	return false;
}

static void test_forward(void **state) {
	struct house *house = *state;
	struct way way = {.house = house, .next = REFUSE};
	house->server.forward = forward;
	house->server.data = &way;
	house_check(house, "op/1 putmem\nname /store\nbody 3\n\nabc", "no EUNREACH no way\n\n");
	way.next = RENAME;
	house_check(house, "op/1 getmem\nname /elsewhere\n\n", "ok\nbody 6\n\nann/pc");
	assert_true(wl_list_empty(&house->server.served));
	// Taken over it still counts, and ends with its caller or its subject.
	way.next = KEEP;
	for (int i = 0; i < 2; i++) {
		int fd = house_connect(house);
		pump_send_text(fd, "op/1 getmem\nname /elsewhere\n\n");
		pump_until(house->loop, way.kept);
		assert_int_equal(wl_list_length(&house->server.served), 1);
		if (i == 0) {
			close(fd);
			pump_quiet(house->loop);
		} else {
			box_server_drop(&house->server, &ann);
			pump_quiet(house->loop);
			close(fd);
		}
		assert_int_equal(way.gones, i + 1);
		assert_null(way.kept);
		assert_true(wl_list_empty(&house->server.served));
	}
	house->server.forward = NULL;
}

static void test_give_back(void **state) {
	struct house *house = *state;
	struct way way = {.house = house, .next = RETURN_LATER};
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{"op/1 getmem\nname /who\n\n", "ok\nbody 6\n\nann/pc"},
		{"op/1 putmem\nname /store\nbody 4\n\nbody", "ok\n\n"},
		{"op/1 putmem\nname /store\nbody 0\n\n", "ok\n\n"},
		{"op/1 putmem\nname /hand\nbody 4\n\nbody", "ok\nview key-1\n\ngot: body\nothers: 0\n"},
	};
	set_program(house, getenv("NET_HANDED"), "4");
	house->server.forward = forward;
	house->server.data = &way;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf answer;
		buf_init(&answer);
		int fd = house_connect(house);
		pump_send_text(fd, cases[i].request);
		pump_until(house->loop, way.kept);
		pump_quiet(house->loop);
		exchange_pause(way.kept, false);
		box_server_give_back(&house->server, way.kept, &way.head, &way.subject);
		op_head_finish(&way.head);
		way.kept = NULL;
		pump_recv_all(house->loop, fd, &answer);
		assert_true(buf_append(&answer, "", 1));
		assert_string_equal((const char *)buf_front(&answer), cases[i].answer);
		buf_finish(&answer);
		close(fd);
		pump_until(house->loop, wl_list_empty(&house->server.served));
	}
	assert_int_equal(way.gones, 0);
	house->server.forward = NULL;
}

// What still waits when the server ends is told so; ASan sees that nothing is left.
static void test_finish_with_all_open(void **state) {
	struct house *house = *state;
	struct way way = {.house = house, .next = KEEP};
	set_program(house, getenv("NET_HANDED"), "1000");
	house->pour_size = 4 * 1024 * 1024;
	int fds[5];
	static const char *const requests[] = {
		"op/1 getmem\nname /wait\n\n",
		"op/1 putmem\nname /hand\nbody 1000\n\n",
		"op/1 getmem\nname /pour\n\n",
		"op/1 ki",
		"op/1 getmem\nname /elsewhere\n\n",
	};
	for (int i = 0; i < 5; i++) {
		house->server.forward = i == 4 ? forward : NULL;
		house->server.data = &way;
		fds[i] = house_connect(house);
		pump_send_text(fds[i], requests[i]);
		pump_quiet(house->loop);
	}
	assert_int_equal(wl_list_length(&house->server.served), 4);
	box_server_finish(&house->server);
	assert_int_equal(house->gones, 2);
	assert_int_equal(way.gones, 1);
	box_server_init(&house->server, house->loop, house->tree); // for the teardown
	for (int i = 0; i < 5; i++) {
		close(fds[i]);
	}
	pump_quiet(house->loop);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(test_hand_over),
		HOUSE_TEST(test_hand_over_refused),
		HOUSE_TEST(test_read_ahead),
		HOUSE_TEST(test_drop),
		HOUSE_TEST(test_forward),
		HOUSE_TEST(test_give_back),
		HOUSE_TEST(test_finish_with_all_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
