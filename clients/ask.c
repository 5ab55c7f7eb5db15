/* SPDX-License-Identifier: MIT */
/*
 * ask.c - questions to boxd, waited for, and what a person is told of the answers.
 *
 * Verbs that stream (run, cp, pair) drive their call themselves.
 */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/words.h"
#include "space.h"

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
	question->call = call_create(asker->loop, &asker->boxd.caller, &question->request, NULL,
		&events, question);
	op_head_finish(&question->request);
	if (!question->call) {
		op_refuse(&answer->why, OP_EIO, "out of memory");
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
	return ask_within(asker, request, answer, 0);
}

bool ask_within(struct asker *asker, struct op_head *request, struct answer *answer, int ms) {
	struct question question = {.request = *request};
	ask_all(asker, &question, 1, ms);
	*request = question.request; // finished
	*answer = question.answer;
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

bool set_said(struct op_head *head, enum op_field field, const char *text) {
	struct op_refusal why;
	uint64_t number;
	if (words_check(field, text, &number, &why) != OP_OK) {
		say_refusal(&why);
		return false;
	}
	if (words_field_is_list(field)) {
		op_add(head, field, text);
	} else {
		op_set(head, field, text);
	}
	return true;
}

bool set_box(struct asker *asker, struct op_head *head, enum op_field field, const char *name) {
	char box[128], *whole = NULL;
	char *dot = name[0] == '/' ? NULL : get_text(asker, space_name("dot", box));
	if (name[0] == '/') {
		return set_said(head, field, name);
	}
	bool self = strcmp(name, ".") == 0;
	const char *rest = strncmp(name, "./", 2) == 0 ? name + 2 : name;
	bool good = dot && asprintf(&whole, "%s%s%s", dot, self || dot[1] == '\0' ? "" : "/",
		self ? "" : rest) >= 0 && set_said(head, field, whole);
	free(dot);
	free(whole);
	return good;
}

int say_refusal(const struct op_refusal *why) {
	fputs("box: ", stderr);
	print_text(stderr, why->sentence); // a stranger's, maybe
	fprintf(stderr, " (%s)\n", op_code_name(why->code));
	return 1;
}

int say_usage(const struct verb *verb) {
	fprintf(stderr, "usage: box %s %s\n  %s; man box has examples\n", verb->name, verb->usage,
		verb->help);
	return 2;
}

void print_text(FILE *out, const char *text) {
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f) {
			fprintf(out, "\\x%02x", *c);
		} else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) { // the second set of controls
			fprintf(out, "\\x%02x", *++c);
		} else {
			putc(*c, out);
		}
	}
}
