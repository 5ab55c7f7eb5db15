/* SPDX-License-Identifier: MIT */
/*
 * dial.c - trying a peer's addresses.
 */
#include "quic/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quic/lookup.h"
#include "quic/meeting.h"
#include "quic/peers.h"

#define STAGGER_MS 300 // before the next address is tried too
#define LIMIT (6 * SECOND)
#define ADDRESSES_MAX 24
#define ASK_AFTER (600 * MS)    // without an answer, a meeting point is asked
#define DETOUR_AFTER (2 * SECOND) // without an answer to packets that crossed

struct dial {
	struct peer_entry *entry;
	struct wl_event_source *timer;
	struct wl_list attempts; // connection.user_link
	char at[AT_MAX + QUIC_NEAR_MAX][64];
	int at_size, at_next;
	struct address found[ADDRESSES_MAX];
	int found_size, found_next;
	struct lookup *lookup;
	uint64_t began, started; // started: anew when both dial
	bool asked, helping; // a meeting point was; and has not answered
	struct address detour; // to be tried yet; size 0: none
	bool silent, told; // an attempt heard nothing; or something, of the network at least
	struct op_refusal why; // the best reason so far
};

static void destroy(struct dial *dial) {
	struct connection *c, *next;
	wl_list_for_each_safe(c, next, &dial->attempts, user_link) {
		struct op_refusal why = {0};
		op_refuse(&why, OP_ELOST, "another way to %s was found", c->name);
		wl_list_remove(&c->user_link);
		wl_list_init(&c->user_link);
		c->user = NULL;
		connection_close(c, CLOSE_IDLE, &why);
	}
	lookup_cancel(dial->lookup);
	wl_event_source_remove(dial->timer);
	free(dial);
}

void dial_cancel(struct peer_entry *entry) {
	struct dial *dial = entry->dial;
	entry->dial = NULL;
	destroy(dial);
}

/* How much a reason says: a refusal by the peer itself most. */
static int weight(enum op_code code) {
	switch (code) {
	case OP_OK:
		return 0;
	case OP_EUNREACH:
		return 1;
	case OP_EUDP:
		return 2;
	case OP_EPERM:
		return 4;
	default:
		return 3;
	}
}

static void note(struct dial *dial, const struct op_refusal *why) {
	if (weight(why->code) > weight(dial->why.code)) {
		dial->why = *why;
	}
}

/* Nothing that should answer does. That both are off is less likely than a network without UDP. */
static void judge_silence(const struct dial *dial, struct op_refusal *why) {
	struct quic *quic = dial->entry->quic;
	struct peer *peer = &dial->entry->peer;
	if (!dial->silent || dial->told || quic->heard >= dial->began || !quic->events->silent_point) {
		return;
	}
	const char *point = quic->events->silent_point(quic->data, peer);
	if (point) {
		op_refuse(why, OP_EUDP, "neither %s nor the meeting point %s answers: does the network here, "
			"or its firewall, let UDP out? Try another network, or ask whoever runs this one",
			peer->petname, point);
	}
}

static void fail(struct dial *dial) {
	struct peer_entry *entry = dial->entry;
	struct op_refusal why = dial->why;
	// The peer dialled meanwhile; or it was the peer that wanted something.
	if (entry->peer.connection || wl_list_empty(&entry->waiting)) {
		dial_cancel(entry);
		return;
	}
	judge_silence(dial, &why);
	if (why.code == OP_OK) {
		op_refuse(&why, OP_EUNREACH, "no address of %s is known: let it connect to this node once, "
			"or add a line `at HOST:PORT` to %s/peers/%s and start boxd again", entry->peer.petname,
			entry->quic->dir, entry->peer.petname);
	}
	dial_cancel(entry);
	meeting_failed(entry, &why);
}

static void step(struct dial *dial);

