/* SPDX-License-Identifier: MIT */
/*
 * talk.c - one exchange of the library whose bodies are streamed: the program gives pieces and takes
 * pieces, and a slow side makes the other wait. Who wants a whole small answer asks (ask.c).
 */
#include "libbox/turn.h"

#include <string.h>

#define PIECE 65536
#define QUEUE_MAX (256 * 1024) // given, and not on its way yet

struct talk {
	struct call *call; // NULL: over
	bool (*take)(void *data, const void *bytes, size_t size);
	void *data;
	struct answer *answer;
	struct wl_event_source *timer;
	int patience_ms;
	bool enough, late;
};

static void moved_on(struct talk *talk) {
	if (talk->patience_ms > 0) {
		wl_event_source_timer_update(talk->timer, talk->patience_ms);
	}
}

static void handle_reply(void *data, const struct op_head *reply) {
	struct talk *talk = data;
	moved_on(talk);
	op_head_finish(&talk->answer->reply);
	op_head_copy(&talk->answer->reply, reply);
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct talk *talk = data;
	if (talk->take && !talk->enough && !talk->take(talk->data, bytes, size)) {
		talk->enough = true;
	}
	moved_on(talk); // the program's own time does not count
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct talk *talk = data;
	talk->call = NULL;
	talk->answer->why = *why;
	if (trailer) {
		op_head_finish(&talk->answer->trailer);
		op_head_copy(&talk->answer->trailer, trailer);
	}
}

static void handle_drained(void *data) {
	moved_on(data);
}

static int handle_late(void *data) {
	struct talk *talk = data;
	talk->late = true;
	return 0;
}

// Gives one piece if there is room. false: there is no more to give.
static bool give_piece(struct talk *talk, ssize_t (*give)(void *data, void *bytes, size_t size)) {
	char piece[PIECE];
	if (call_queued(talk->call) > QUEUE_MAX) {
		return true;
	}
	ssize_t size = give(talk->data, piece, sizeof(piece));
	moved_on(talk); // the program's own time does not count
	if (size > 0) {
		call_send_bytes(talk->call, piece, (size_t)size);
		return true;
	}
	if (size == 0) {
		call_send_end(talk->call);
	} else {
		op_refuse(&talk->answer->why, OP_EIO, "the program gave up in the middle of it");
		call_destroy(talk->call);
		talk->call = NULL;
	}
	return false;
}

static void wait_for_end(struct turn *turn, struct talk *talk,
		ssize_t (*give)(void *data, void *bytes, size_t size)) {
	while (talk->call && !talk->enough && !talk->late) {
		if (give && !give_piece(talk, give)) {
			give = NULL;
			continue;
		}
		bool room = give && call_queued(talk->call) <= QUEUE_MAX;
		wl_event_loop_dispatch(turn->asker.loop, room ? 0 : -1);
	}
	if (talk->call && talk->enough) {
		talk->answer->why.code = OP_OK;
	} else if (talk->call) {
		op_refuse(&talk->answer->why, OP_ELOST, "nothing came or went for %g s",
			talk->patience_ms / 1000.0);
	}
	call_destroy(talk->call);
}

bool turn_talk(struct turn *turn, struct op_head *request,
		ssize_t (*give)(void *data, void *bytes, size_t size),
		bool (*take)(void *data, const void *bytes, size_t size), void *data,
		struct answer *answer) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
		.drained = handle_drained,
	};
	struct talk talk = {.take = take, .data = data, .answer = answer};
	*answer = (struct answer){.why = {.code = OP_EIO, .sentence = "out of memory"}};
	op_head_init_reply(&answer->reply);
	op_head_init_reply(&answer->trailer);
	buf_init(&answer->body);
	if (turn->asker.ns[0] && !op_has(request, OP_F_NS)) {
		op_set(request, OP_F_NS, turn->asker.ns);
	}
	if (give) {
		op_set_body(request, OP_BODY_CHUNKS, 0);
	}
	talk.timer = wl_event_loop_add_timer(turn->asker.loop, handle_late, &talk);
	talk.patience_ms = talk.timer ? turn->asker.patience_ms : 0;
	talk.call = talk.timer ? call_create(turn->asker.loop, &turn->asker.boxd.caller, request, NULL,
		&events, &talk) : NULL;
	op_head_finish(request);
	moved_on(&talk);
	wait_for_end(turn, &talk, give);
	if (talk.timer) {
		wl_event_source_remove(talk.timer);
	}
	turn->why = answer->why;
	return turn->why.code == OP_OK;
}
