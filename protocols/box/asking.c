/* SPDX-License-Identifier: MIT */
/*
 * asking.c - requests that wait for somebody's leave, and leave that was given for a while.
 *
 * Whether a request needs leave is admit.c's to say, before and after; how somebody is asked, and
 * how long that may take, is the asker's.
 */
#include "box/asking.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/tree.h"

struct waiting {
	struct wl_list link; // asking.waiting
	struct asking *asking;
	struct req *req;
};

char *asking_sentence(const struct subject *subject, char letter, const char *name) {
	static const char *const wants[] = {
		['k'] = "see what %s is", ['s'] = "list what is in %s", ['g'] = "read %s",
		['p'] = "write to %s", ['l'] = "link a device to %s", ['m'] = "make %s",
		['d'] = "delete %s", ['i'] = "change who may do what with %s",
	};
	char *what = NULL, *sentence = NULL;
	assert((size_t)letter < sizeof(wants) / sizeof(wants[0]) && wants[(size_t)letter]);
	// The name is the asker's choice, so it comes last.
	const char *fmt = wants[(size_t)letter], *at = strstr(fmt, "%s");
	if (asprintf(&what, "%.*s%s%s", (int)(at - fmt), fmt, name, at + 2) < 0) {
		return NULL;
	}
	if (asprintf(&sentence, "%s, at %s, wants to %s", subject->person, subject->machine, what) < 0) {
		sentence = NULL;
	}
	free(what);
	return sentence;
}

static void asking_free(struct asking *asking) {
	assert(wl_list_empty(&asking->waiting));
	wl_list_remove(&asking->link);
	wl_list_remove(&asking->box_destroy.link);
	free(asking->name);
	free(asking->list);
	free(asking->title);
	free(asking);
}

// The functions of box types may end any box, and with it this asking.
static void hold(struct asking *asking) {
	asking->held++;
}

// Without an asker there is no question any more, and no leave that stands.
static void let_go(struct asking *asking) {
	if (--asking->held == 0 && !asking->asker) {
		asking_free(asking);
	}
}

// The request is nobody's then.
static struct req *take_first(struct asking *asking) {
	struct waiting *waiting = wl_container_of(asking->waiting.next, waiting, link);
	struct req *req = waiting->req;
	wl_list_remove(&waiting->link);
	free(waiting);
	req->events = NULL;
	req->data = NULL;
	return req;
}

static void withdraw(struct asking *asking) {
	if (asking->asker) {
		asking->asker->withdraw(asking->asker, asking);
		asking->asker = NULL;
	}
}

static void refuse_all(struct asking *asking, const struct op_refusal *why) {
	while (!wl_list_empty(&asking->waiting)) {
		struct req *req = take_first(asking);
		if (why) {
			box_refuse(req, why);
		} else {
			box_no_such(req);
		}
	}
}

static void handle_box_destroy(struct wl_listener *listener, void *data) {
	struct asking *asking = wl_container_of(listener, asking, box_destroy);
	hold(asking);
	wl_list_remove(&asking->box_destroy.link);
	wl_list_init(&asking->box_destroy.link);
	asking->box = NULL;
	asking->stands = false;
	withdraw(asking);
	refuse_all(asking, NULL);
	let_go(asking);
}

static struct asking *find(const struct req *req, char letter, const char *name) {
	struct asking *asking;
	wl_list_for_each(asking, &req->box->tree->askings, link) {
		if (asking->box == req->box && asking->letter == letter && asking->asker &&
				strcmp(asking->name, name) == 0 &&
				strcmp(asking->subject.person, req->subject->person) == 0 &&
				strcmp(asking->subject.machine, req->subject->machine) == 0) {
			return asking;
		}
	}
	return NULL;
}

// The name of what has the list.
static char *list_name(const struct asking *asking) {
	char *box = box_name(asking->box), *name = NULL;
	if (!*asking->list || !box) {
		return box;
	}
	if (asprintf(&name, "%s/%s", box, asking->list) < 0) {
		name = NULL;
	}
	free(box);
	return name;
}

// What "always" would allow, where that is more than the name that is asked for.
static char *title_of(const struct asking *asking) {
	char *sentence = asking_sentence(&asking->subject, asking->letter, asking->name);
	char *whole = list_name(asking), *title = NULL;
	bool more = sentence && whole && asking->letter != 'm' && strcmp(whole, asking->name) != 0;
	bool makes = sentence && whole && asking->letter == 'm';
	if ((more || makes) && asprintf(&title, "%s (always: %s%s)", sentence,
			makes ? "anything in " : "all of ", whole) >= 0) {
		free(sentence);
		sentence = title;
	}
	free(whole);
	return sentence;
}

