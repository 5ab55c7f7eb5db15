/* SPDX-License-Identifier: MIT */
/*
 * relay.c - an exchange that is answered by a mounted server or by another node.
 *
 * Between the two halves only the names in the head of the answer change: a box made on den is, to
 * the asker, below /n/den.
 */
#include "relay.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/name.h"
#include "path_told.h"
#include "quic/quic.h"

#define QUEUE_MAX (256 * 1024) // bytes held for the slower side before the faster one is paused
#define PARTED_MS 2000 // the end of an answer that nobody waits for is not awaited longer
#define PARTED_MAX 64  // such answers

struct relay {
	struct wl_list link; // relays.list
	struct relays *relays;
	struct exchange *from; // NULL: parted
	struct call *to;
	struct wl_event_source *parted; // NULL: not
	struct caller caller;
	struct op_head head; // as it goes out
	struct subject subject;
	char key[KEYS_FINGERPRINT + 1]; // of the peer it goes to; "" for a mounted server
	char *socket;                   // of the mounted server; NULL for a peer
	char **others;                  // to be asked if it refuses; NULL-terminated, or NULL
	int next;                       // of others
	char *name;                     // for the sentence when the server is gone
	bool answered, repeated;
	bool asked; // the request is whole
	struct path_told told;
	enum op_body body; // of the answer
	struct op_head no; // the answer, if it is a refusal
};

void relays_init(struct relays *relays, const struct route *route) {
	*relays = (struct relays){.route = route};
	wl_list_init(&relays->list);
}

static void relay_destroy(struct relay *relay) {
	wl_list_remove(&relay->link);
	if (relay->parted) {
		wl_event_source_remove(relay->parted);
		relay->relays->parted--;
	}
	call_destroy(relay->to);
	exchange_destroy(relay->from);
	op_head_finish(&relay->head);
	op_head_finish(&relay->no);
	for (char **other = relay->others; other && *other; other++) {
		free(*other);
	}
	free(relay->others);
	free(relay->socket);
	free(relay->name);
	free(relay);
}

void relays_finish(struct relays *relays) {
	struct relay *relay, *next;
	wl_list_for_each_safe(relay, next, &relays->list, link) {
		relay_destroy(relay);
	}
}

static bool has_lost_group(const struct subject *before, const struct subject *now) {
	for (int i = 0; i < before->groups_size; i++) {
		bool found = false;
		for (int j = 0; j < now->groups_size && !found; j++) {
			found = strcmp(before->groups[i], now->groups[j]) == 0;
		}
		if (!found) {
			return true;
		}
	}
	return false;
}

void relays_regroup(struct relays *relays, void (*name)(void *data, struct subject *subject), void *data) {
	struct relay *relay, *next;
	wl_list_for_each_safe(relay, next, &relays->list, link) {
		struct subject now = relay->subject;
		name(data, &now);
		if (relay->from && relay->socket && has_lost_group(&relay->subject, &now)) {
			exchange_cut(relay->from, OP_ELOST, "the caller is in a group less: he asks again");
		} else {
			relay->subject = now;
		}
	}
}

enum stream_class relay_class(const char *name) {
	static const struct {
		const char *prefix;
		enum stream_class class;
	} classes[] = {
		{"/kbd", STREAM_INPUT},
		{"/ptr", STREAM_INPUT},
		{"/pad", STREAM_INPUT},
		{"/display", STREAM_INPUT}, // pictures have lanes of their own; the way back is input
		{"/fs", STREAM_BULK},
		{"/proc", STREAM_BULK},
		{"/chan", STREAM_BULK},
	};
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (name_below(classes[i].prefix, name)) {
			return classes[i].class;
		}
	}
	return STREAM_CONTROL;
}

