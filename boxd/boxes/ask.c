/* SPDX-License-Identifier: MIT */
/*
 * ask.c - /ask: what this node's owner is asked, and the leave that stands until he takes it back.
 *
 * A question is made by the program that holds the box it is about, boxd itself included, and waits
 * here to be seen and answered; the exchange that made it is its life. What an answer allows is
 * decided there (box/asking.c). Numbers never come again: an answer that comes too late must not
 * meet another question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "box/asking.h"
#include "boxes/env.h"
#include "config.h"
#include "rights.h"

#define ASK_MAX 32        // at once, leave that stands included
#define ASK_MAX_PERSON 4  // unanswered, of one person
#define ANSWER_MAX 16     // bytes

struct asks { // /ask
	struct box_env *env;
	unsigned int made; // so far
};

struct question { // /ask/N
	struct box_env *env;
	struct box *box;
	struct req *req; // of who made it; NULL: he is answered or gone
	char *about, *title;
	struct subject by;
	char letter;
	int64_t started; // seconds since 1970
	bool stands;     // leave was given until it is taken back
	struct wl_event_source *timer;
};

struct answer { // a putmem
	struct req *req;
	struct question *question;
	struct buf said;
	struct wl_listener question_gone;
};

static void question_describe(struct box *box, struct op_head *entry) {
	const struct question *question = box->data;
	char who[SUBJECT_SIZE];
	op_set(entry, OP_F_BY, subject_print(&question->by, who));
	op_set(entry, OP_F_ABOUT, question->about);
	op_set(entry, OP_F_TITLE, question->title);
	op_set(entry, OP_F_STATE, question->stands ? "up" : "waiting");
	op_set_number(entry, OP_F_STARTED, (uint64_t)question->started);
}

static void question_destroy(struct box *box) {
	struct question *question = box->data;
	struct req *req = question->req;
	bool stands = question->stands;
	if (question->timer) {
		wl_event_source_remove(question->timer);
	}
	free(question->about);
	free(question->title);
	free(question);
	if (req && stands) {
		req_end(req, NULL); // it was taken back
	} else if (req) {
		req_fail(req, OP_EASK, "nobody can be asked any more");
	}
}

// The question goes; who made it is refused.
static void refuse(struct question *question, const char *why) {
	struct req *req = question->req;
	struct op_refusal refusal;
	op_refuse(&refusal, OP_EASK, "%s was asked for %.200s and %s",
		box_tree_owner(question->box->tree), question->about, why);
	question->req = NULL;
	box_destroy(question->box);
	req_refuse(req, &refusal);
}

static void handle_gone(struct req *req) {
	struct question *question = req->data;
	question->req = NULL;
	box_destroy(question->box);
}

static int handle_timer(void *data) {
	struct question *question = data;
	refuse(question, "did not answer in time; ask again when somebody is there");
	return 0;
}

static void allow(struct question *question, const char *word, const struct subject *by) {
	struct req *req = question->req;
	char who[SUBJECT_SIZE];
	op_set(req_reply(req), OP_F_STATE, word);
	op_set(req_reply(req), OP_F_BY, subject_print(by, who));
	if (strcmp(word, "until") == 0) {
		question->stands = true;
		wl_event_source_timer_update(question->timer, 0);
		req_ok_open(req, OP_BODY_CHUNKS, 0);
		box_changed(question->box);
		return;
	}
	question->req = NULL;
	box_destroy(question->box);
	req_ok(req);
}

/* The answer. */

static void answer_destroy(struct answer *answer) {
	wl_list_remove(&answer->question_gone.link);
	buf_finish(&answer->said);
	free(answer);
}

static void handle_question_gone(struct wl_listener *listener, void *data) {
	struct answer *answer = wl_container_of(listener, answer, question_gone);
	struct req *req = answer->req;
	answer_destroy(answer);
	req_fail(req, OP_ENOENT, "nobody waits for that answer any more");
}

static void answer_data(struct req *req, const void *bytes, size_t size) {
	struct answer *answer = req->data;
	if (size > ANSWER_MAX - answer->said.size || !buf_append(&answer->said, bytes, size)) {
		answer_destroy(answer);
		req_fail(req, OP_EARG, "an answer is once, until, always or no");
	}
}

static bool is_answer(const char *word) {
	return strcmp(word, "once") == 0 || strcmp(word, "until") == 0 || strcmp(word, "always") == 0;
}

static void answer_end(struct req *req) {
	struct answer *answer = req->data;
	struct question *question = answer->question;
	struct subject by = *req->subject;
	char word[ANSWER_MAX + 1];
	snprintf(word, sizeof(word), "%.*s", (int)answer->said.size,
		(const char *)buf_front(&answer->said));
	word[strcspn(word, "\r\n")] = '\0';
	bool no = strcmp(word, "no") == 0, stands = question->stands;
	answer_destroy(answer);
	if (!no && !is_answer(word)) {
		req_fail(req, OP_EARG, "an answer is once, until, always or no, and not \"%.16s\"", word);
	} else if (stands && !no) {
		req_fail(req, OP_EBUSY, "that leave was given already; no, or box rm, takes it back");
	} else {
		req_ok(req);
		if (no && stands) {
			box_destroy(question->box);
		} else if (no) {
			refuse(question, "said no");
		} else {
			allow(question, word, &by);
		}
	}
}

static void answer_gone(struct req *req) {
	answer_destroy(req->data);
}