static void handle_found(void *data, const struct address *found, int size, const char *reason) {
	struct dial *dial = data;
	dial->lookup = NULL;
	for (int i = 0; i < size && dial->found_size < ADDRESSES_MAX; i++) {
		dial->found[dial->found_size++] = found[i];
	}
	if (size == 0) {
		struct op_refusal why = {0};
		op_refuse(&why, OP_EUNREACH, "%s cannot be looked up: %s", dial->at[dial->at_next - 1],
			reason);
		note(dial, &why);
	}
	step(dial);
}

/* The next address in words becomes one or more in numbers, now or later. */
static void resolve_next(struct dial *dial) {
	char host[ADDRESS_HOST];
	uint16_t port;
	struct address *address = &dial->found[dial->found_size];
	const char *at = dial->at[dial->at_next++];
	if (!address_split(at, host, &port) || dial->found_size == ADDRESSES_MAX) {
		return;
	}
	if (address_parse(address, host, port)) {
		dial->found_size++;
		return;
	}
	dial->lookup = lookup_start(dial->entry->quic, host, port, handle_found, dial);
}

static void attempt(struct dial *dial, const struct address *address) {
	struct peer_entry *entry = dial->entry;
	struct op_refusal why = {0};
	struct connection *c =
		connection_dial(entry->quic, address, false, &meeting_user, entry, &why);
	if (!c) {
		note(dial, &why);
		return;
	}
	snprintf(c->name, sizeof(c->name), "%s", entry->peer.petname);
	strcpy(c->expect, entry->peer.key);
	wl_list_insert(dial->attempts.prev, &c->user_link);
	wl_event_source_timer_update(dial->timer, STAGGER_MS);
}

/* One more attempt, unless there is nothing left to try. */
static void step(struct dial *dial) {
	int before = wl_list_length(&dial->attempts);
	while (wl_list_length(&dial->attempts) == before && !dial->lookup) {
		if (dial->found_next < dial->found_size) {
			attempt(dial, &dial->found[dial->found_next++]);
		} else if (dial->at_next < dial->at_size) {
			resolve_next(dial);
		} else if (before == 0) {
			wl_event_source_timer_update(dial->timer, 1); // not from inside dial_start
			return;
		} else {
			return;
		}
	}
}

/* It dialled us meanwhile, and not by a detour. */
static bool is_met(const struct peer_entry *entry) {
	return entry->peer.connection && !entry->peer.through[0];
}

static bool nothing_left(const struct dial *dial) {
	return wl_list_empty(&dial->attempts) && !dial->lookup && dial->found_next == dial->found_size
		&& dial->at_next == dial->at_size;
}

static void ask_for_help(struct dial *dial) {
	struct quic *quic = dial->entry->quic;
	if (!dial->asked) {
		dial->asked = true;
		dial->helping = quic->events->unanswered
			&& quic->events->unanswered(quic->data, &dial->entry->peer);
	}
}

/* Nothing left to try, nor to wait for. */
static bool is_over(struct dial *dial) {
	if (!nothing_left(dial)) {
		return false;
	}
	ask_for_help(dial);
	return !dial->helping && dial->detour.size == 0;
}

/* Unless the peer's own dial has come, or somebody has begun to answer. */
static void try_detour(struct dial *dial, uint64_t now, bool answered) {
	struct address detour = dial->detour;
	if (detour.size > 0 && now >= dial->started + DETOUR_AFTER && !answered) {
		dial->detour.size = 0;
		if (!dial->entry->peer.connection && !wl_list_empty(&dial->entry->waiting)) {
			attempt(dial, &detour);
		}
	}
}

static int handle_timer(void *data) {
	struct dial *dial = data;
	struct quic *quic = dial->entry->quic;
	bool answered = false;
	struct connection *c;
	wl_list_for_each(c, &dial->attempts, user_link) {
		answered = answered || c->got_reply;
	}
	uint64_t now = quic_now();
	if (!answered && now > dial->started + ASK_AFTER) {
		ask_for_help(dial);
	}
	try_detour(dial, now, answered);
	if (is_over(dial) || now > dial->started + LIMIT) {
		fail(dial);
	} else {
		wl_event_source_timer_update(dial->timer, STAGGER_MS);
		if (!answered && !is_met(dial->entry)) {
			step(dial);
		}
	}
	quic_deliver(quic);
	return 0;
}