void relay_refuse(struct exchange *exchange, const struct op_refusal *why) {
	struct op_head reply;
	op_head_init_reply(&reply);
	reply.refusal = *why;
	exchange_send_head(exchange, &reply, NULL);
	op_head_finish(&reply);
	exchange_destroy(exchange);
}

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/*
 * A picture has left for another node: whoever sent it is told of the way, in between its own frames. A
 * peer may say such a line too; it is passed on like all it says, and harms only its own picture.
 */
static void tell_path(struct relay *relay, bool asker) {
	struct stream_path path;
	int64_t now = now_ns();
	bool may = asker ? relay->answered && relay->body == OP_BODY_FRAMES :
		!relay->asked && op_body_of(&relay->head, NULL) == OP_BODY_FRAMES;
	if (!may || !path_told_due(&relay->told, now) ||
			!(asker ? call_path(relay->to, &path) : exchange_path(relay->from, &path))) {
		return;
	}
	struct buf line;
	struct frame frame;
	buf_init(&line);
	if (!path_told_frame(&relay->told, &path, now, &line, &frame)) {
		// it is told the next time
	} else if (asker) {
		exchange_send_frame(relay->from, &frame);
	} else {
		call_send_frame(relay->to, &frame);
	}
	buf_finish(&line);
}

// What the asker sends goes on as it comes.

static void from_bytes(void *data, const void *bytes, size_t size) {
	struct relay *relay = data;
	call_send_bytes(relay->to, bytes, size);
	exchange_pause(relay->from, call_queued(relay->to) > QUEUE_MAX);
}

static void from_frame(void *data, const struct frame *frame) {
	struct relay *relay = data;
	call_send_frame(relay->to, frame);
	exchange_pause(relay->from, call_queued(relay->to) > QUEUE_MAX);
	if (frame_has_own_lane(frame->kind)) {
		tell_path(relay, true);
	}
}

static void from_end(void *data, const struct op_head *trailer) {
	struct relay *relay = data;
	relay->asked = true;
	if (op_body_of(&relay->head, NULL) != OP_BODY_NONE) {
		call_send_end(relay->to);
	}
}

static void from_drained(void *data) {
	struct relay *relay = data;
	if (relay->to) {
		call_pause(relay->to, false);
	}
}

static int handle_parted(void *data) {
	relay_destroy(data);
	return 0;
}

/*
 * The asker has broken his request off and said why: that is passed on. To hang up right behind it could
 * overtake it, so the other side is left the time to do so. false: then it is not passed on.
 */
static bool part(struct relay *relay, const struct op_refusal *said) {
	struct relays *relays = relay->relays;
	if (!said || !relay->to || relays->parted >= PARTED_MAX) {
		return false;
	}
	relay->parted = wl_event_loop_add_timer(relays->route->loop, handle_parted, relay);
	if (!relay->parted) {
		return false;
	}
	relays->parted++;
	wl_event_source_timer_update(relay->parted, PARTED_MS);
	call_break_off(relay->to, said);
	call_pause(relay->to, false);
	exchange_destroy(relay->from);
	relay->from = NULL;
	return true;
}

static void from_gone(void *data, const struct op_refusal *why) {
	struct relay *relay = data;
	if (!part(relay, exchange_broken_by(relay->from))) {
		relay_destroy(relay);
	}
}

static const struct exchange_events from_events = {
	.bytes = from_bytes,
	.frame = from_frame,
	.end = from_end,
	.drained = from_drained,
	.gone = from_gone,
};

// And what is answered goes back.

static struct peer *relay_peer(const struct relay *relay) {
	return relay->key[0] ? quic_peer_by_key(relay->relays->route->quic, relay->key) : NULL;
}

// As a program of this node names a box of that one.
static void set_our_name(struct op_head *head, const struct peer *peer, const char *there) {
	op_setf(head, OP_F_NAME, "/n/%s%s", peer->petname, strcmp(there, "/") == 0 ? "" : there);
}

