/* SPDX-License-Identifier: MIT */
/*
 * copy.c - who moves a copy's bytes: the source's node, the target's, or this one.
 *
 * How one node moves them is mover.c's, between two files of its own direct.c's, through programs
 * convert.c's. Names are route.c's; rights are decided where the boxes are.
 */
#include "copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"
#include "box/plan.h"
#include "convert.h"
#include "direct.h"
#include "grants.h"
#include "mover.h"
#include "quic/keys.h"
#include "quic/quic.h"
#include "relay.h"

struct place { // of one of the two boxes
	char *name;                     // as a program of this node names it
	char *there;                    // as its own node does
	char key[KEYS_FINGERPRINT + 1]; // of that node; "": this one
	bool here;                      // in this node's own tree
	char type[OP_MAX_CNSTR + 1];    // its kind says; "*" when that is not known
	struct copy *copy;
	struct call *call;              // asks for the kind; NULL: not under way
	bool barred;                    // the asker may not even do that
};

enum stage {
	STAGE_PUSH, // the source's node is asked
	STAGE_PULL, // the target's node is
	STAGE_HERE,
};

struct copy {
	struct wl_list link; // copies.list
	struct copies *copies;
	struct exchange *exchange;
	struct subject subject;
	char *want; // of the source; may be NULL
	struct op_head grants; // that came with the request
	struct caller granted; // as a program of this node, with them
	char *type; // of the bytes, in place of what the source says; may be NULL
	struct casts casts; // of his name space
	struct place source, target;
	enum stage stage;
	struct caller caller; // to the node that is asked
	struct call *call;    // to it; NULL: none
	struct mover *mover;  // NULL: not moved here, or over
	struct direct *direct; // likewise
	struct convert *convert; // likewise
	bool answered;        // the asker was told ok
	struct op_refusal straight; // why the two nodes cannot do it, and it passes through here
};

void copies_init(struct copies *copies, struct wl_event_loop *loop, const struct route *route,
		const struct caller *caller, struct box_tree *tree, struct work_pool *pool) {
	copies->loop = loop;
	copies->pool = pool;
	copies->tree = tree;
	copies->route = route;
	copies->caller = caller;
	wl_list_init(&copies->list);
}

static void place_finish(struct place *place) {
	call_destroy(place->call);
	free(place->name);
	free(place->there);
}

static void copy_destroy(struct copy *copy) {
	wl_list_remove(&copy->link);
	call_destroy(copy->call);
	mover_destroy(copy->mover);
	direct_destroy(copy->direct);
	convert_destroy(copy->convert);
	exchange_destroy(copy->exchange);
	place_finish(&copy->source);
	place_finish(&copy->target);
	op_head_finish(&copy->grants);
	free(copy->want);
	free(copy->type);
	casts_finish(&copy->casts);
	free(copy);
}

void copies_finish(struct copies *copies) {
	struct copy *copy, *next;
	wl_list_for_each_safe(copy, next, &copies->list, link) {
		copy_destroy(copy);
	}
}

/* What the asker is told. */

// from: where it goes on, if a copy before it broke off.
static void answer(struct copy *copy, uint64_t from) {
	struct op_head reply;
	if (!copy->answered) {
		copy->answered = true;
		op_head_init_reply(&reply);
		if (from > 0) {
			op_set_number(&reply, OP_F_OFFSET, from);
		}
		if (copy->straight.code != OP_OK) {
			op_setf(&reply, OP_F_STATE, "refused %s %s", op_code_name(copy->straight.code),
				copy->straight.sentence);
		}
		op_set_body(&reply, OP_BODY_CHUNKS, 0);
		exchange_send_head(copy->exchange, &reply, NULL);
		op_head_finish(&reply);
	}
}

// So that he may go on with another, if the name that he said means others.
static void tell_target(const struct copy *copy, struct op_head *reply) {
	const struct place *target = &copy->target;
	const struct peer *peer = target->key[0] ?
		quic_peer_by_key(copy->copies->route->quic, target->key) : NULL;
	if (peer) {
		op_setf(reply, OP_F_NAME, "/n/%s%s", peer->petname, target->there);
	} else if (target->name) {
		op_set(reply, OP_F_NAME, target->name);
	}
}