static struct asking *create(struct req *req, char letter, const char *name) {
	struct box_tree *tree = req->box->tree;
	struct asking *asking = calloc(1, sizeof(*asking));
	if (!asking) {
		return NULL;
	}
	wl_list_init(&asking->waiting);
	wl_list_insert(tree->askings.prev, &asking->link);
	asking->box = req->box;
	asking->subject = *req->subject;
	asking->letter = letter;
	asking->name = strdup(name);
	asking->list = strdup(req->found ? req->found->list : "");
	if (req->found) {
		perm_line_with(req->subject->person, req->found->letters, letter, asking->always);
	}
	asking->title = asking->name && asking->list ? title_of(asking) : NULL;
	asking->box_destroy.notify = handle_box_destroy;
	wl_signal_add(&req->box->events.destroy, &asking->box_destroy);
	if (!asking->title || !tree->asker->ask(tree->asker, asking)) {
		asking_free(asking);
		return NULL;
	}
	asking->asker = tree->asker;
	return asking;
}

static void handle_gone(struct req *req) {
	struct waiting *waiting = req->data;
	struct asking *asking = waiting->asking;
	wl_list_remove(&waiting->link);
	free(waiting);
	if (wl_list_empty(&asking->waiting) && asking->held == 0 && !asking->stands) {
		withdraw(asking); // he no longer wants it
		asking_free(asking);
	}
}

static bool wait_for(struct asking *asking, struct req *req) {
	static const struct req_events events = {.gone = handle_gone};
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (!waiting) {
		return false;
	}
	waiting->asking = asking;
	waiting->req = req;
	wl_list_insert(asking->waiting.prev, &waiting->link);
	req->data = waiting;
	req->events = &events;
	if (op_body_of(req->head, NULL) != OP_BODY_NONE) {
		req_pause(req, true); // its body is for the box
	}
	return true;
}

static void go_on(struct req *req, char letter) {
	req->given = letter;
	if (op_body_of(req->head, NULL) != OP_BODY_NONE) {
		req_pause(req, false);
	}
	if (req->found) {
		box_serve_anew(req); // while he waited it may have become another's
	} else {
		box_serve_found(req);
	}
}

void asking_ask(struct req *req, char letter, const char *name, const struct op_refusal *refusal) {
	struct box_tree *tree = req->box->tree;
	struct asking *asking = find(req, letter, name);
	if (asking && asking->stands) {
		req->given = letter;
		box_serve_found(req);
		return;
	}
	if (!tree->asker) {
		box_refuse(req, refusal);
		return;
	}
	bool old = asking;
	if (!asking) {
		asking = create(req, letter, name);
	}
	if (!asking || !wait_for(asking, req)) {
		if (asking && !old) {
			withdraw(asking);
			asking_free(asking);
		}
		req_fail(req, OP_EIO, "out of memory");
	}
}

// Those that wait behind the one that was let through once.
static void ask_anew(struct asking *asking, struct asker *asker) {
	const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	if (wl_list_empty(&asking->waiting)) {
		return;
	}
	if (asker->ask(asker, asking)) {
		asking->asker = asker;
	} else {
		refuse_all(asking, &memory);
	}
}

static void give(struct asking *asking, enum asking_leave leave, struct asker *asker) {
	char line[ACL_LINE_SIZE];
	if (leave == LEAVE_ALWAYS && *asking->list) {
		asking->box->type->allow(asking->box, asking->list, asking->always);
	} else if (leave == LEAVE_ALWAYS) {
		acl_line_with(box_acl_in_force(asking->box), asking->box->owner, &asking->subject,
			asking->letter, line);
		box_set_acl(asking->box, line, NULL); // a full list asks the next time
	}
	if (leave == LEAVE_ONCE) {
		if (!wl_list_empty(&asking->waiting)) {
			go_on(take_first(asking), asking->letter);
		}
		if (asking->box) {
			ask_anew(asking, asker);
		}
		return;
	}
	while (asking->box && !wl_list_empty(&asking->waiting)) {
		go_on(take_first(asking), asking->letter);
	}
}

void asking_answer(struct asking *asking, enum asking_leave leave, const struct subject *by) {
	struct asker *asker = asking->asker;
	if (box_allows(asking->box, by, op_verb_letter(OP_CHINFO)) != PERM_YES) {
		struct op_refusal why;
		op_refuse(&why, OP_EASK, "%s, at %s, answered, and may not change who may do what with "
			"%.150s", by->person, by->machine, asking->name);
		if (leave == LEAVE_UNTIL) {
			withdraw(asking);
		}
		asking_fail(asking, &why);
		return;
	}
	hold(asking);
	asking->stands = leave == LEAVE_UNTIL;
	if (!asking->stands) {
		asking->asker = NULL; // it is done with this question
	}
	give(asking, leave, asker);
	let_go(asking);
}

void asking_fail(struct asking *asking, const struct op_refusal *why) {
	hold(asking);
	asking->asker = NULL;
	asking->stands = false;
	refuse_all(asking, why);
	let_go(asking);
}

void box_tree_set_asker(struct box_tree *tree, struct asker *asker) {
	const struct op_refusal why = {.code = OP_EASK, .sentence = "nobody can be asked any more"};
	struct asking *asking, *next;
	wl_list_for_each_safe(asking, next, &tree->askings, link) {
		withdraw(asking);
		asking_fail(asking, &why);
	}
	tree->asker = asker;
}
