/* SPDX-License-Identifier: MIT */
/*
 * answer.c - who answers a request: this node's tree, a program that is mounted, or another node; and by
 * whose leave. Which of several boxes a name means is choose.c's, the way there route.c's.
 */
#include "boxd_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "box/name.h"
#include "net/stream_pair.h"

static bool changes(enum op_verb verb) {
	return verb != OP_KIND && verb != OP_SELECTORS && verb != OP_GETMEM;
}

// Names stand for one box each now.
bool boxd_pass_on(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject, bool local) {
	struct boxd *boxd = data;
	struct op_refusal why;
	struct way way;
	const char *name = op_get(head, OP_F_NAME);
	exchange_set_class(exchange, relay_class(name));
	if (head->verb == OP_COPY) {
		const char *id = op_get(head, OP_F_NS);
		bool asked_here = local && (!id || strcmp(id, "-") != 0);
		const struct space *space = asked_here ? spaces_find(&boxd->spaces, id) : NULL;
		copy_create(&boxd->copies, exchange, head, subject, local, space ? &space->ns.casts : NULL);
		return true;
	}
	const struct space *space = local ? spaces_find(&boxd->spaces, op_get(head, OP_F_NS)) : NULL;
	op_unset(head, OP_F_NS);
	if (route_resolve_granted(&boxd->route, name, subject, local, head, head->verb, &way,
			&why) != OP_OK ||
			route_rewrite(&boxd->route, &way, head, &why) != OP_OK ||
			(head->verb == OP_LINK && local &&
			leases_sign(&boxd->leases, &way, head, subject, &why) != OP_OK)) {
		relay_refuse(exchange, &why);
		return true;
	}
	if (way.kind == WAY_HERE) {
		return false;
	}
	if (way.kind == WAY_PEER && local && op_has(head, OP_F_BOUND) &&
			bound_send(&boxd->route, space ? &space->ns : &boxd->spaces.none, &way, head, subject,
			&why) != OP_OK) {
		relay_refuse(exchange, &why);
		return true;
	}
	if (way.kind == WAY_PEER && changes(head->verb)) {
		kinds_forget_below(&boxd->chooser.kinds, way.peer->key, op_get(head, OP_F_NAME));
	}
	if (way.kind == WAY_PEER && head->verb == OP_DELETE) { // even if that node keeps it
		leases_forget(&boxd->leases, way.peer->key, op_get(head, OP_F_NAME));
	}
	if (way.kind == WAY_MOUNT && union_is(&boxd->unions, head)) {
		union_create(&boxd->unions, exchange, head, subject);
	} else {
		relay_create(&boxd->relays, exchange, &way, head, subject);
	}
	return true;
}

void boxd_handle_linked(void *data, const char *key, const struct op_head *head,
		const char *name) {
	struct boxd *boxd = data;
	leases_linked(&boxd->leases, key, head, name);
}

void boxd_handle_chosen(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct boxd *boxd = data;
	if (!boxd_pass_on(boxd, exchange, head, subject, true)) {
		box_server_give_back(&boxd->inside, exchange, head, subject);
	}
}

// boxland does for its links what their askers may: not for one who is known here no more.
static bool refuse_gone(struct boxd *boxd, struct exchange *exchange,
		const struct subject *subject) {
	struct op_refusal why;
	if (!boxd->quic || !quic_is_gone(boxd->quic, subject)) {
		return false;
	}
	op_refuse(&why, OP_EPERM, "%s/%s is forgotten here: nothing is done on its behalf until it is paired "
		"again", subject->person, subject->machine);
	relay_refuse(exchange, &why);
	return true;
}

bool boxd_forward_inside(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct boxd *boxd = data;
	if (refuse_gone(boxd, exchange, subject)) {
		return true;
	}
	const char *id = op_get(head, OP_F_NS);
	bool plain = id && strcmp(id, "-") == 0; // names mean themselves
	const struct space *space = plain ? NULL : spaces_find(&boxd->spaces, id);
	if (!plain && !space) {
		struct op_refusal why;
		op_refuse(&why, OP_ENOENT, "no name space %.100s here (BOX_NS says which; box ls /ns shows "
			"those there are)", id);
		relay_refuse(exchange, &why);
		return true;
	}
	if (choose(&boxd->chooser, space ? &space->ns : &boxd->spaces.none, exchange, head, subject)) {
		return true;
	}
	return boxd_pass_on(boxd, exchange, head, subject, true);
}

void boxd_name_groups(void *data, struct subject *subject) {
	struct boxd *boxd = data;
	subject->groups_size = 0;
	if (boxd->quic) {
		quic_name_groups(boxd->quic, subject);
	}
}

// What another node asks with somebody's grant is asked by who gave it.
static void serve_granted(struct boxd *boxd, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	struct subject granted = *subject;
	struct op_refusal why;
	if (grants_admit(&boxd->grants, exchange, head, &granted, &why) != OP_OK) {
		relay_refuse(exchange, &why);
		return;
	}
	boxd_name_groups(boxd, &granted);
	if (!boxd_pass_on(boxd, exchange, head, &granted, false)) {
		box_server_give_back(&boxd->outside, exchange, head, &granted);
	}
}

// Another node knows a person by key; what we call him is ours.
static void name_person(struct boxd *boxd, struct op_head *head) {
	const char *below = name_below("/peer", op_get(head, OP_F_NAME)), *rest = below;
	char key[KEYS_FINGERPRINT + 1];
	size_t size;
	const char *word = below && *below ? name_next(&rest, &size) : NULL;
	if (!word || size != KEYS_FINGERPRINT) {
		return;
	}
	memcpy(key, word, size);
	key[size] = '\0';
	const char *person = quic_person_name(boxd->quic, key);
	char *name = NULL;
	if (person && asprintf(&name, "/peer/%s%s", person, rest) >= 0) {
		op_set(head, OP_F_NAME, name);
		free(name);
	}
}

bool boxd_forward_outside(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject) {
	op_unset(head, OP_F_NS);
	name_person(data, head);
	if (op_has(head, OP_F_SPEC)) {
		struct op_refusal why;
		op_refuse(&why, OP_EUNSUPP, "which boxes go together is for the asker's own node to find: ask it, "
			"with the names as they are there");
		relay_refuse(exchange, &why);
		return true;
	}
	if (grants_meant(head)) {
		serve_granted(data, exchange, head, subject);
		return true;
	}
	return boxd_pass_on(data, exchange, head, subject, false);
}

struct stream *boxd_open_inside(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct boxd *boxd = data;
	struct stream *ends[2];
	if (!stream_pair_create(boxd->loop, ends)) {
		op_refuse(refusal, OP_EIO, "out of memory");
		return NULL;
	}
	const struct door door = {.subject = *subject, .trusted = false};
	op_set(head, OP_F_NS, "-"); // names were chosen when he asked
	box_server_take(&boxd->inside, ends[1], &door);
	return ends[0];
}

struct stream *boxd_open_as_owner(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct boxd *boxd = data;
	struct subject owner = {0};
	snprintf(owner.person, sizeof(owner.person), "%s", box_tree_owner(boxd->tree));
	snprintf(owner.machine, sizeof(owner.machine), "%s", boxd->config->machine);
	return boxd_open_inside(data, head, &owner, refusal);
}
