/* SPDX-License-Identifier: MIT */
/*
 * query.c - what is asked of every box alike: its kind, its inner boxes, another kind for it; and
 * waiting for a change. That the asker may was settled by admit.c, and is asked again after
 * waiting.
 */
#include <assert.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/box.h"
#include "box/name.h"
#include "box/tree.h"

// How long an answer may be kept. A type that knows better says so in describe.
#define TTL_MS 1000

// A request that is answered when what it asks for has another version than it said.
struct waiting {
	struct wl_list link; // tree.waiting
	struct box *box;
	struct req *req;
};

// The list of a selectors request. Walked without out, it only gets its version.
struct listing {
	const struct req *req;
	const char *match, *after; // may be NULL
	struct cnstr want;
	uint64_t depth, left;
	struct buf *out; // may be NULL
	bool no_memory;
	uint64_t hash; // of the names and versions of all that the asker may see
	char name[OP_MAX_NAME + 1];
};

static bool allows(const struct box *box, const struct req *req, char letter) {
	return box_allows(box, req->subject, letter) == PERM_YES;
}

static void describe(struct box *box, const struct req *req, struct op_head *head) {
	char letters[PERM_LETTERS_SIZE], version[32];
	op_set(head, OP_F_TYPE, box->cnstr);
	op_set(head, OP_F_OWNER, box->owner);
	op_set(head, OP_F_LETTERS, box_letters(box, req->subject, letters));
	op_set(head, OP_F_VERSION, box_version(box, version));
	if (box->type->describe) {
		box->type->describe(box, head);
	}
}

// The kind of a box

static void describe_acl(const struct box *box, struct op_head *head) {
	const struct acl *acl = box_acl_in_force(box);
	for (int i = 0; acl && i < acl->size; i++) {
		char line[SUBJECT_SIZE + PERM_LETTERS_SIZE];
		snprintf(line, sizeof(line), "%s %s", acl->lines[i].who, acl->lines[i].letters);
		op_add(head, OP_F_ACL, line);
	}
}

static void answer_kind(struct box *box, struct req *req) {
	struct op_head *reply = req_reply(req);
	op_set_number(reply, OP_F_TTL, TTL_MS);
	describe(box, req, reply);
	// Who may change the list may see it.
	if (allows(box, req, op_verb_letter(OP_CHINFO))) {
		describe_acl(box, reply);
	}
	if (!box->parent) {
		char level[16];
		snprintf(level, sizeof(level), "%d", OP_LEVEL);
		op_add(reply, OP_F_LEVEL, level);
		op_set(reply, OP_F_SOFTWARE, "boxland " BOXLAND_VERSION);
	}
	req_ok(req);
}

// The list of inner boxes

static void hash_bytes(uint64_t *hash, const void *bytes, size_t size) {
	const uint8_t *at = bytes;
	for (size_t i = 0; i < size; i++) { // FNV-1a
		*hash = (*hash ^ at[i]) * 0x100000001b3;
	}
}

static void list_entry(struct listing *listing, struct box *box) {
	struct op_head entry;
	op_head_init_entry(&entry);
	op_set(&entry, OP_F_NAME, listing->name);
	describe(box, listing->req, &entry);
	enum op_code code = op_encode(&entry, listing->out, NULL);
	if (code == OP_E2BIG) {
		// A type that is too talkative must not hide its box.
		op_head_finish(&entry);
		op_set(&entry, OP_F_NAME, listing->name);
		op_set(&entry, OP_F_TYPE, box->cnstr);
		code = op_encode(&entry, listing->out, NULL);
	}
	op_head_finish(&entry);
	listing->no_memory = listing->no_memory || code != OP_OK;
}

static void list_box(struct listing *listing, struct box *box) {
	struct cnstr own;
	if ((listing->match && fnmatch(listing->match, box->name, 0) != 0) ||
			cnstr_parse(&own, box->cnstr, NULL) != OP_OK ||
			!cnstr_meets(&own, &listing->want)) {
		return;
	}
	hash_bytes(&listing->hash, listing->name, strlen(listing->name) + 1);
	hash_bytes(&listing->hash, &box->version, sizeof(box->version));
	if (listing->out && listing->left > 0 &&
			(!listing->after || name_compare(listing->name, listing->after) > 0)) {
		listing->left--;
		list_entry(listing, box);
	}
}