static void to_reply(void *data, const struct op_head *answer) {
	struct relay *relay = data;
	struct op_head reply;
	if (!relay->from) {
		return;
	}
	if (answer->refusal.code != OP_OK) {
		// Of several refusals, one by rights says best what to do.
		if (relay->no.refusal.code != OP_EPERM) {
			op_head_finish(&relay->no);
			op_head_copy(&relay->no, answer);
		}
		return; // ended follows, and says it
	}
	op_head_copy(&reply, answer);
	const char *made = op_get(answer, OP_F_NAME);
	struct peer *peer = relay_peer(relay);
	// A kind tells which box it is of: its name may have meant several.
	made = made || relay->head.verb != OP_KIND ? made : relay->name;
	if (made && peer) {
		set_our_name(&reply, peer, made);
	}
	if (made && peer && relay->head.verb == OP_LINK && relay->relays->linked) {
		relay->relays->linked(relay->relays->data, peer->key, &relay->head, made);
	}
	relay->answered = true;
	relay->body = op_body_of(&reply, NULL);
	struct op_refusal refusal;
	if (exchange_send_head(relay->from, &reply, &refusal) != OP_OK) {
		op_head_finish(&reply);
		relay_destroy(relay);
		return;
	}
	op_head_finish(&reply);
}

static void to_bytes(void *data, const void *bytes, size_t size) {
	struct relay *relay = data;
	if (relay->from) {
		exchange_send_bytes(relay->from, bytes, size);
		call_pause(relay->to, exchange_queued(relay->from) > QUEUE_MAX);
	}
}

static void to_frame(void *data, const struct frame *frame) {
	struct relay *relay = data;
	if (!relay->from) {
		return;
	}
	exchange_send_frame(relay->from, frame);
	call_pause(relay->to, exchange_queued(relay->from) > QUEUE_MAX);
	if (frame_has_own_lane(frame->kind)) {
		tell_path(relay, false);
	}
}

static void to_drained(void *data) {
	struct relay *relay = data;
	if (relay->from) {
		exchange_pause(relay->from, false);
	}
}

static bool may_repeat(const struct relay *relay) {
	enum op_verb verb = relay->head.verb;
	return !relay->answered && !relay->repeated && !op_has(&relay->head, OP_F_GRANT) &&
		(verb == OP_KIND || verb == OP_SELECTORS || verb == OP_GETMEM);
}

static void send_no(struct relay *relay, const struct op_refusal *why,
		const struct op_head *trailer) {
	struct op_head no;
	// Fields of a refusal tell more: how long it holds, what the box is instead.
	if (!op_head_copy(&no, trailer ? trailer : &relay->no)) {
		op_head_init_reply(&no);
	}
	no.refusal = *why;
	struct peer *peer = relay_peer(relay);
	if (peer && !trailer && (why->code == OP_ELOST || why->code == OP_EUNREACH)) {
		op_set(&no, OP_F_VIA, keys_machine(relay->relays->route->keys));
		set_our_name(&no, peer, relay->name);
	}
	if (!relay->answered) {
		exchange_send_head(relay->from, &no, NULL);
	} else {
		exchange_send_end(relay->from, &no);
	}
	op_head_finish(&no);
}

static bool relay_dial(struct relay *relay);

// false: nobody else is to be asked.
static bool ask_next(struct relay *relay, enum op_code code) {
	if (relay->answered || !relay->others || !relay->others[relay->next] ||
			(code != OP_EUNSUPP && code != OP_EPERM)) {
		return false;
	}
	free(relay->socket);
	relay->socket = strdup(relay->others[relay->next++]);
	return relay->socket && relay_dial(relay);
}