// trailer may be NULL. The copy is freed.
static void finish(struct copy *copy, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct op_head reply;
	if (!trailer || !op_head_copy(&reply, trailer)) {
		op_head_init_reply(&reply);
	}
	reply.refusal = *why;
	op_unset(&reply, OP_F_BODY);
	if (why->code == OP_ELOST || why->code == OP_EUNREACH) {
		tell_target(copy, &reply);
	}
	if (why->code == OP_OK) {
		answer(copy, 0);
	}
	if (copy->answered) {
		exchange_send_end(copy->exchange, &reply);
	} else {
		exchange_send_head(copy->exchange, &reply, NULL);
	}
	op_head_finish(&reply);
	copy_destroy(copy);
}

static void asker_gone(void *data, const struct op_refusal *why) {
	copy_destroy(data);
}

static const struct exchange_events asker_events = {.gone = asker_gone};

/* Moved here. */

static void add_grants(struct op_head *head, const struct op_head *from) {
	size_t at = 0;
	for (const char *grant; (grant = op_each(from, OP_F_GRANT, &at));) {
		op_add(head, OP_F_GRANT, grant);
	}
}

// What was granted for the copy goes with what it asks of the two boxes.
static struct stream *open_granted(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct copy *copy = data;
	const struct caller *caller = copy->copies->caller;
	add_grants(head, &copy->grants);
	return caller->open(caller->data, head, subject, refusal);
}

static void handle_moving(void *data, uint64_t from) {
	answer(data, from);
}

static void handle_progress(void *data, uint64_t done, uint64_t size) {
	struct copy *copy = data;
	struct op_head entry;
	struct buf text;
	op_head_init_entry(&entry);
	op_set_number(&entry, OP_F_OFFSET, done);
	if (size > 0) {
		op_set_number(&entry, OP_F_SIZE, size);
	}
	buf_init(&text);
	if (op_encode(&entry, &text, NULL) == OP_OK) {
		exchange_send_bytes(copy->exchange, buf_front(&text), text.size);
	}
	buf_finish(&text);
	op_head_finish(&entry);
}

static void handle_moved(void *data, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct copy *copy = data;
	copy->mover = NULL;
	copy->direct = NULL;
	copy->convert = NULL;
	finish(copy, why, trailer);
}

static const struct mover_events here_events = {
	.moving = handle_moving,
	.progress = handle_progress,
	.moved = handle_moved,
};

static void refuse_memory(struct copy *copy) {
	const struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	finish(copy, &memory, NULL);
}

static void begin_here(struct copy *copy) {
	copy->mover = mover_create(copy->copies->loop, &copy->granted, &copy->subject,
		copy->source.name, copy->want, copy->type, copy->target.name, &here_events, copy);
	if (!copy->mover) {
		refuse_memory(copy);
	}
}

static void leave_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct copy *copy = data;
	copy->call = NULL;
	if (why->code == OP_EPERM || why->code == OP_EUNREACH || why->code == OP_EUDP) {
		finish(copy, why, trailer);
	} else {
		begin_here(copy);
	}
}

// What was granted may be refused at the other node, for its clock: then he who asked goes another way,
// and a channel is to have its message still.
static void look_for_leave(struct copy *copy) {
	static const struct call_events events = {.ended = leave_ended};
	struct op_head head;
	op_head_init_request(&head, OP_KIND);
	op_set(&head, OP_F_NAME, copy->source.key[0] ? copy->source.name : copy->target.name);
	copy->call = call_create(copy->copies->loop, &copy->granted, &head, &copy->subject, &events, copy);
	op_head_finish(&head);
	if (!copy->call) {
		refuse_memory(copy);
	}
}

static void handle_unfit(void *data) {
	struct copy *copy = data;
	copy->direct = NULL;
	begin_here(copy);
}

// Grants are taken, and counted, where calls arrive.
static bool may_be_direct(const struct copy *copy) {
	const struct place *source = &copy->source, *target = &copy->target;
	return source->here && target->here && !copy->want && !op_has(&copy->grants, OP_F_GRANT) &&
		direct_fits(copy->copies->tree, source->there, copy->type ? copy->type : source->type,
		target->there);
}