// size: of listing->name, which is box's below the box that was asked.
static void list_inner(struct listing *listing, struct box *box, size_t size, uint64_t level) {
	struct box *inner;
	if (level >= listing->depth) {
		return;
	}
	wl_list_for_each(inner, &box->inner, link) {
		if ((inner->inside && listing->req->outside) ||
				!allows(inner, listing->req, op_verb_letter(OP_KIND))) {
			continue;
		}
		listing->name[size] = '/';
		strcpy(listing->name + size + 1, inner->name); // box_create bounds names
		list_box(listing, inner);
		if (allows(inner, listing->req, op_verb_letter(OP_SELECTORS))) {
			list_inner(listing, inner, size + 1 + strlen(inner->name), level + 1);
		}
	}
}

// Walks the list; version gets its version. false: no memory.
static bool list(struct box *box, const struct req *req, struct buf *out, char version[static 32]) {
	const struct op_head *head = req->head;
	const char *want = op_get(head, OP_F_WANT);
	struct listing *listing = calloc(1, sizeof(*listing));
	if (!listing) {
		return false;
	}
	listing->req = req;
	listing->match = op_get(head, OP_F_MATCH);
	listing->after = op_get(head, OP_F_AFTER);
	listing->depth = op_get_number(head, OP_F_DEPTH, 1);
	listing->left = op_get_number(head, OP_F_COUNT, UINT64_MAX);
	listing->out = out;
	listing->hash = 0xcbf29ce484222325;
	cnstr_parse(&listing->want, want ? want : "*", NULL);
	list_inner(listing, box, 0, 0);
	snprintf(version, 32, "%s.%" PRIx64, box->tree->boot, listing->hash);
	bool good = !listing->no_memory;
	free(listing);
	return good;
}

static void answer_selectors(struct box *box, struct req *req) {
	struct buf out;
	char version[32];
	buf_init(&out);
	if (list(box, req, &out, version)) {
		op_set(req_reply(req), OP_F_VERSION, version);
		op_set_number(req_reply(req), OP_F_TTL, TTL_MS);
		req_ok_bytes(req, buf_front(&out), out.size);
	} else {
		req_fail(req, OP_EIO, "out of memory");
	}
	buf_finish(&out);
}

// Waiting

static void waiting_destroy(struct waiting *waiting) {
	wl_list_remove(&waiting->link);
	free(waiting);
}

static void handle_gone(struct req *req) {
	waiting_destroy(req->data);
}

static const struct req_events waiting_events = {.gone = handle_gone};

static bool is_list(const struct req *req) {
	return req->head->verb == OP_SELECTORS;
}

// What was asked for has the version that the asker knows.
static bool same_version(struct box *box, const struct req *req) {
	char version[32];
	const char *since = op_get(req->head, OP_F_SINCE);
	if (!since) {
		return false;
	}
	if (!is_list(req)) {
		box_version(box, version);
	} else if (!list(box, req, NULL, version)) {
		return false; // answering will say why
	}
	return strcmp(since, version) == 0;
}

static void answer(struct box *box, struct req *req) {
	if (is_list(req)) {
		answer_selectors(box, req);
	} else {
		answer_kind(box, req);
	}
}

static void answer_or_wait(struct box *box, struct req *req) {
	if (!same_version(box, req)) {
		answer(box, req);
		return;
	}
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (!waiting) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	waiting->box = box;
	waiting->req = req;
	req->data = waiting;
	req->events = &waiting_events;
	wl_list_insert(box->tree->waiting.prev, &waiting->link);
}

static bool is_below(const struct box *box, const struct box *above) {
	while (box && box != above) {
		box = box->parent;
	}
	return box;
}

// Takes one that need not wait any longer out of the list; NULL: none.
static struct req *find_ready(struct box *changed, struct box **box) {
	struct waiting *waiting;
	wl_list_for_each(waiting, &changed->tree->waiting, link) {
		// Rights are inherited, so a change above is one; a list changes with all that is
		// in it.
		bool concerned = is_below(waiting->box, changed) ||
			(is_list(waiting->req) && is_below(changed, waiting->box));
		if (concerned && !same_version(waiting->box, waiting->req)) {
			struct req *req = waiting->req;
			*box = waiting->box;
			waiting_destroy(waiting);
			return req;
		}
	}
	return NULL;
}

void query_changed(struct box *changed) {
	struct box *box;
	struct req *req;
	while ((req = find_ready(changed, &box))) {
		struct op_refusal refusal;
		enum op_code code = box_check_rights(box, req, op_get(req->head, OP_F_NAME), &refusal);
		if (code == OP_OK) {
			answer(box, req);
		} else {
			box_refuse(req, &refusal);
		}
	}
	wl_signal_emit_mutable(&changed->tree->changed, changed);
}

