/* SPDX-License-Identifier: MIT */
/*
 * union.c - a request that several mounted servers may be meant by: they are asked (union_ask.c), and it
 * goes on to one of them (relay.c), or their lists are made one (union_list.c).
 *
 * Decides nothing about rights: each server tells what the asker may see of its boxes, and the one
 * that is meant decides on the request itself.
 */
#include "union_impl.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "mount"
#include "base/log.h"
#include "box/name.h"

#define TTL_MS 1000

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

// The exchange is the caller's.
static void united_destroy(struct united *united) {
	wl_list_remove(&united->link);
	wl_list_remove(&united->changed.link);
	union_forget_members(united);
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
	bool good = parent && union_ask_kinds(united, PHASE_PARENT, parent);
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
	if (!union_ask_lists(united)) {
		refuse(united, OP_EIO, "out of memory");
	} else if (united->count == 0) {
		refuse(united, OP_ELOST, "the program that served it went away");
	}
}

void union_look(struct united *united) {
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
		wl_event_source_timer_update(united->timer, UNION_PATIENCE_MS - UNION_SILENT_MS);
	}
	union_look(united);
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
	if (!union_find_members(united)) {
		return false;
	}
	if (united->head.verb != OP_SELECTORS) {
		return union_ask_kinds(united, PHASE_KIND, op_get(&united->head, OP_F_NAME));
	}
	if (op_has(&united->head, OP_F_SINCE) && !union_wait_for_change(united, &waits)) {
		return false;
	}
	return waits || union_ask_lists(united);
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
