/* SPDX-License-Identifier: MIT */
/*
 * asker.c - questions to the person at this node, as calls to its boxd.
 *
 * What is asked, and what an answer does, is box/asking.c; where questions wait to be seen is boxd's
 * /ask.
 */
#include "net/asker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct question {
	struct wl_list link; // net_asker.questions
	struct asking *asking;
	struct call *call;
	enum asking_leave leave;   // of an answer that has come
	struct subject by;
	bool answered;      // ok, and leave and by are set
};

static void question_destroy(struct question *question) {
	wl_list_remove(&question->link);
	call_destroy(question->call);
	free(question);
}

static bool read_answer(struct question *question, const struct op_head *reply) {
	static const char *const states[] = {
		[LEAVE_ONCE] = "once", [LEAVE_UNTIL] = "until", [LEAVE_ALWAYS] = "always",
	};
	const char *state = op_get(reply, OP_F_STATE), *by = op_get(reply, OP_F_BY);
	if (reply->refusal.code != OP_OK || !state || !by ||
			subject_parse(&question->by, by, NULL) != OP_OK) {
		return false;
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(state, states[i]) == 0) {
			question->leave = (enum asking_leave)i;
			return true;
		}
	}
	return false;
}

static void handle_reply(void *data, const struct op_head *reply) {
	struct question *question = data;
	question->answered = read_answer(question, reply);
	if (question->answered && question->leave == LEAVE_UNTIL) {
		asking_answer(question->asking, LEAVE_UNTIL, &question->by); // may withdraw it
	}
}

// The sentence says what boxd's did: no, not answered, or that there is no boxd.
static void tell_failed(struct asking *asking, const struct op_refusal *why) {
	struct op_refusal said = *why;
	if (said.code == OP_OK || said.code == OP_ELOST || said.code == OP_EUNREACH) {
		op_refuse(&said, OP_EASK, "%s would have to be asked for %.150s, and cannot be now: %.200s",
			asking->box->owner, asking->name,
			why->code == OP_OK ? "the answer was none" : why->sentence);
	}
	asking_fail(asking, &said);
}

static void handle_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct question *question = data;
	struct question last = *question;
	question->call = NULL;
	question_destroy(question);
	last.asking->data = NULL;
	if (last.answered && last.leave != LEAVE_UNTIL) {
		asking_answer(last.asking, last.leave, &last.by);
	} else {
		tell_failed(last.asking, why); // of a leave that stood: it was taken back
	}
}

static bool ask(struct asker *base, struct asking *asking) {
	static const struct call_events events = {.reply = handle_reply, .ended = handle_ended};
	struct net_asker *asker = (struct net_asker *)base;
	struct question *question = calloc(1, sizeof(*question));
	struct op_head head;
	char who[SUBJECT_SIZE];
	if (!question) {
		return false;
	}
	question->asking = asking;
	op_head_init_request(&head, OP_MAKE);
	op_set(&head, OP_F_NAME, "/ask");
	op_set(&head, OP_F_NS, "-");
	op_set(&head, OP_F_ABOUT, asking->name);
	op_set(&head, OP_F_BY, subject_print(&asking->subject, who));
	op_set(&head, OP_F_TITLE, asking->title);
	op_setf(&head, OP_F_LETTERS, "%c", asking->letter);
	question->call = call_create(asker->loop, asker->caller, &head, NULL, &events, question);
	op_head_finish(&head);
	if (!question->call) {
		free(question);
		return false;
	}
	wl_list_insert(asker->questions.prev, &question->link);
	asking->data = question;
	return true;
}

static void withdraw(struct asker *asker, struct asking *asking) {
	question_destroy(asking->data);
	asking->data = NULL;
}

void net_asker_init(struct net_asker *asker, struct wl_event_loop *loop,
		const struct caller *caller) {
	*asker = (struct net_asker){
		.asker = {.ask = ask, .withdraw = withdraw},
		.loop = loop,
		.caller = caller,
	};
	wl_list_init(&asker->questions);
}

void net_asker_finish(struct net_asker *asker) {
	assert(wl_list_empty(&asker->questions));
}
