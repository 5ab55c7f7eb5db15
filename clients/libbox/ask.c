/* SPDX-License-Identifier: MIT */
/*
 * ask.c - questions to boxd, waited for.
 *
 * Prints nothing: what a person is told of an answer is the command's, say.c. Who streams drives a
 * call by itself.
 */
#include "libbox/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/words.h"

bool asker_init(struct asker *asker, const char *op, const char *ns) {
	const char *space = ns ? ns : getenv("BOX_NS");
	*asker = (struct asker){.loop = NULL};
	int size = op ? snprintf(asker->path, sizeof(asker->path), "%s", op) : 0;
	int ns_size = snprintf(asker->ns, sizeof(asker->ns), "%s", space ? space : "");
	if (size >= (int)sizeof(asker->path) || ns_size >= (int)sizeof(asker->ns)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (!op && !op_socket_path(asker->path)) {
		return false;
	}
	asker->loop = wl_event_loop_create();
	caller_unix_init(&asker->boxd, asker->loop, asker->path);
	return asker->loop;
}

void asker_finish(struct asker *asker) {
	wl_event_loop_destroy(asker->loop);
}

static void handle_reply(void *data, const struct op_head *reply) {
	struct question *question = data;
	op_head_finish(&question->answer.reply);
	op_head_copy(&question->answer.reply, reply);
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct question *question = data;
	buf_append(&question->answer.body, bytes, size);
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct question *question = data;
	question->call = NULL;
	question->answer.why = *why;
	if (trailer) {
		op_head_finish(&question->answer.trailer);
		op_head_copy(&question->answer.trailer, trailer);
	}
}

static void question_begin(struct question *question, struct asker *asker) {
	static const struct call_events events = {
		.reply = handle_reply,
		.bytes = handle_bytes,
		.ended = handle_ended,
	};
	struct answer *answer = &question->answer;
	*answer = (struct answer){0};
	op_head_init_reply(&answer->reply);
	op_head_init_reply(&answer->trailer);
	buf_init(&answer->body);
	if (asker->ns[0] && !op_has(&question->request, OP_F_NS)) {
		op_set(&question->request, OP_F_NS, asker->ns);
	}
	if (question->bytes) {
		op_set_body(&question->request, OP_BODY_BYTES, question->size);
	}
	question->call = call_create(asker->loop, &asker->boxd.caller, &question->request, NULL,
		&events, question);
	op_head_finish(&question->request);
	if (!question->call) {
		op_refuse(&answer->why, OP_EIO, "out of memory");
	} else if (question->size > 0) {
		call_send_bytes(question->call, question->bytes, question->size);
	}
}

static bool any_open(const struct question *questions, int count) {
	for (int i = 0; i < count; i++) {
		if (questions[i].call) {
			return true;
		}
	}
	return false;
}

static int handle_late(void *data) {
	bool *late = data;
	*late = true;
	return 0;
}

void ask_all(struct asker *asker, struct question *questions, int count, int limit_ms) {
	bool late = false;
	struct wl_event_source *timer = NULL;
	for (int i = 0; i < count; i++) {
		question_begin(&questions[i], asker);
	}
	if (limit_ms > 0) {
		timer = wl_event_loop_add_timer(asker->loop, handle_late, &late);
		wl_event_source_timer_update(timer, limit_ms);
	}
	while (!late && any_open(questions, count)) {
		wl_event_loop_dispatch(asker->loop, -1);
	}
	for (int i = 0; i < count; i++) {
		if (questions[i].call) {
			op_refuse(&questions[i].answer.why, OP_ELOST, "no answer within %g s",
				limit_ms / 1000.0);
			call_destroy(questions[i].call);
			questions[i].call = NULL;
		}
	}
	if (timer) {
		wl_event_source_remove(timer);
	}
}

bool ask(struct asker *asker, struct op_head *request, struct answer *answer) {
	return ask_within(asker, request, answer, asker->patience_ms);
}

static bool ask_one(struct asker *asker, struct question *question, struct op_head *request,
		struct answer *answer, int ms) {
	ask_all(asker, question, 1, ms);
	*request = question->request; // finished
	*answer = question->answer;
	return answer->why.code == OP_OK;
}

bool ask_within(struct asker *asker, struct op_head *request, struct answer *answer, int ms) {
	struct question question = {.request = *request};
	return ask_one(asker, &question, request, answer, ms);
}

bool ask_with(struct asker *asker, struct op_head *request, const void *bytes, size_t size,
		struct answer *answer) {
	struct question question = {.request = *request, .bytes = bytes, .size = size};
	return ask_one(asker, &question, request, answer, asker->patience_ms);
}

void answer_finish(struct answer *answer) {
	op_head_finish(&answer->reply);
	op_head_finish(&answer->trailer);
	buf_finish(&answer->body);
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

enum op_code head_say(struct op_head *head, enum op_field field, const char *text,
		struct op_refusal *why) {
	uint64_t number;
	enum op_code code = words_check(field, text, &number, why);
	if (code != OP_OK) {
		return code;
	}
	if (words_field_is_list(field)) {
		op_add(head, field, text);
	} else {
		op_set(head, field, text);
	}
	return OP_OK;
}
