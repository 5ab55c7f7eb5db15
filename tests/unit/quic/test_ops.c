/* SPDX-License-Identifier: MIT */
/*
 * test_ops.c - Op between two nodes: calls of net/call.c, answered by net/serve.c, with QUIC between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "box/box.h"
#include "net/call.h"
#include "net/serve.h"
#include "quic/quic_private.h"
#include "unit/quic/town.h"
#include "unit/quic/wire.h"

/* A box that takes bytes, and plays frames. */
struct player {
	struct box *box;
	uint64_t taken;
	struct req *req; // the last live one
	int gone, frames;
	bool ended;
	char by[130];
};

struct house {
	struct town town;
	struct persona ann, bob;
	struct node den, pc;
	struct wire wire;
	struct box_tree *tree;
	struct box_server server;
	struct player player;
	struct caller caller;
	struct peer *to;
};

struct asker {
	struct call *call;
	struct buf bytes;
	int replies, frames, ended;
	enum op_code reply;
	int in_order; // of them
	struct op_refusal why;
};

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct player *player = req->data;
	player->taken += size;
}

static void put_frame(struct req *req, const struct frame *frame) {
	struct player *player = req->data;
	player->frames++;
}

static void put_end(struct req *req) {
	struct player *player = req->data;
	player->ended = true;
	req_ok(req);
}

static void put_gone(struct req *req) {
	struct player *player = req->data;
	player->gone++;
	player->req = NULL;
}

static const struct req_events put_events = {
	.data = put_data,
	.frame = put_frame,
	.end = put_end,
	.gone = put_gone,
};

static void player_putmem(struct box *box, struct req *req) {
	req->data = box->data;
	req->events = &put_events;
}

static const struct req_events play_events = {.gone = put_gone};

static void player_getmem(struct box *box, struct req *req) {
	struct player *player = box->data;
	req->data = player;
	req->events = &play_events;
	player->req = req;
	subject_print(req->subject, player->by);
	req_ok_open(req, OP_BODY_FRAMES, 0);
	for (uint32_t i = 1; i <= 20; i++) {
		uint8_t bytes[30000] = {0};
		struct frame frame = {.kind = i % 2 ? FRAME_VIDEO : FRAME_DATA, .sequence = i, .base = i,
			.payload = bytes, .size = sizeof(bytes)};
		req_frame(req, &frame);
	}
	if (!op_has(req->head, OP_F_LIVE)) {
		player->req = NULL;
		req_end(req, NULL);
	}
}

static const struct box_type player_type = {
	.name = "player",
	.fn = {[OP_GETMEM] = player_getmem, [OP_PUTMEM] = player_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static void handle_stream(void *data, struct peer *peer, struct stream *stream) {
	struct house *h = data;
	struct door door = {.subject = peer->subject, .trusted = false};
	box_server_take(&h->server, stream, &door);
}

static void handle_peer(void *data, struct peer *peer) {
}

static const struct quic_events events = {
	.stream = handle_stream,
	.peer_changed = handle_peer,
	.peer_gone = handle_peer,
};

static struct stream *open_stream(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct house *h = data;
	return quic_open(h->pc.quic, h->to, refusal);
}

static int set_up(void **state) {
	struct house *h = calloc(1, sizeof(*h));
	assert_non_null(h);
	town_init(&h->town);
	persona_init(&h->ann, "ann");
	persona_init(&h->bob, "bob");
	node_init(&h->den, &h->town, "den", &h->ann);
	node_init(&h->pc, &h->town, "pc", &h->bob);
	introduce(&h->den, &h->pc, 0);
	wire_init(&h->wire, h->town.loop, quic_port(h->den.quic));
	h->to = introduce(&h->pc, &h->den, h->wire.port);
	h->den.quic->events = &events; // the room's owner is the server now
	h->den.quic->data = h;
	struct op_refusal why;
	h->tree = box_tree_create("ann");
	h->player.box = box_create(box_tree_root(h->tree), "player", &player_type, "video", &h->player);
	assert_non_null(h->player.box);
	assert_int_equal(box_set_acl(box_tree_root(h->tree), "bob k", &why), OP_OK);
	assert_int_equal(box_set_acl(h->player.box, "bob kgp", &why), OP_OK);
	box_server_init(&h->server, h->town.loop, h->tree);
	h->caller = (struct caller){.open = open_stream, .data = h};
	*state = h;
	return 0;
}

static int tear_down(void **state) {
	struct house *h = *state;
	box_server_finish(&h->server);
	node_finish(&h->den);
	node_finish(&h->pc);
	wire_finish(&h->wire);
	box_tree_destroy(h->tree);
	persona_finish(&h->ann);
	persona_finish(&h->bob);
	town_finish(&h->town);
	free(h);
	return 0;
}

static void on_reply(void *data, const struct op_head *reply) {
	struct asker *asker = data;
	asker->replies++;
	asker->reply = reply->refusal.code;
}

static void on_bytes(void *data, const void *bytes, size_t size) {
	struct asker *asker = data;
	buf_append(&asker->bytes, bytes, size);
}

static void on_frame(void *data, const struct frame *frame) {
	struct asker *asker = data;
	asker->frames++;
	asker->in_order += frame->kind == FRAME_DATA;
}

static void on_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct asker *asker = data;
	asker->ended++;
	asker->why = *why;
	asker->call = NULL;
}

static const struct call_events call_events = {
	.reply = on_reply,
	.bytes = on_bytes,
	.frame = on_frame,
	.ended = on_ended,
};

static void ask(struct house *h, struct asker *asker, enum op_verb verb, const char *name,
		enum op_body body, bool live) {
	struct op_head head;
	*asker = (struct asker){0};
	op_head_init_request(&head, verb);
	op_set(&head, OP_F_NAME, name);
	if (live) {
		op_set_flag(&head, OP_F_LIVE);
	}
	if (body != OP_BODY_NONE) {
		op_set_body(&head, body, 0);
	}
	asker->call = call_create(h->town.loop, &h->caller, &head, NULL, &call_events, asker);
	op_head_finish(&head);
	assert_non_null(asker->call);
}

static void finish(struct asker *asker) {
	buf_finish(&asker->bytes);
}

static void test_kind(void **state) {
	struct house *h = *state;
	struct asker asker;
	ask(h, &asker, OP_KIND, "/player", OP_BODY_NONE, false);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_OK);
	assert_int_equal(asker.replies, 1);
	ask(h, &asker, OP_KIND, "/nothing", OP_BODY_NONE, false);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_ENOENT);
	ask(h, &asker, OP_DELETE, "/player", OP_BODY_NONE, false);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_EPERM);
	ask(h, &asker, OP_SELECTORS, "/", OP_BODY_NONE, false);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_EPERM); // k is not s
	finish(&asker);
}

