/* SPDX-License-Identifier: MIT */
/*
 * admit.c - which requests reach a box: the name exists, the right is there, the type serves the
 * verb, and want, version and body fit. Refusals that are the same for all boxes are said here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/box.h"
#include "box/name.h"
#include "box/tree.h"

// How long the answer "no such box" may be kept.
#define NO_SUCH_TTL_MS 1000
#define SHOWN "%.150s" // of names and constraints in sentences

static enum op_code refuse_no_such(const char *name, struct op_refusal *refusal) {
	char *parent = name_parent(name);
	op_refuse(refusal, OP_ENOENT, "no such box " SHOWN " (box ls " SHOWN " shows what is there)",
		name, parent ? parent : "/");
	free(parent);
	return OP_ENOENT;
}

void box_refuse(struct req *req, const struct op_refusal *refusal) {
	if (refusal->code == OP_ENOENT) {
		op_set_number(req_reply(req), OP_F_TTL, NO_SUCH_TTL_MS);
	}
	req_refuse(req, refusal);
}

void box_no_such(struct req *req) {
	struct op_refusal refusal;
	refuse_no_such(op_get(req->head, OP_F_NAME), &refusal);
	box_refuse(req, &refusal);
}

// What the list says: of the request's own name, if its type looked, else of the box.
static enum perm listed(const struct box *box, const struct req *req, char letter) {
	return box == req->box && req->found ? letters_allow(req->found->letters, letter) :
		box_allows(box, req->subject, letter);
}

enum perm box_req_allows(const struct req *req, char letter) {
	return listed(req->box, req, letter);
}

const char *box_req_owner(const struct req *req) {
	return req->found ? req->found->owner : req->box->owner;
}

// Leave was given for what is asked of the request's own box, and of no other.
static enum perm allows(const struct box *box, const struct req *req, char letter) {
	enum perm perm = listed(box, req, letter);
	return perm == PERM_ASK && box == req->box && letter == req->given ? PERM_YES : perm;
}

// Who can allow it, and with which line.
static const char *propose(const struct box *box, const struct req *req, char letter,
		char line[static ACL_LINE_SIZE]) {
	const struct subject *subject = req->subject;
	if (box == req->box && req->found) {
		perm_line_with(subject->person, req->found->letters, letter, line);
		return box_req_owner(req);
	}
	acl_line_with(box_acl_in_force(box), box->owner, subject, letter, line);
	return box->owner;
}

enum op_code box_check_rights(const struct box *box, const struct req *req, const char *name,
		struct op_refusal *refusal) {
	char letter = op_verb_letter(req->head->verb), line[ACL_LINE_SIZE];
	if (listed(box, req, 'k') == PERM_NO) {
		return refuse_no_such(name, refusal);
	}
	enum perm perm = allows(box, req, letter);
	if (perm == PERM_YES) {
		return OP_OK;
	}
	const char *owner = propose(box, req, letter, line);
	if (perm == PERM_ASK) {
		return op_refuse(refusal, OP_EASK, "%s would have to be asked for " SHOWN ", and nobody can "
			"be asked here; %s can allow it (box chinfo " SHOWN " acl '%s')", owner, name, owner, name,
			line);
	}
	return op_refuse(refusal, OP_EPERM,
		"%s may not %s " SHOWN "; its owner %s can allow it (box chinfo " SHOWN " acl '%s')",
		req->subject->person, op_verb_name(req->head->verb), name, owner, name, line);
}

// What a make is about: a name that is free below box, or box itself, which is there already.
static enum op_code check_make(const struct req *req, const char *name,
		struct op_refusal *refusal) {
	const struct box *box = req->box;
	if (*req->rest) {
		// Whether it is not there, or not for him, is one answer.
		if ((strchr(req->rest, '/') && !box->type->walks) ||
				listed(box, req, 'k') == PERM_NO) {
			char *parent = name_parent(name);
			refuse_no_such(parent ? parent : name, refusal);
			free(parent);
			return OP_ENOENT;
		}
		return box_check_rights(box, req, name, refusal);
	}
	if (box->type->names) {
		return box_check_rights(box, req, name, refusal);
	}
	// Who may neither see it nor make one there learns no more than that he may not.
	if (box_allows(box, req->subject, 'k') == PERM_NO) {
		const struct box *parent = box->parent ? box->parent : box;
		enum op_code code = box_check_rights(parent, req, name, refusal);
		if (code != OP_OK) {
			return code;
		}
	}
	return op_refuse(refusal, OP_EEXIST, "there is a box " SHOWN " already; delete it first, "
		"or choose another name", name);
}

static bool serves_itself(const struct box *box, const struct req *req) {
	return box->type->fn[req->head->verb];
}

static bool served_by_tree(enum op_verb verb) {
	return verb == OP_KIND || verb == OP_SELECTORS || verb == OP_CHINFO;
}

// Says what it does serve, to those who may know that it is there.
static enum op_code refuse_unserved(const struct req *req, const char *name, bool below,
		struct op_refusal *refusal) {
	const struct box *box = req->box;
	char served[160] = "";
	size_t size = 0;
	for (int verb = 0; verb < OP_VERBS; verb++) {
		if (box->type->fn[verb] || (!below && served_by_tree((enum op_verb)verb))) {
			size += (size_t)snprintf(served + size, sizeof(served) - size, "%s%s",
				size > 0 ? ", " : "", op_verb_name((enum op_verb)verb));
		}
	}
	char *parent = req->head->verb == OP_MAKE && *req->rest ? name_parent(name) : NULL;
	op_refuse(refusal, OP_EUNSUPP, SHOWN " is a box of type %s and does not serve %s, but %s",
		parent ? parent : name, box->type->name, op_verb_name(req->head->verb),
		size > 0 ? served : "nothing");
	free(parent);
	return OP_EUNSUPP;
}

static enum op_code check_place(const struct req *req, const char *name,
		struct op_refusal *refusal) {
	const struct box *box = req->box;
	enum op_verb verb = req->head->verb;
	if (verb == OP_MAKE) {
		return check_make(req, name, refusal);
	}
	if (*req->rest && (!box->type->walks || (verb == OP_KIND && !serves_itself(box, req)))) {
		return refuse_no_such(name, refusal);
	}
	return box_check_rights(box, req, name, refusal);
}

// What is asked of the box itself, not of something that its type finds below it.
static enum op_code check_box(const struct req *req, const char *name, struct op_refusal *refusal) {
	const struct box *box = req->box;
	enum op_verb verb = req->head->verb;
	char version[32];
	const char *if_version = op_get(req->head, OP_F_IF_VERSION);
	if (if_version && strcmp(if_version, box_version(box, version)) != 0) {
		return op_refuse(refusal, OP_ESTALE,
			SHOWN " has version %s, not %.40s: look at it again first", name, version, if_version);
	}
	// Of selectors it chooses among the inner boxes, of link it is about the device.
	const char *want = verb == OP_SELECTORS || verb == OP_LINK ? NULL : op_get(req->head, OP_F_WANT);
	const char *gives = verb == OP_GETMEM ? box->type->gives : NULL;
	if (want && !cnstr_text_meets(box->cnstr, want) && !(gives && cnstr_text_meets(gives, want))) {
		return op_refuse(refusal, OP_EMATCH, SHOWN " is " SHOWN ", not " SHOWN, name, box->cnstr,
			want);
	}
	return OP_OK;
}

static enum op_code check_body(const struct req *req, const char *name,
		struct op_refusal *refusal) {
	enum op_verb verb = req->head->verb;
	bool has_body = op_body_of(req->head, NULL) != OP_BODY_NONE;
	if (has_body && !(req->box->type->takes_body & 1u << verb)) {
		return op_refuse(refusal, OP_EUNSUPP, SHOWN " takes no body with %s", name,
			op_verb_name(verb));
	}
	if (!has_body && verb == OP_PUTMEM) { // its type would wait for the end of it
		return op_refuse(refusal, OP_EARG, "a putmem brings bytes, and this one has no field body: "
			"body N, body chunks or body frames");
	}
	return OP_OK;
}

static enum op_code check_rest(const struct req *req, const char *name,
		struct op_refusal *refusal) {
	const struct box *box = req->box;
	enum op_verb verb = req->head->verb;
	bool below = *req->rest && verb != OP_MAKE;
	if (!serves_itself(box, req) && (below || !served_by_tree(verb))) {
		return refuse_unserved(req, name, below, refusal);
	}
	enum op_code code = below ? OP_OK : check_box(req, name, refusal);
	return code == OP_OK ? check_body(req, name, refusal) : code;
}

static enum op_code check(const struct req *req, const char *name, struct op_refusal *refusal) {
	struct op_refusal rest;
	enum op_code code = check_place(req, name, refusal);
	// Nobody is asked for what would be refused; but who would have to be asked for k learns nothing.
	if ((code != OP_OK && code != OP_EASK) ||
			(code == OP_EASK && box_req_allows(req, 'k') != PERM_YES)) {
		return code;
	}
	enum op_code other = check_rest(req, name, &rest);
	if (other != OP_OK) {
		*refusal = rest;
	}
	return other != OP_OK ? other : code;
}

// It is the request's own box that asks, and leave for it was not given yet.
static bool can_be_asked(const struct req *req) {
	char letter = op_verb_letter(req->head->verb);
	return req->given != letter && box_req_allows(req, letter) == PERM_ASK;
}

static void look(struct req *req) {
	req->looking = true;
	if (op_body_of(req->head, NULL) != OP_BODY_NONE) {
		req_pause(req, true); // its body is for whoever serves it
	}
	req->box->type->look(req->box, req);
}

void box_found(struct req *req, struct req_found *found) {
	req->looking = false;
	req->events = NULL;
	req->data = NULL;
	if (op_body_of(req->head, NULL) != OP_BODY_NONE) {
		req_pause(req, false);
	}
	req_forget_found(req);
	req->found = found;
	if (found) {
		req->rest = found->rest;
		box_serve_found(req);
	} else {
		req_fail(req, OP_EIO, "out of memory");
	}
}

void box_found_box(struct req *req, struct box *box) {
	req->looking = false;
	req->events = NULL;
	req->data = NULL;
	if (op_body_of(req->head, NULL) != OP_BODY_NONE) {
		req_pause(req, false);
	}
	req->box = box;
	req->rest = "";
	box_serve_found(req);
}

void box_serve_anew(struct req *req) {
	req->events = NULL;
	req->data = NULL;
	box_serve(req->box->tree, req);
}

void box_serve_found(struct req *req) {
	const char *name = op_get(req->head, OP_F_NAME);
	enum op_verb verb = req->head->verb;
	struct op_refusal refusal;
	if (*req->rest && req->box->type->look && !req->found) {
		look(req);
		return;
	}
	enum op_code code = check(req, name, &refusal);
	if (code == OP_EASK && can_be_asked(req)) {
		asking_ask(req, op_verb_letter(verb), name, &refusal);
	} else if (code != OP_OK) {
		box_refuse(req, &refusal);
	} else if (req->box->type->fn[verb]) {
		req->box->type->fn[verb](req->box, req);
	} else if (verb == OP_KIND) {
		box_serve_kind(req->box, req);
	} else if (verb == OP_SELECTORS) {
		box_serve_selectors(req->box, req);
	} else {
		box_serve_chinfo(req->box, req);
	}
}

void box_serve(struct box_tree *tree, struct req *req) {
	req_forget_found(req);
	req->box = box_find(tree, op_get(req->head, OP_F_NAME), &req->rest);
	box_serve_found(req);
}
