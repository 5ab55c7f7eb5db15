/* SPDX-License-Identifier: MIT */
/*
 * union.c - a request that several mounted servers may be meant by: they are asked, and it goes on to
 * one of them (relay.c), or their lists are made one (union_list.c).
 *
 * Decides nothing about rights: each server tells what the asker may see of its boxes, and the one
 * that is meant decides on the request itself.
 */
#include "union.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "mount"
#include "base/log.h"
#include "box/cnstr.h"
#include "box/name.h"
#include "union_list.h"

// Whoever has not said by then whether it has the box does not take part.
#define PATIENCE_MS 3000
// Likewise, if it did not the last time.
#define SILENT_MS 500
#define LIST_MAX (16 * 1024 * 1024) // bytes that one server's list may have
#define TTL_MS 1000

enum phase {
	PHASE_KIND,   // who has the box?
	PHASE_PARENT, // who lets one come into being?
	PHASE_LIST,
	PHASE_WAIT, // whose list has changed?
};

struct member {
	struct united *united;
	struct union_part part;
	char *socket;
	struct caller caller;
	struct call *call; // NULL: none under way
	bool answered;     // or was passed over
	bool has, meets;   // the box that is asked for; what is wanted
	bool may;          // make something in it, or put
	struct op_head no; // what it refused
};

struct united {
	struct wl_list link; // unions.list
	struct unions *unions;
	struct exchange *exchange;
	struct op_head head;
	struct subject subject;
	enum phase phase;
	struct member members[MOUNTS_SHARED]; // in order of mounting
	int count;
	struct wl_event_source *timer;
	bool impatient; // the silent ones had their time
	struct wl_listener changed; // mounts.events.changed
};

void unions_init(struct unions *unions, const struct route *route, struct relays *relays,
		struct mounts *mounts) {
	*unions = (struct unions){.route = route, .relays = relays, .mounts = mounts};
	wl_list_init(&unions->list);
}

bool union_is(const struct unions *unions, const struct op_head *head) {
	const char *name = op_get(head, OP_F_NAME);
	const struct mount *first = mounts_find(unions->mounts, name);
	bool waits = head->verb == OP_SELECTORS && op_has(head, OP_F_SINCE);
	return first && (waits || mounts_next(unions->mounts, first, name));
}

