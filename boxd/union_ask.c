/* SPDX-License-Identifier: MIT */
/*
 * union_ask.c - the servers of a union are asked, all at once: which has a box, which lets one come into
 * being, what each lists, and when that has changed. What follows of their answers is union.c's.
 */
#include "union_impl.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "mount"
#include "base/log.h"
#include "box/cnstr.h"

#define LIST_MAX (16 * 1024 * 1024) // bytes that one server's list may have

static struct stream *member_open(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct member *member = data;
	const struct way way = {
		.kind = WAY_MOUNT,
		.socket = member->socket,
		.name = op_get(head, OP_F_NAME),
	};
	return route_open(member->united->unions->route, &way, head, subject, refusal);
}

static bool add_member(struct united *united, const struct mount *mount) {
	struct member *member = &united->members[united->count++];
	*member = (struct member){
		.united = united,
		.part = {.serial = mount->serial},
		.socket = strdup(mount->socket),
		.caller = {.open = member_open, .data = member},
	};
	buf_init(&member->part.list);
	op_head_init_reply(&member->no);
	return member->socket;
}

void union_forget_members(struct united *united) {
	for (int i = 0; i < united->count; i++) {
		struct member *member = &united->members[i];
		call_destroy(member->call);
		op_head_finish(&member->no);
		buf_finish(&member->part.list);
		free(member->part.version);
		free(member->socket);
	}
	united->count = 0;
}

bool union_find_members(struct united *united) {
	const struct mounts *mounts = united->unions->mounts;
	const char *name = op_get(&united->head, OP_F_NAME);
	const struct mount *mount = mounts_find(mounts, name);
	bool good = true;
	union_forget_members(united);
	for (; mount && good && united->count < MOUNTS_SHARED; mount = mounts_next(mounts, mount, name)) {
		good = add_member(united, mount);
	}
	return good;
}

static void member_over(struct member *member) {
	struct mount *mount = mounts_by_serial(member->united->unions->mounts, member->part.serial);
	member->answered = true;
	if (mount && mount->silent) {
		log_info("the server at %s answers again", mount->socket);
		mount->silent = false;
	}
	union_look(member->united);
}

static void keep_no(struct member *member, const struct op_head *no) {
	op_head_finish(&member->no);
	op_head_copy(&member->no, no);
}

static void take_kind(struct member *member, const struct op_head *kind) {
	const struct united *united = member->united;
	const char *type = op_get(kind, OP_F_TYPE), *want = op_get(&united->head, OP_F_WANT);
	const char *letters = op_get(kind, OP_F_LETTERS);
	bool of_device = united->head.verb == OP_LINK || united->head.verb == OP_MAKE;
	member->has = true;
	member->meets = !want || of_device || (type && cnstr_text_meets(type, want));
	member->may = letters && strpbrk(letters, united->head.verb == OP_PUTMEM ? "pP" : "mM");
}

static void kind_reply(void *data, const struct op_head *reply) {
	struct member *member = data;
	if (reply->refusal.code == OP_OK) {
		take_kind(member, reply);
	} else {
		keep_no(member, reply);
	}
}

static void list_reply(void *data, const struct op_head *reply) {
	struct member *member = data;
	const char *version = op_get(reply, OP_F_VERSION);
	if (reply->refusal.code == OP_OK) {
		member->has = true;
		free(member->part.version);
		member->part.version = version ? strdup(version) : NULL;
	} else {
		keep_no(member, reply);
	}
}

static void list_bytes(void *data, const void *bytes, size_t size) {
	struct member *member = data;
	if (member->part.list.size + size > LIST_MAX ||
			!buf_append(&member->part.list, bytes, size)) {
		member->has = false;
		op_refuse(&member->no.refusal, OP_E2BIG, "the list is over %d bytes: ask for it in pages, by after "
			"and count", LIST_MAX);
	}
}

static void call_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct member *member = data;
	member->call = NULL;
	if (why->code != OP_OK) {
		member->has = false;
		member->no.refusal = *why;
	}
	member_over(member);
}

// false: no memory.
static bool ask(struct member *member, const struct op_head *head) {
	static const struct call_events kind_events = {.reply = kind_reply, .ended = call_ended};
	static const struct call_events list_events = {
		.reply = list_reply,
		.bytes = list_bytes,
		.ended = call_ended,
	};
	struct united *united = member->united;
	member->answered = member->has = member->meets = member->may = false;
	member->part.state = UNION_LISTED;
	member->call = call_create(united->unions->route->loop, &member->caller, head, &united->subject,
		head->verb == OP_KIND ? &kind_events : &list_events, member);
	return member->call;
}

static bool ask_all(struct united *united, const struct op_head *head) {
	bool good = true;
	for (int i = 0; i < united->count && good; i++) {
		good = ask(&united->members[i], head);
	}
	united->impatient = false;
	return good && wl_event_source_timer_update(united->timer, UNION_SILENT_MS) == 0;
}

bool union_ask_kinds(struct united *united, enum phase phase, const char *name) {
	struct op_head kind;
	united->phase = phase;
	op_head_init_request(&kind, OP_KIND);
	op_set(&kind, OP_F_NAME, name);
	bool good = ask_all(united, &kind);
	op_head_finish(&kind);
	return good;
}

// What is wanted is looked for in the list of all: the first that has a name may not be what is.
static bool list_head(const struct united *united, struct op_head *head) {
	bool good = op_head_copy(head, &united->head);
	op_unset(head, OP_F_SINCE);
	if (op_has(head, OP_F_WANT)) {
		op_unset(head, OP_F_WANT);
		op_unset(head, OP_F_COUNT);
	}
	return good;
}

bool union_ask_lists(struct united *united) {
	struct op_head head;
	united->phase = PHASE_LIST;
	bool good = union_find_members(united) && list_head(united, &head);
	if (good) {
		good = ask_all(united, &head);
		op_head_finish(&head);
	}
	return good;
}

// A single server's list was its own, and so is its version.
static bool known_versions(const struct united *united, struct union_part *parts, bool *known) {
	const char *since = op_get(&united->head, OP_F_SINCE);
	*known = union_list_since(parts, united->count, since);
	if (!*known && united->count == 1 && !parts[0].version) {
		*known = true;
		parts[0].state = UNION_LISTED;
		parts[0].version = strdup(since);
	}
	return !*known || united->count > 1 || parts[0].state != UNION_LISTED || parts[0].version;
}

bool union_wait_for_change(struct united *united, bool *waits) {
	struct op_head head;
	struct union_part parts[MOUNTS_SHARED] = {0};
	for (int i = 0; i < united->count; i++) {
		parts[i].serial = united->members[i].part.serial;
	}
	op_head_init_request(&head, OP_SELECTORS);
	bool good = known_versions(united, parts, waits) && list_head(united, &head);
	united->phase = PHASE_WAIT;
	for (int i = 0; i < united->count && *waits && good; i++) {
		if (parts[i].state == UNION_LISTED) {
			op_set(&head, OP_F_SINCE, parts[i].version);
		} else {
			op_unset(&head, OP_F_SINCE);
		}
		// One that has no such box tells nothing of it: what else happens is waited for.
		good = parts[i].state == UNION_REFUSED || ask(&united->members[i], &head);
	}
	for (int i = 0; i < united->count; i++) {
		free(parts[i].version);
	}
	op_head_finish(&head);
	return good;
}