static void begin_direct(struct copy *copy) {
	static const struct direct_events events = {.mover = &here_events, .unfit = handle_unfit};
	copy->direct = direct_create(copy->copies->loop, copy->copies->tree, &copy->subject,
		copy->source.there, copy->type, copy->target.there, &events, copy);
	if (!copy->direct) {
		refuse_memory(copy);
	}
}

static void move_here(struct copy *copy) {
	copy->stage = STAGE_HERE;
	if (op_has(&copy->grants, OP_F_GRANT) && !copy->source.key[0] != !copy->target.key[0]) {
		look_for_leave(copy);
	} else if (may_be_direct(copy)) {
		begin_direct(copy);
	} else {
		begin_here(copy);
	}
}

static void convert_here(struct copy *copy, const struct cast *const *chain, int length) {
	const struct convert_plan plan = {
		.route = copy->copies->route,
		.caller = &copy->granted,
		.pool = copy->copies->pool,
		.subject = &copy->subject,
		.chain = chain,
		.length = length,
		.source = copy->source.name,
		.want = copy->want,
		.target = copy->target.name,
	};
	copy->stage = STAGE_HERE;
	copy->convert = convert_create(&plan, &here_events, copy);
	if (!copy->convert) {
		refuse_memory(copy);
	}
}

/* Moved by another node. */

static void ask_node(struct copy *copy, enum stage stage);

static void node_reply(void *data, const struct op_head *reply) {
	if (reply->refusal.code == OP_OK) {
		answer(data, op_get_number(reply, OP_F_OFFSET, 0));
	}
}

static void node_bytes(void *data, const void *bytes, size_t size) {
	struct copy *copy = data;
	exchange_send_bytes(copy->exchange, bytes, size);
}

// That node cannot get to the other one, or may not: somebody else may.
static bool is_cut_off(const struct op_refusal *why) {
	return why->code == OP_EUNREACH || why->code == OP_EUDP || why->code == OP_EUNSUPP ||
		why->code == OP_EPERM;
}

static void node_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct copy *copy = data;
	copy->call = NULL;
	bool barred = why->code == OP_EPERM && (copy->source.barred || copy->target.barred);
	if (copy->answered || !is_cut_off(why) || barred) { // barred: he could not carry it himself
		finish(copy, why, trailer);
	} else if (copy->stage == STAGE_PUSH) {
		ask_node(copy, STAGE_PULL);
	} else {
		copy->straight = *why;
		move_here(copy);
	}
}

static struct stream *node_open(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct copy *copy = data;
	const struct place *place = copy->stage == STAGE_PUSH ? &copy->source : &copy->target;
	struct way way = {.kind = WAY_PEER, .name = place->there};
	way.peer = quic_peer_by_key(copy->copies->route->quic, place->key);
	if (!way.peer) {
		op_refuse(refusal, OP_EUNREACH, "that node was forgotten");
		return NULL;
	}
	return route_open(copy->copies->route, &way, head, subject, refusal);
}

// Another person's node asks the other one in our name, once, for just that. Without a grant it is
// refused there, and the bytes pass through here.
static void grant_asked(const struct copy *copy, struct op_head *head, const struct place *asked,
		const struct place *other) {
	struct op_refusal why;
	const struct route *route = copy->copies->route;
	const struct peer *peer = quic_peer_by_key(route->quic, asked->key);
	const char *person = keys_person(route->keys);
	if (!peer || !person || !route->grants || strcmp(copy->subject.person, person) != 0 ||
			strcmp(copy->subject.machine, keys_machine(route->keys)) != 0 ||
			strcmp(peer->subject.person, person) == 0 || strcmp(asked->key, other->key) == 0) {
		return;
	}
	const struct grants_leave leave = {
		.holder = asked->key,
		.to = other->key,
		.use = GRANT_ONCE,
		.verbs = 1u << (asked == &copy->source ? OP_PUTMEM : OP_GETMEM),
		.name = other->there,
	};
	grants_sign(route->grants, head, &leave, NULL, &why);
}