static void forget_members(struct united *united) {
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

// The exchange is the caller's.
static void united_destroy(struct united *united) {
	wl_list_remove(&united->link);
	wl_list_remove(&united->changed.link);
	forget_members(united);
	if (united->timer) {
		wl_event_source_remove(united->timer);
	}
	op_head_finish(&united->head);
	free(united);
}

void unions_finish(struct unions *unions) {
	struct united *united, *next;
	wl_list_for_each_safe(united, next, &unions->list, link) {
		exchange_destroy(united->exchange);
		united_destroy(united);
	}
}

static void answer_no(struct united *united, const struct op_head *no) {
	exchange_send_head(united->exchange, no, NULL);
	exchange_destroy(united->exchange);
	united_destroy(united);
}

static void refuse(struct united *united, enum op_code code, const char *sentence) {
	struct op_refusal why;
	op_refuse(&why, code, "%s", sentence);
	relay_refuse(united->exchange, &why);
	united_destroy(united);
}

static void refuse_silent(struct united *united) {
	struct op_refusal why;
	op_refuse(&why, OP_EUNREACH, "a program that may have %.200s does not answer, and no other has it "
		"(box ls /mount shows which programs there are)", op_get(&united->head, OP_F_NAME));
	relay_refuse(united->exchange, &why);
	united_destroy(united);
}

/* Asking all. */

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

static bool find_members(struct united *united) {
	const struct mounts *mounts = united->unions->mounts;
	const char *name = op_get(&united->head, OP_F_NAME);
	const struct mount *mount = mounts_find(mounts, name);
	bool good = true;
	forget_members(united);
	for (; mount && good && united->count < MOUNTS_SHARED; mount = mounts_next(mounts, mount, name)) {
		good = add_member(united, mount);
	}
	return good;
}

static void look(struct united *united);

static void member_over(struct member *member) {
	struct mount *mount = mounts_by_serial(member->united->unions->mounts, member->part.serial);
	member->answered = true;
	if (mount && mount->silent) {
		log_info("the server at %s answers again", mount->socket);
		mount->silent = false;
	}
	look(member->united);
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
	return good && wl_event_source_timer_update(united->timer, SILENT_MS) == 0;
}

static bool ask_kinds(struct united *united, enum phase phase, const char *name) {
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

static bool ask_lists(struct united *united) {
	struct op_head head;
	united->phase = PHASE_LIST;
	bool good = find_members(united) && list_head(united, &head);
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

// Only while all that made the list are there, and no other. A server that was silent is asked without
// a version: that it answers is a change. false: no memory.
static bool wait_for_change(struct united *united, bool *waits) {
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

/* Deciding, as they answer. */

static void go_on(struct united *united, const struct member *const *chosen, int count) {
	struct exchange *exchange = united->exchange;
	struct relays *relays = united->unions->relays;
	struct subject subject = united->subject;
	struct op_head head = united->head;
	char *sockets[MOUNTS_SHARED];
	for (int i = 0; i < count; i++) {
		sockets[i] = united->members[chosen[i] - united->members].socket;
		united->members[chosen[i] - united->members].socket = NULL;
	}
	op_head_init_request(&united->head, head.verb);
	united_destroy(united);
	exchange_pause(exchange, false);
	relay_create_in_turn(relays, exchange, (const char *const *)sockets, count, &head, &subject);
	for (int i = 0; i < count; i++) {
		free(sockets[i]);
	}
	op_head_finish(&head);
}

static bool any_silent(const struct united *united) {
	for (int i = 0; i < united->count; i++) {
		if (united->members[i].part.state == UNION_SILENT) {
			return true;
		}
	}
	return false;
}

// Nobody has it: the first says so in its own words.
static void nobody(struct united *united) {
	const struct member *first = &united->members[0];
	if (any_silent(united)) {
		refuse_silent(united);
	} else {
		go_on(united, &first, 1);
	}
}

static bool comes_into_being(const struct united *united) {
	return united->head.verb == OP_MAKE || united->head.verb == OP_PUTMEM;
}

static bool is_prefix(const struct united *united) {
	return strchr(op_get(&united->head, OP_F_NAME) + 1, '/') == NULL;
}

static void look_for_parent(struct united *united) {
	char *parent = name_parent(op_get(&united->head, OP_F_NAME));
	bool good = parent && ask_kinds(united, PHASE_PARENT, parent);
	free(parent);
	if (!good) {
		refuse(united, OP_EIO, "out of memory");
	}
}

// Those that have what is asked about and allow it, else those that have it. Returns how many.
static int find_makers(const struct united *united, const struct member *out[static MOUNTS_SHARED]) {
	int count = 0;
	for (int must = 1; must >= 0 && count == 0; must--) {
		for (int i = 0; i < united->count; i++) {
			const struct member *member = &united->members[i];
			if (member->has && (member->may || !must)) {
				out[count++] = member;
			}
		}
	}
	return count;
}

static bool all_answered(const struct united *united) {
	for (int i = 0; i < united->count; i++) {
		if (!united->members[i].answered) {
			return false;
		}
	}
	return true;
}

static void look_for_makers(struct united *united) {
	const struct member *makers[MOUNTS_SHARED];
	if (!all_answered(united)) {
		return;
	}
	int count = find_makers(united, makers);
	if (count > 0) {
		go_on(united, makers, count);
	} else {
		nobody(united);
	}
}

// The first in order that has the box and meets what is wanted; if none does, the first that has it
// says so.
static void look_for_box(struct united *united) {
	const struct member *has = NULL;
	for (int i = 0; i < united->count; i++) {
		const struct member *member = &united->members[i];
		if (!member->answered) {
			return;
		}
		if (member->has && member->meets) {
			go_on(united, &member, 1);
			return;
		}
		has = member->has && !has ? member : has;
	}
	if (has) {
		go_on(united, &has, 1);
	} else if (comes_into_being(united) && !is_prefix(united)) {
		look_for_parent(united);
	} else {
		nobody(united);
	}
}

static void send_list(struct united *united, const struct union_part *parts) {
	struct op_head reply;
	struct buf out, version;
	buf_init(&out);
	buf_init(&version);
	op_head_init_reply(&reply);
	bool good = union_list_merge(parts, united->count, &united->head, &out) &&
		union_list_version(parts, united->count, &version) && buf_append(&version, "", 1);
	if (good) {
		op_set(&reply, OP_F_VERSION, (const char *)buf_front(&version));
		op_set_number(&reply, OP_F_TTL, TTL_MS);
		op_set_body(&reply, OP_BODY_BYTES, out.size);
		if (exchange_send_head(united->exchange, &reply, NULL) == OP_OK) {
			exchange_send_bytes(united->exchange, buf_front(&out), out.size);
		}
		exchange_destroy(united->exchange);
		united_destroy(united);
	} else {
		refuse(united, OP_EIO, "out of memory");
	}
	op_head_finish(&reply);
	buf_finish(&version);
	buf_finish(&out);
}

static void look_at_lists(struct united *united) {
	struct union_part parts[MOUNTS_SHARED];
	const struct member *refused = NULL;
	bool any = false;
	if (!all_answered(united)) {
		return;
	}
	for (int i = 0; i < united->count; i++) {
		struct member *member = &united->members[i];
		if (!member->has && member->part.state == UNION_LISTED) {
			member->part.state = UNION_REFUSED;
			refused = refused ? refused : member;
		}
		any = any || member->has;
		parts[i] = member->part;
	}
	if (any) {
		send_list(united, parts);
	} else if (refused) {
		answer_no(united, &refused->no);
	} else {
		refuse_silent(united);
	}
}

static void list_anew(struct united *united) {
	if (!ask_lists(united)) {
		refuse(united, OP_EIO, "out of memory");
	} else if (united->count == 0) {
		refuse(united, OP_ELOST, "the program that served it went away");
	}
}

// Somebody has answered, or was passed over.
static void look(struct united *united) {
	switch (united->phase) {
	case PHASE_KIND:
		if (united->head.verb == OP_MAKE && is_prefix(united)) {
			look_for_makers(united);
		} else {
			look_for_box(united);
		}
		break;
	case PHASE_PARENT:
		look_for_makers(united);
		break;
	case PHASE_LIST:
		look_at_lists(united);
		break;
	case PHASE_WAIT:
		list_anew(united);
		break;
	}
}

static int handle_timer(void *data) {
	struct united *united = data;
	bool late = united->impatient;
	united->impatient = true;
	for (int i = 0; i < united->count; i++) {
		struct member *member = &united->members[i];
		struct mount *mount = mounts_by_serial(united->unions->mounts, member->part.serial);
		if (member->answered || (mount && !mount->silent && !late)) {
			continue;
		}
		if (mount && !mount->silent) {
			log_info("the server at %s does not answer: it is passed over until it does",
				mount->socket);
			mount->silent = true;
		}
		call_destroy(member->call);
		member->call = NULL;
		member->answered = true;
		member->part.state = UNION_SILENT;
	}
	if (!late) {
		wl_event_source_timer_update(united->timer, PATIENCE_MS - SILENT_MS);
	}
	look(united);
	return 0;
}

static void handle_changed(struct wl_listener *listener, void *data) {
	struct united *united = wl_container_of(listener, united, changed);
	if (united->phase == PHASE_WAIT) {
		list_anew(united);
	}
}

static void united_gone(void *data, const struct op_refusal *why) {
	struct united *united = data;
	exchange_destroy(united->exchange);
	united_destroy(united);
}

static bool begin(struct united *united) {
	bool waits = false;
	if (!find_members(united)) {
		return false;
	}
	if (united->head.verb != OP_SELECTORS) {
		return ask_kinds(united, PHASE_KIND, op_get(&united->head, OP_F_NAME));
	}
	if (op_has(&united->head, OP_F_SINCE) && !wait_for_change(united, &waits)) {
		return false;
	}
	return waits || ask_lists(united);
}

void union_create(struct unions *unions, struct exchange *exchange, const struct op_head *head,
		const struct subject *subject) {
	static const struct exchange_events events = {.gone = united_gone};
	const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	struct united *united = calloc(1, sizeof(*united));
	if (!united) {
		relay_refuse(exchange, &memory);
		return;
	}
	wl_list_insert(&unions->list, &united->link);
	united->unions = unions;
	united->exchange = exchange;
	united->subject = *subject;
	united->timer = wl_event_loop_add_timer(unions->route->loop, handle_timer, united);
	united->changed.notify = handle_changed;
	wl_signal_add(&unions->mounts->events.changed, &united->changed);
	exchange_listen(exchange, &events, united);
	exchange_pause(exchange, true);
	bool good = op_head_copy(&united->head, head) && united->timer;
	if (!good || !begin(united)) {
		refuse(united, OP_EIO, "out of memory");
	}
}
