/* SPDX-License-Identifier: MIT */
/*
 * ask.c - one question to boxd, waited for.
 *
 * Verbs that stream (run, cp, pair) drive their call themselves.
 */
#include "box.h"

#include <stdio.h>
#include <string.h>

struct asking {
	struct answer *answer;
	struct call *call;
	bool over;
};

static void handle_reply(void *data, const struct op_head *reply) {
	struct asking *asking = data;
	op_head_finish(&asking->answer->reply);
	op_head_copy(&asking->answer->reply, reply);
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct asking *asking = data;
	buf_append(&asking->answer->body, bytes, size);
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct asking *asking = data;
	asking->answer->why = *why;
	if (trailer) {
		op_head_finish(&asking->answer->trailer);
		op_head_copy(&asking->answer->trailer, trailer);
	}
	asking->over = true;
}

static int handle_late(void *data) {
	struct asking *asking = data;
	if (!asking->over) {
		call_destroy(asking->call);
		op_refuse(&asking->answer->why, OP_ELOST, "no answer in time");
		asking->over = true;
	}
	return 0;
}

bool ask(struct asker *asker, struct op_head *request, struct answer *answer) {
	return ask_within(asker, request, answer, 0);
}

bool ask_within(struct asker *asker, struct op_head *request, struct answer *answer, int ms) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct asking asking = {.answer = answer};
	*answer = (struct answer){0};
	op_head_init_reply(&answer->reply);
	op_head_init_reply(&answer->trailer);
	buf_init(&answer->body);
	asking.call = call_create(asker->loop, &asker->boxd.caller, request, NULL, &events, &asking);
	op_head_finish(request);
	struct wl_event_source *late = ms > 0 ?
		wl_event_loop_add_timer(asker->loop, handle_late, &asking) : NULL;
	if (!asking.call || (ms > 0 && !late)) {
		call_destroy(asking.call);
		op_refuse(&answer->why, OP_EIO, "out of memory");
		return false;
	}
	if (late) {
		wl_event_source_timer_update(late, ms);
	}
	while (!asking.over) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	if (late) {
		wl_event_source_remove(late);
	}
	return answer->why.code == OP_OK;
}

void answer_finish(struct answer *answer) {
	op_head_finish(&answer->reply);
	op_head_finish(&answer->trailer);
	buf_finish(&answer->body);
}

bool ask_or_say(struct asker *asker, struct op_head *request, struct answer *answer) {
	if (ask(asker, request, answer)) {
		return true;
	}
	say_refusal(&answer->why);
	return false;
}

bool answer_next(const struct answer *answer, size_t *at, struct op_head *entry) {
	const uint8_t *bytes = answer->body.data + answer->body.at + *at;
	size_t left = answer->body.size - *at, size = left > 0 ? op_head_size(bytes, left, NULL) : 0;
	if (size == 0 || op_decode(entry, OP_ENTRY, bytes, size, NULL) != OP_OK) {
		return false;
	}
	*at += size;
	return true;
}

int say_refusal(const struct op_refusal *why) {
	fprintf(stderr, "box: %s (%s)\n", why->sentence, op_code_name(why->code));
	return 1;
}

int say_usage(const struct verb *verb) {
	fprintf(stderr, "usage: box %s %s\n", verb->name, verb->usage);
	return 2;
}