static void to_ended(void *data, const struct op_refusal *why, const struct op_head *trailer) {
	struct relay *relay = data;
	relay->to = NULL; // freed behind this event
	if (!relay->from) {
		relay_destroy(relay);
		return;
	}
	bool lost = why->code == OP_ELOST || why->code == OP_EUNREACH;
	if (lost && may_repeat(relay)) {
		relay->repeated = true;
		if (relay_dial(relay)) {
			return;
		}
	}
	if (ask_next(relay, why->code)) {
		return;
	}
	bool framed = relay->body == OP_BODY_CHUNKS || relay->body == OP_BODY_FRAMES;
	if (why->code != OP_OK && (!relay->answered || framed)) {
		bool told = !relay->answered && relay->no.refusal.code != OP_OK;
		struct op_refusal no = told ? relay->no.refusal : *why;
		send_no(relay, &no, trailer);
	} else if (why->code == OP_OK && framed) {
		exchange_send_end(relay->from, trailer);
	}
	// A body of known size that stopped early can only be broken off, which destroying it does.
	relay_destroy(relay);
}

static const struct call_events to_events = {
	.reply = to_reply,
	.bytes = to_bytes,
	.frame = to_frame,
	.drained = to_drained,
	.ended = to_ended,
};

static struct stream *relay_open(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal) {
	struct relay *relay = data;
	struct way way = {
		.kind = relay->socket ? WAY_MOUNT : WAY_PEER,
		.socket = relay->socket,
		.peer = relay_peer(relay),
		.name = relay->name,
	};
	if (way.kind == WAY_PEER && !way.peer) {
		op_refuse(refusal, OP_ENOENT, "that node was forgotten");
		return NULL;
	}
	return route_open(relay->relays->route, &way, head, subject, refusal);
}

static bool relay_dial(struct relay *relay) {
	relay->to = call_create(relay->relays->route->loop, &relay->caller, &relay->head,
		&relay->subject, &to_events, relay);
	return relay->to;
}

static bool copy_others(struct relay *relay, const char *const *others, int count) {
	if (count == 0) {
		return true;
	}
	relay->others = calloc((size_t)count + 1, sizeof(char *));
	for (int i = 0; relay->others && i < count; i++) {
		if (!(relay->others[i] = strdup(others[i]))) {
			return false;
		}
	}
	return relay->others;
}

static void create(struct relays *relays, struct exchange *from, const struct way *way,
		const char *const *others, int count, const struct op_head *head,
		const struct subject *subject) {
	assert(way->kind != WAY_HERE);
	struct op_refusal memory = {.code = OP_EIO, .sentence = "out of memory"};
	struct relay *relay = calloc(1, sizeof(*relay));
	if (!relay) {
		relay_refuse(from, &memory);
		return;
	}
	wl_list_insert(&relays->list, &relay->link);
	relay->relays = relays;
	relay->from = from;
	op_head_init_reply(&relay->no);
	relay->subject = *subject;
	relay->caller = (struct caller){.open = relay_open, .data = relay};
	if (way->kind == WAY_PEER) {
		strcpy(relay->key, way->peer->key);
	}
	relay->name = strdup(op_get(head, OP_F_NAME));
	relay->socket = way->kind == WAY_MOUNT ? strdup(way->socket) : NULL;
	bool copied = op_head_copy(&relay->head, head);
	exchange_listen(from, &from_events, relay);
	exchange_set_class(from, relay_class(relay->name));
	if (!copied || !copy_others(relay, others, count) || !relay->name ||
			(way->kind == WAY_MOUNT && !relay->socket) || !relay_dial(relay)) {
		send_no(relay, &memory, NULL);
		relay_destroy(relay);
	}
}

void relay_create(struct relays *relays, struct exchange *from, const struct way *way,
		const struct op_head *head, const struct subject *subject) {
	create(relays, from, way, NULL, 0, head, subject);
}

void relay_create_in_turn(struct relays *relays, struct exchange *from, const char *const *sockets,
		int count, const struct op_head *head, const struct subject *subject) {
	const struct way way = {
		.kind = WAY_MOUNT,
		.socket = sockets[0],
		.name = op_get(head, OP_F_NAME),
	};
	bool repeatable = op_body_of(head, NULL) == OP_BODY_NONE;
	create(relays, from, &way, sockets + 1, repeatable ? count - 1 : 0, head, subject);
}
