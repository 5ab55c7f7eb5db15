/* SPDX-License-Identifier: MIT */
/*
 * test_serve.c - requests to a real server: who asks, how many at once, bodies both ways with
 * somebody slow, hang-ups, exchanges that are handed over or taken over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fast_timers.h"
#include "house.h"
#include "memory_stream.h"
#include "side.h"

static int setup(void **state) {
	struct house *house = malloc(sizeof(*house));
	assert_non_null(house);
	house_init(house);
	*state = house;
	return 0;
}

static int teardown(void **state) {
	house_finish(*state);
	free(*state);
	return 0;
}

static void check_answer(struct house *house, const char *request, const char *expected) {
	struct buf answer;
	buf_init(&answer);
	house_ask(house, request, strlen(request), false, &answer);
	assert_true(buf_append(&answer, "", 1));
	assert_string_equal((const char *)buf_front(&answer), expected);
	buf_finish(&answer);
}

static void set_program(struct house *house, const char *program, const char *argument) {
	assert_non_null(program);
	house->argv[0] = program;
	house->argv[1] = argument;
}

static void test_store(void **state) {
	struct house *house = *state;
	check_answer(house, "op/1 putmem\nname /store\nbody 5\n\nhello", "ok\n\n");
	check_answer(house, "op/1 getmem\nname /store\n\n", "ok\nbody 5\n\nhello");
	check_answer(house, "op/1 putmem\nname /store\nbody 0\n\n", "ok\n\n");
	check_answer(house, "op/1 getmem\nname /store\n\n", "ok\nbody 0\n\n");
	check_answer(house, "op/1 delete\nname /store\n\n",
		"no EUNSUPP /store is a box of type store and does not serve delete, but kind, selectors, "
		"getmem, putmem, chinfo\n\n");
}

static void test_broken_body_keeps_the_old(void **state) {
	struct house *house = *state;
	check_answer(house, "op/1 putmem\nname /store\nbody 3\n\nold", "ok\n\n");
	int fd = house_connect(house);
	pump_send_text(fd, "op/1 putmem\nname /store\nbody 10\n\nnew");
	pump_quiet(house->loop);
	close(fd);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
	check_answer(house, "op/1 getmem\nname /store\n\n", "ok\nbody 3\n\nold");
}

static void test_subject(void **state) {
	struct house *house = *state;
	char own[80];
	const struct door door = {.subject = ann, .trusted = true};
	check_answer(house, "op/1 getmem\nname /who\nas bob/laptop\n\n", "ok\nbody 6\n\nann/pc");
	// Behind a trusted door it is believed.
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/own", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	check_answer(house, "op/1 getmem\nname /who\n\n", "ok\nbody 6\n\nann/pc");
	check_answer(house, "op/1 getmem\nname /who\nas bob\n\n",
		"no EARG a subject is PERSON/MACHINE, not \"bob\"\n\n");
	// bob may not, so it is not there
	check_answer(house, "op/1 getmem\nname /who\nas bob/laptop\n\n",
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
		check_answer(house, who, "ok\nbody 6\n\nann/pc");
	}
	check_answer(house, who, much);
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/bob", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	check_answer(house, who,
		"no ENOENT no such box /who (box ls / shows what is there)\nttl 1000\n\n");
	box_server_unlisten(&house->server, house->path);
	strcpy(house->path, own);
	fast_timers_pass(333);
	check_answer(house, who, much);
	fast_timers_pass(1);
	check_answer(house, who, "ok\nbody 6\n\nann/pc");
	check_answer(house, who, much);
	fast_timers_pass(1000000);
	for (int i = 0; i < 6; i++) {
		check_answer(house, who, "ok\nbody 6\n\nann/pc");
	}
	check_answer(house, who, much);
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
	check_answer(house, wait,
		"no EQUOTA ann/pc has 128 exchanges open already: end one and ask again\n\n");
	// It was ann's: others have their own.
	char own[80];
	const struct door door = {.subject = bob};
	snprintf(own, sizeof(own), "%s", house->path);
	snprintf(house->path, sizeof(house->path), "%s/bob", house->dir);
	assert_true(box_server_listen(&house->server, house->path, &door));
	check_answer(house, "op/1 getmem\nname /who\n\n",
		"no ENOENT no such box /who (box ls / shows what is there)\nttl 1000\n\n");
	box_server_unlisten(&house->server, house->path);
	strcpy(house->path, own);
	close(fds[7]);
	pump_quiet(house->loop);
	assert_int_equal(house->gones, 1);
	check_answer(house, "op/1 getmem\nname /who\n\n", "ok\nbody 6\n\nann/pc");
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
	check_answer(house, "",
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
	check_answer(house, "op/1 putmem\nname /store\nbody 3\n\nabc", "no EUNREACH no way\n\n");
	way.next = RENAME;
	check_answer(house, "op/1 getmem\nname /elsewhere\n\n", "ok\nbody 6\n\nann/pc");
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
		cmocka_unit_test_setup_teardown(test_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_body_keeps_the_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subject, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rights_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quota, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent_callers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stalled_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stalled_box, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_while_sending, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answer_over_the_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hand_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hand_over_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forward, setup, teardown),
		cmocka_unit_test_setup_teardown(test_give_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finish_with_all_open, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