static void question_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = answer_data,
		.end = answer_end,
		.gone = answer_gone,
	};
	struct question *question = box->data;
	struct answer *answer;
	if (strcmp(req->subject->person, box_tree_owner(box->tree)) != 0) {
		req_fail(req, OP_EPERM, "only this node's owner answers what he is asked");
		return;
	}
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES || !(answer = calloc(1, sizeof(*answer)))) {
		req_fail(req, OP_EARG, "an answer is bytes: once, until, always or no");
		return;
	}
	answer->req = req;
	answer->question = question;
	buf_init(&answer->said);
	answer->question_gone.notify = handle_question_gone;
	wl_signal_add(&box->events.destroy, &answer->question_gone);
	req->data = answer;
	req->events = &events;
}

// No, or no longer.
static void question_delete(struct box *box, struct req *req) {
	struct question *question = box->data;
	if (strcmp(req->subject->person, box_tree_owner(box->tree)) != 0) {
		req_fail(req, OP_EPERM, "only this node's owner answers what he is asked");
		return;
	}
	if (question->stands) {
		box_destroy(box);
	} else {
		refuse(question, "said no");
	}
	req_ok(req);
}

static const struct box_type question_type = {
	.name = "ask",
	.fn = {[OP_PUTMEM] = question_putmem, [OP_DELETE] = question_delete},
	.takes_body = 1 << OP_PUTMEM,
	.describe = question_describe,
	.destroy = question_destroy,
};

/* A new one. */

static bool is_letter(const char *letters) {
	return letters && strlen(letters) == 1 && strchr("ksgplmdi", letters[0]);
}

static enum op_code check_make(const struct box *parent, const struct req *req,
		struct question *question, struct op_refusal *refusal) {
	const struct asks *asks = parent->data;
	const char *by = op_get(req->head, OP_F_BY), *letters = op_get(req->head, OP_F_LETTERS);
	const struct box *box;
	int all = 0, of_person = 0;
	if (strcmp(req->subject->person, box_tree_owner(parent->tree)) != 0 ||
			strcmp(req->subject->machine, asks->env->config->machine) != 0) {
		return op_refuse(refusal, OP_EPERM, "only this node's own programs ask its owner");
	}
	if (*req->rest || !op_has(req->head, OP_F_ABOUT) || !is_letter(letters) || !by) {
		return op_refuse(refusal, OP_EARG, "a question is made on /ask itself, with about, by and "
			"one of the letters k s g p l m d i");
	}
	if (subject_parse(&question->by, by, refusal) != OP_OK) {
		return refusal->code;
	}
	wl_list_for_each(box, &parent->inner, link) {
		const struct question *other = box->data;
		all++;
		of_person += !other->stands && strcmp(other->by.person, question->by.person) == 0;
	}
	if (of_person >= ASK_MAX_PERSON || all >= ASK_MAX) {
		return op_refuse(refusal, OP_EQUOTA, "%s waits for %d answers already: ask again later",
			question->by.person, of_person);
	}
	return OP_OK;
}

static bool question_fill(struct question *question, const struct req *req) {
	const char *about = op_get(req->head, OP_F_ABOUT), *title = op_get(req->head, OP_F_TITLE);
	question->letter = op_get(req->head, OP_F_LETTERS)[0];
	question->about = strdup(about);
	question->title = title ? strdup(title) :
		asking_sentence(&question->by, question->letter, about);
	question->started = time(NULL);
	question->timer = wl_event_loop_add_timer(question->env->loop, handle_timer, question);
	return question->about && question->title && question->timer;
}

static void question_free(struct question *question) {
	if (question->timer) {
		wl_event_source_remove(question->timer);
	}
	free(question->about);
	free(question->title);
	free(question);
}

static void asks_make(struct box *parent, struct req *req) {
	static const struct req_events events = {.gone = handle_gone};
	struct asks *asks = parent->data;
	struct op_refusal why;
	struct question *question = calloc(1, sizeof(*question));
	char name[16], type[24];
	if (!question || check_make(parent, req, question, &why) != OP_OK) {
		if (question) {
			req_refuse(req, &why);
		} else {
			req_fail(req, OP_EIO, "out of memory");
		}
		free(question);
		return;
	}
	question->env = asks->env;
	snprintf(name, sizeof(name), "%u", asks->made++);
	snprintf(type, sizeof(type), "ask!*!*!letter=%c", op_get(req->head, OP_F_LETTERS)[0]);
	if (!question_fill(question, req) ||
			!(question->box = box_create(parent, name, &question_type, type, question))) {
		question_free(question);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	if (!rights_private(question->box, req->subject)) {
		box_destroy(question->box);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	question->req = req;
	req->data = question;
	req->events = &events;
	wl_event_source_timer_update(question->timer, asks->env->config->ask_ms);
	op_setf(req_reply(req), OP_F_NAME, "/ask/%s", name);
}

static void asks_destroy(struct box *box) {
	free(box->data);
}

static const struct box_type asks_type = {
	.name = "asks",
	.fn = {[OP_MAKE] = asks_make},
	.names = true,
	.destroy = asks_destroy,
};

static bool ask_init(struct box_env *env) {
	struct asks *asks = calloc(1, sizeof(*asks));
	if (!asks) {
		return false;
	}
	asks->env = env;
	if (!box_create(box_tree_root(env->tree), "ask", &asks_type, "dir", asks)) {
		free(asks);
		return false;
	}
	return true;
}

const struct boxd_type boxd_type_ask = {.init = ask_init};