static void ask_node(struct copy *copy, enum stage stage) {
	static const struct call_events events = {
		.reply = node_reply,
		.bytes = node_bytes,
		.ended = node_ended,
	};
	bool push = stage == STAGE_PUSH;
	const struct place *asked = push ? &copy->source : &copy->target;
	const struct place *other = push ? &copy->target : &copy->source;
	struct op_head head;
	copy->stage = stage;
	copy->caller = (struct caller){.open = node_open, .data = copy};
	op_head_init_request(&head, OP_COPY);
	op_set(&head, OP_F_NAME, asked->there);
	op_setf(&head, push ? OP_F_TO : OP_F_SOURCE, "%s%s",
		strcmp(asked->key, other->key) == 0 ? "" : other->key, other->there);
	if (copy->want) {
		op_set(&head, OP_F_WANT, copy->want);
	}
	if (copy->type) {
		op_set(&head, OP_F_TYPE, copy->type);
	}
	grant_asked(copy, &head, asked, other);
	copy->call = call_create(copy->copies->loop, &copy->caller, &head, &copy->subject, &events,
		copy);
	op_head_finish(&head);
	if (!copy->call) {
		move_here(copy);
	}
}

static void move(struct copy *copy) {
	if (!copy->source.key[0] || !copy->target.key[0]) {
		move_here(copy);
	} else {
		ask_node(copy, STAGE_PUSH);
	}
}

/* Whether their types go together. */

static void set_word(char type[static OP_MAX_CNSTR + 1], const char *cnstr) {
	snprintf(type, OP_MAX_CNSTR + 1, "%s", cnstr);
	type[strcspn(type, "!")] = '\0';
}

static bool has_programs(const struct cast *const *chain, int length) {
	bool has = false;
	for (int i = 0; i < length; i++) {
		has = has || chain[i]->prog;
	}
	return has;
}

// Nothing has been asked for but the kinds: a message of a channel is not lost.
static void refuse_types(struct copy *copy, const char *from, const char *to) {
	struct op_refusal why;
	op_refuse(&why, OP_ETYPE, "the source is %.60s and the target takes %.60s, and no cast leads from "
		"the one to the other (box cast %.60s %.60s PROGRAM says what makes it; without a PROGRAM it is "
		"taken as it is)", from, to, from, to);
	finish(copy, &why, NULL);
}

// A printer takes several types, and says which.
static int find_chain(const struct copy *copy, const char *from, const char *to,
		const struct cast *chain[static PLAN_CASTS]) {
	struct cnstr source, target;
	const char *type = copy->type ? copy->type : copy->source.type;
	if (strcmp(to, "printer") == 0 && cnstr_parse(&source, type, NULL) == OP_OK &&
			cnstr_parse(&target, copy->target.type, NULL) == OP_OK) {
		return plan_chain_taken(&copy->casts, &source, &target, chain);
	}
	return plan_chain(&copy->casts, from, to, chain);
}

static void types_known(struct copy *copy) {
	const struct cast *chain[PLAN_CASTS];
	char from[OP_MAX_CNSTR + 1], to[OP_MAX_CNSTR + 1];
	set_word(from, copy->type ? copy->type : copy->source.type);
	set_word(to, copy->target.type);
	int length = find_chain(copy, from, to, chain);
	if (length < 0) {
		refuse_types(copy, from, to);
		return;
	}
	if (has_programs(chain, length)) {
		convert_here(copy, chain, length);
		return;
	}
	char *called = length > 0 ? strdup(chain[length - 1]->to) : NULL;
	if (length > 0 && !called) {
		refuse_memory(copy);
		return;
	}
	if (called) {
		free(copy->type);
		copy->type = called;
	}
	move(copy);
}

static void kind_reply(void *data, const struct op_head *reply) {
	struct place *place = data;
	struct cnstr cnstr;
	const char *type = op_get(reply, OP_F_TYPE);
	if (reply->refusal.code == OP_OK && type && cnstr_parse(&cnstr, type, NULL) == OP_OK) {
		snprintf(place->type, sizeof(place->type), "%s", type);
	}
}