void query_gone(struct box *box) {
	struct waiting *waiting, *next;
	wl_list_for_each_safe(waiting, next, &box->tree->waiting, link) {
		if (waiting->box == box) {
			struct req *req = waiting->req;
			waiting_destroy(waiting);
			box_no_such(req);
		}
	}
}

void box_serve_kind(struct box *box, struct req *req) {
	answer_or_wait(box, req);
}

void box_serve_selectors(struct box *box, struct req *req) {
	const char *match = op_get(req->head, OP_F_MATCH);
	if (match && strlen(match) > OP_MAX_COMPONENT) {
		req_fail(req, OP_E2BIG, "match is a glob of at most %d bytes", OP_MAX_COMPONENT);
		return;
	}
	answer_or_wait(box, req);
}

// Another kind

struct change {
	const char *cnstr, *owner; // NULL: as it is
	struct acl *acl;           // likewise
};

static enum op_code check_cnstr(const struct box *box, const char *text,
		struct op_refusal *refusal) {
	struct cnstr own, other;
	if (cnstr_parse(&own, box->cnstr, NULL) != OP_OK ||
			cnstr_parse(&other, text, refusal) != OP_OK ||
			strcmp(own.type, other.type) != 0) {
		return op_refuse(refusal, OP_ETYPE, "a box of type %.40s stays one; make another "
			"box, or change only what stands behind the type", own.type);
	}
	return OP_OK;
}

static enum op_code check_owner(const struct box *box, const struct req *req, const char *owner,
		struct op_refusal *refusal) {
	if (strcmp(req->subject->person, box->owner) != 0) {
		return op_refuse(refusal, OP_EPERM, "only its owner, %s, can give a box away",
			box->owner);
	}
	return subject_check_part(owner, refusal);
}

static enum op_code check_acl(const struct box *box, const struct op_head *head, struct acl *acl,
		struct op_refusal *refusal) {
	const struct acl *old = box_acl_in_force(box);
	size_t at = 0;
	if (old) {
		*acl = *old;
	}
	for (const char *line; (line = op_each(head, OP_F_ACL, &at));) {
		enum op_code code = acl_set(acl, line, refusal);
		if (code != OP_OK) {
			return code;
		}
	}
	return OP_OK;
}

static enum op_code check_change(const struct box *box, const struct req *req,
		struct change *change, struct op_refusal *refusal) {
	const struct op_head *head = req->head;
	enum op_code code = OP_OK;
	change->cnstr = op_get(head, OP_F_TYPE);
	change->owner = op_get(head, OP_F_OWNER);
	if (op_has(head, OP_F_TITLE) || op_has(head, OP_F_CERT)) {
		return op_refuse(refusal, OP_EUNSUPP, "a box of type %s has no title or "
			"certificate that can be changed", box->type->name);
	}
	if (!change->cnstr && !change->owner && !op_has(head, OP_F_ACL)) {
		return op_refuse(refusal, OP_EARG,
			"chinfo changes type, owner or acl, and none of them was given");
	}
	if (change->cnstr) {
		code = check_cnstr(box, change->cnstr, refusal);
	}
	if (code == OP_OK && change->owner) {
		code = check_owner(box, req, change->owner, refusal);
	}
	if (code == OP_OK && op_has(head, OP_F_ACL)) {
		change->acl = calloc(1, sizeof(*change->acl));
		code = change->acl ? check_acl(box, head, change->acl, refusal) :
			op_refuse(refusal, OP_EIO, "out of memory");
	}
	return code;
}

// All of it or nothing.
static bool apply(struct box *box, struct change *change) {
	char *cnstr = change->cnstr ? strdup(change->cnstr) : NULL;
	char *owner = change->owner ? strdup(change->owner) : NULL;
	if ((change->cnstr && !cnstr) || (change->owner && !owner)) {
		free(cnstr);
		free(owner);
		return false;
	}
	if (cnstr) {
		free(box->cnstr);
		box->cnstr = cnstr;
	}
	if (owner) {
		free(box->owner);
		box->owner = owner;
	}
	if (change->acl) {
		box_replace_acl(box, change->acl);
		change->acl = NULL;
	}
	return true;
}

void box_serve_chinfo(struct box *box, struct req *req) {
	struct change change = {0};
	struct op_refusal refusal;
	if (check_change(box, req, &change, &refusal) != OP_OK) {
		req_refuse(req, &refusal);
	} else if (!apply(box, &change)) {
		req_fail(req, OP_EIO, "out of memory");
	} else {
		req_ok(req);
		box_changed(box);
	}
	free(change.acl);
}