void dial_attempt_over(struct peer_entry *entry, struct connection *c,
		const struct op_refusal *why) {
	struct dial *dial = entry->dial;
	if (!dial) {
		return;
	}
	note(dial, why);
	if (c->send_error == 0 && !c->got_reply) {
		dial->silent = true;
	} else {
		dial->told = true;
	}
	if (is_over(dial)) {
		fail(dial);
	} else if (wl_list_empty(&dial->attempts) && !is_met(entry)) {
		step(dial);
	}
}

static bool has_at(const struct dial *dial, const char *at) {
	for (int i = 0; i < dial->at_size; i++) {
		if (strcmp(dial->at[i], at) == 0) {
			return true;
		}
	}
	return false;
}

/* What is said in the local network comes last: anybody there can say it. */
static void add_near(struct dial *dial) {
	char near[QUIC_NEAR_MAX][64];
	const struct quic *quic = dial->entry->quic;
	int count = quic->events->near ?
		quic->events->near(quic->data, dial->entry->peer.key, near) : 0;
	for (int i = 0; i < count && dial->at_size < AT_MAX + QUIC_NEAR_MAX; i++) {
		if (!has_at(dial, near[i])) {
			strcpy(dial->at[dial->at_size++], near[i]);
		}
	}
}

void dial_heard(struct peer_entry *entry) {
	if (entry->dial) {
		add_near(entry->dial); // tried at the next turn of its timer
	}
}

static struct dial *create(struct peer_entry *entry) {
	struct dial *dial = calloc(1, sizeof(*dial));
	if (dial) {
		dial->timer = wl_event_loop_add_timer(entry->quic->loop, handle_timer, dial);
	}
	if (!dial || !dial->timer) {
		free(dial);
		return NULL;
	}
	dial->entry = entry;
	dial->began = dial->started = quic_now();
	wl_list_init(&dial->attempts);
	wl_event_source_timer_update(dial->timer, STAGGER_MS);
	return entry->dial = dial;
}

void dial_start(struct peer_entry *entry) {
	struct dial *dial = create(entry);
	if (!dial) {
		struct op_refusal why = {0};
		op_refuse(&why, OP_EIO, "no memory to dial %s", entry->peer.petname);
		meeting_failed(entry, &why);
		return;
	}
	for (int i = 0; i < entry->peer.at_size; i++) {
		strcpy(dial->at[dial->at_size++], entry->peer.at[i]);
	}
	add_near(dial);
	step(dial);
}

static bool is_tried(const struct dial *dial, const struct address *address) {
	struct address fit = *address;
	const struct connection *c;
	address_fit(&fit, endpoint_family(dial->entry->quic->endpoint));
	wl_list_for_each(c, &dial->attempts, user_link) {
		if (address_equal(&c->remote, &fit)) {
			return true;
		}
	}
	return false;
}

void dial_met(struct peer_entry *entry, const struct address *found, int size,
		const struct address *detour) {
	struct dial *dial = entry->dial ? entry->dial : create(entry);
	if (!dial) {
		return; // the peer's own dial may do
	}
	dial->asked = true;
	dial->helping = false;
	if (quic_now() < dial->began + LIMIT) { // anew, but not for ever
		dial->started = quic_now();
	}
	dial->detour = *detour;
	for (int i = 0; i < size; i++) { // all at once: each opens a door for the peer's
		if (wl_list_length(&dial->attempts) < ADDRESSES_MAX && !is_tried(dial, &found[i])) {
			attempt(dial, &found[i]);
		}
	}
}

void dial_unmet(struct peer_entry *entry, const struct op_refusal *why) {
	if (entry->dial && entry->dial->helping) {
		entry->dial->helping = false;
		if (weight(why->code) >= weight(entry->dial->why.code)) {
			entry->dial->why = *why; // it has tried more than one address
		}
		wl_event_source_timer_update(entry->dial->timer, 1);
	}
}