// A target that is not there yet takes any type, and whatever else is wrong the copy itself says best.
static void kind_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct place *place = data;
	struct copy *copy = place->copy;
	place->call = NULL;
	place->barred = why->code == OP_EPERM;
	if (!copy->source.call && !copy->target.call) {
		types_known(copy);
	}
}

static bool ask_kind(struct copy *copy, struct place *place) {
	static const struct call_events events = {.reply = kind_reply, .ended = kind_ended};
	struct op_head head;
	place->copy = copy;
	op_head_init_request(&head, OP_KIND);
	op_set(&head, OP_F_NAME, place->name);
	place->call = call_create(copy->copies->loop, copy->copies->caller, &head, &copy->subject, &events,
		place);
	op_head_finish(&head);
	return place->call;
}

/* Where the boxes are. */

// A box in this node's names, or KEY/name; from outside only what is ours, or KEY/name.
static enum op_code find_place(struct copy *copy, struct place *place, const char *where,
		bool local, struct op_refusal *refusal) {
	char key[KEYS_FINGERPRINT + 1];
	const char *name;
	struct way way;
	enum op_code code = where_split(where, key, &name, refusal);
	if (code != OP_OK) {
		return code;
	}
	place->name = NULL;
	if (!key[0]) {
		place->name = strdup(name);
	} else if (asprintf(&place->name, "/n/%s%s", key, strcmp(name, "/") == 0 ? "" : name) < 0) {
		place->name = NULL;
	}
	if (!place->name) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	code = route_resolve_granted(copy->copies->route, place->name, &copy->subject, local || key[0],
		&copy->grants, place == &copy->source ? OP_GETMEM : OP_PUTMEM, &way, refusal);
	if (code == OP_OK && way.kind == WAY_PEER) {
		strcpy(place->key, way.peer->key);
	} else if (code == OP_ENOENT && key[0]) {
		return refusal->code = OP_EUNREACH; // who sent it here knows another way
	}
	place->here = code == OP_OK && way.kind == WAY_HERE;
	place->there = code == OP_OK ? strdup(way.name) : NULL;
	return code != OP_OK || place->there ? code : op_refuse(refusal, OP_EIO, "out of memory");
}

static enum op_code find_both(struct copy *copy, const struct op_head *head, bool local,
		struct op_refusal *refusal) {
	const char *name = op_get(head, OP_F_NAME), *want = op_get(head, OP_F_WANT);
	const char *type = op_get(head, OP_F_TYPE);
	const char *to = op_get(head, OP_F_TO), *source = op_get(head, OP_F_SOURCE);
	if (!to == !source) {
		return op_refuse(refusal, OP_EARG, "a copy says its other box once: to, where the bytes go, "
			"or source, where they come from");
	}
	copy->want = want ? strdup(want) : NULL;
	copy->type = type ? strdup(type) : NULL;
	if ((want && !copy->want) || (type && !copy->type)) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	enum op_code code = find_place(copy, &copy->source, to ? name : source, local, refusal);
	return code != OP_OK ? code :
		find_place(copy, &copy->target, to ? to : name, local, refusal);
}

void copy_create(struct copies *copies, struct exchange *exchange, const struct op_head *head,
		const struct subject *subject, bool local, const struct casts *casts) {
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	struct copy *copy = calloc(1, sizeof(*copy));
	if (!copy) {
		relay_refuse(exchange, &why);
		return;
	}
	wl_list_insert(&copies->list, &copy->link);
	copy->copies = copies;
	copy->exchange = exchange;
	copy->subject = *subject;
	copy->granted = (struct caller){.open = open_granted, .data = copy};
	op_head_init_request(&copy->grants, OP_COPY);
	add_grants(&copy->grants, head);
	exchange_listen(exchange, &asker_events, copy);
	strcpy(copy->source.type, "*");
	strcpy(copy->target.type, "*");
	casts_init(&copy->casts);
	if (find_both(copy, head, local, &why) != OP_OK) {
		finish(copy, &why, NULL);
	} else if (!casts) {
		move(copy);
	} else if (!casts_copy(&copy->casts, casts) || !ask_kind(copy, &copy->source) ||
			!ask_kind(copy, &copy->target)) {
		refuse_memory(copy);
	}
}