static void test_play(void **state) {
	struct house *h = *state;
	struct asker asker;
	ask(h, &asker, OP_GETMEM, "/player", OP_BODY_NONE, false);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_OK);
	assert_int_equal(asker.in_order, 10); // pictures may come too late, what goes in order may not
	assert_string_equal(h->player.by, "bob/pc"); // whoever he says he is
	finish(&asker);
}

static void test_put(void **state) {
	struct house *h = *state;
	struct asker asker;
	uint8_t bytes[50000] = {0};
	ask(h, &asker, OP_PUTMEM, "/player", OP_BODY_CHUNKS, false);
	for (int i = 0; i < 40; i++) {
		call_send_bytes(asker.call, bytes, sizeof(bytes));
	}
	call_send_end(asker.call);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_OK);
	assert_int_equal(h->player.taken, 2000000);
	assert_true(h->player.ended);
	ask(h, &asker, OP_PUTMEM, "/nothing", OP_BODY_CHUNKS, false); // refused in the middle of it
	for (int i = 0; i < 40; i++) {
		call_send_bytes(asker.call, bytes, sizeof(bytes));
	}
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_ENOENT);
	finish(&asker);
}

static void test_live_until_hung_up(void **state) {
	struct house *h = *state;
	struct asker asker;
	ask(h, &asker, OP_GETMEM, "/player", OP_BODY_NONE, true);
	until(&h->town, asker.frames == 20);
	assert_int_equal(asker.ended, 0);
	call_destroy(asker.call);
	until(&h->town, h->player.gone == 1);
	finish(&asker);
	until(&h->town, h->to->connection->busy_since == 0); // nothing holds the connection
}

static void test_dead_node(void **state) {
	struct house *h = *state;
	struct asker asker;
	ask(h, &asker, OP_GETMEM, "/player", OP_BODY_NONE, true);
	until(&h->town, asker.frames == 20);
	h->wire.cut = true;
	until(&h->town, asker.ended == 1 && h->player.gone == 1);
	assert_int_equal(asker.why.code, OP_ELOST);
	assert_non_null(strstr(asker.why.sentence, "ann.den has not answered for 4 s"));
	ask(h, &asker, OP_KIND, "/player", OP_BODY_NONE, false);
	until(&h->town, asker.ended == 1);
	assert_int_equal(asker.why.code, OP_EUNREACH);
	finish(&asker);
}

static void test_malformed(void **state) {
	struct house *h = *state;
	struct end *end = node_open(&h->pc, h->to);
	end_say(end, "op/1 dance\n\n");
	until(&h->town, end->eof);
	assert_true(end->in.size > 3 && memcmp(buf_front(&end->in), "no ", 3) == 0);
	end_destroy(end);
	end = node_open(&h->pc, h->to);
	end_say(end, "op/1 kind\nname /player\n"); // and no more
	end->stream->impl->end(end->stream);
	until(&h->town, end->eof || end->hangups == 1);
	end_destroy(end);
	test_kind(state); // the connection is as good as before
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_kind),
		TEST(test_play),
		TEST(test_put),
		TEST(test_live_until_hung_up),
		TEST(test_dead_node),
		TEST(test_malformed),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
