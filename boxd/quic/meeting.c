/* SPDX-License-Identifier: MIT */
/*
 * meeting.c - which connection between two nodes is the one.
 *
 * Two that were dialled at once: the one dialled by the smaller key stays, and both sides know which
 * that is without a word. A later one comes from a node that has lost the first. The other of two
 * takes no new exchange and goes when it has none, so that nothing is lost by the choice.
 */
#include "quic/meeting.h"

#include <stdio.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/detour.h"
#include "quic/dial.h"
#include "quic/peers.h"
#include "quic/roam.h"
#include "quic/revoked.h"
#include "quic/stream_quic.h"

#define MOVED_AGAIN (10 * SECOND) // until another new address of a peer is kept
#define CONNECTIONS_MAX 4 // with one peer: two dialled at once, twice

void meeting_changed(struct peer_entry *entry) {
	if (wl_list_empty(&entry->changed)) {
		wl_list_insert(entry->quic->changed.prev, &entry->changed);
	}
	quic_schedule(entry->quic);
}

void meeting_measure(struct connection *c, uint64_t now) {
	struct peer_entry *entry = c->user_data;
	if (c->state != CONNECTION_UP || c->pairing || c->spare || now < c->measured + SECOND) {
		return;
	}
	ngtcp2_conn_info info;
	ngtcp2_conn_get_conn_info(c->conn, &info);
	double least = (double)info.min_rtt / MS;
	c->measured = now;
	entry->peer.rtt_ms = (double)info.smoothed_rtt / MS;
	snprintf(entry->peer.net, sizeof(entry->peer.net), "%s",
		least < 3 ? "lan" : least < 15 ? "wifi" : "wan");
}

/* Whether the smaller of the two keys dialled it. */
static bool by_smaller(const struct connection *c) {
	bool we_are = strcmp(keys_fingerprint(c->quic->keys), c->identity.key) < 0;
	return c->dialled == we_are;
}

/* Of two that were dialled at once; both sides must come to the same. */
static bool is_better(const struct connection *a, const struct connection *b) {
	bool detour = address_is_detour(&a->remote, NULL);
	if (detour != address_is_detour(&b->remote, NULL)) {
		return !detour;
	}
	return by_smaller(a) && !by_smaller(b);
}

/* What the peer shows of its connection; whether that is something else than before. */
static bool show(struct peer_entry *entry) {
	struct peer *peer = &entry->peer;
	const struct connection *c = peer->connection;
	const char *through = c ? detour_through(entry->quic, &c->remote) : NULL;
	through = through ? through : "";
	if (peer->up == (c != NULL) && strcmp(peer->through, through) == 0) {
		return false;
	}
	peer->up = c != NULL;
	snprintf(peer->through, sizeof(peer->through), "%s", through);
	if (*through) {
		roam_forwarded(entry->quic->roam);
	}
	return true;
}

static void choose(struct peer_entry *entry) {
	struct connection *best = NULL, *newest = NULL, *c;
	bool several = wl_list_length(&entry->connections) > 1, was = entry->peer.doubled;
	wl_list_for_each(c, &entry->connections, user_link) {
		newest = newest ? newest : c;
		bool near = newest->up_since - c->up_since < SIMULTANEOUS;
		if (!best || (near && is_better(c, best))) {
			best = c;
		}
	}
	wl_list_for_each(c, &entry->connections, user_link) {
		c->contested = several;
		c->spare = c != best;
	}
	entry->peer.connection = best;
	entry->peer.doubled = several;
	if (show(entry) || was != several) {
		meeting_changed(entry);
	}
}

static void replace(struct connection *c, const struct op_refusal *why) {
	wl_list_remove(&c->user_link);
	wl_list_init(&c->user_link);
	connection_close(c, CLOSE_REPLACED, why);
}

/* What a peer may make us hold is bounded by connection, so these are too: the oldest go. */
static void replace_oldest(struct peer_entry *entry) {
	struct op_refusal why = {0};
	op_refuse(&why, OP_ELOST, "%s has made %d newer connections: ask again", entry->peer.petname,
		CONNECTIONS_MAX);
	while (wl_list_length(&entry->connections) > CONNECTIONS_MAX) {
		struct connection *oldest = wl_container_of(entry->connections.prev, oldest, user_link);
		replace(oldest, &why);
	}
}

/* A new connection is proof of life: one whose other end has been silent is dead. */
static void replace_silent(struct peer_entry *entry, struct connection *by) {
	struct op_refusal why = {0};
	struct connection *c, *next;
	op_refuse(&why, OP_ELOST, "%s was started anew, or has come back from elsewhere: ask again",
		entry->peer.petname);
	wl_list_for_each_safe(c, next, &entry->connections, user_link) {
		if (c != by && c->busy_since != 0 && connection_silent(c, by->up_since, REPLACE_AFTER)) {
			replace(c, &why);
		}
	}
}

static void attach_waiting(struct peer_entry *entry) {
	struct stream_quic *s, *next;
	wl_list_for_each_safe(s, next, &entry->waiting, link) {
		stream_quic_attach(s, entry->peer.connection);
	}
}

static void handle_up(struct connection *c) {
	struct quic *quic = c->quic;
	const struct identity *who = &c->identity;
	struct op_refusal why = {0};
	bool revoked = revoked_has(quic, who->person_key, who->key);
	if (revoked || peers_is_forgotten(quic, who->key)) { // a moment ago
		op_refuse(&why, OP_EPERM, "%s is %s here", who->machine, revoked ? "revoked" : "forgotten");
		connection_close(c, revoked ? CLOSE_REVOKED : CLOSE_FORGOTTEN, &why);
		return;
	}
	struct peer_entry *entry = peers_meet(quic, who->key, who->person, who->machine);
	if (!entry) {
		op_refuse(&why, OP_EIO, "no memory for a peer");
		connection_close(c, CLOSE_GOODBYE, &why);
		return;
	}
	char at[ADDRESS_TEXT];
	address_print(&c->remote, at);
	const char *through = detour_through(quic, &c->remote);
	log_info("%s is connected, %s %s", entry->peer.petname,
		through ? "through" : c->dialled ? "dialled at" : "from", through ? through : at);
	snprintf(c->name, sizeof(c->name), "%s", entry->peer.petname);
	wl_list_remove(&c->user_link); // of the dial, if it was one
	wl_list_insert(&entry->connections, &c->user_link);
	c->user_data = entry;
	if (!through) {
		peers_add_at(entry, at);
	}
	// Our own dial goes on when the peer's came first: it may do the same, and one must stay.
	if (entry->dial && c->dialled) {
		dial_cancel(entry);
	}
	entry->peer.why = (struct op_refusal){0};
	replace_silent(entry, c);
	replace_oldest(entry);
	choose(entry);
	meeting_measure(c, c->up_since);
	attach_waiting(entry);
	if (!entry->known) {
		meeting_changed(entry);
	}
}

static void handle_stream(struct connection *c, struct stream_quic *s) {
	struct peer_entry *entry = c->user_data;
	c->quic->events->stream(c->quic->data, &entry->peer, &s->base);
}

static void handle_gone(struct connection *c, const struct op_refusal *why) {
	struct peer_entry *entry = c->user_data;
	if (!entry) {
		log_debug("%s: %s", c->name, why->sentence); // a stranger
		return;
	}
	wl_list_remove(&c->user_link);
	wl_list_init(&c->user_link);
	if (c->up_since == 0) {
		dial_attempt_over(entry, c, why);
		return;
	}
	if (c->busy_since == 0) {
		log_debug("%s: %s", entry->peer.petname, why->sentence);
	} else {
		log_info("%s: %s", entry->peer.petname, why->sentence);
	}
	choose(entry);
	if (!entry->peer.connection) {
		entry->peer.why = c->busy_since == 0 ? (struct op_refusal){0} : *why;
	}
	if (wl_list_empty(&entry->waiting)) {
		return;
	}
	if (entry->peer.connection) {
		attach_waiting(entry);
	} else if (!entry->dial) {
		dial_start(entry);
	}
}

static void handle_moved(struct connection *c) {
	struct peer_entry *entry = c->user_data;
	char at[ADDRESS_TEXT];
	if (address_is_detour(&c->remote, NULL) || (entry->moved > 0 && quic_now() < entry->moved + MOVED_AGAIN)) {
		return; // what changes all the time is not worth a place on the disk
	}
	entry->moved = quic_now();
	address_print(&c->remote, at);
	log_info("%s goes on from %s", entry->peer.petname, at);
	peers_add_at(entry, at);
}

/* What the other side surely never looked at may be said again. */
static bool handle_rescue(struct connection *c, struct stream_quic *s) {
	struct peer_entry *entry = c->user_data;
	if (!entry || !c->closed_by_peer || c->closed_with != CLOSE_IDLE
			|| !stream_quic_detach(s)) {
		return false;
	}
	wl_list_insert(entry->waiting.prev, &s->link);
	return true;
}

const struct connection_user meeting_user = {
	.up = handle_up,
	.stream = handle_stream,
	.moved = handle_moved,
	.gone = handle_gone,
	.rescue = handle_rescue,
};

static int count_ours(const struct peer_entry *entry) {
	const struct stream_quic *s;
	int count = wl_list_length(&entry->waiting);
	if (entry->peer.connection) {
		wl_list_for_each(s, &entry->peer.connection->streams, link) {
			count += s->ours;
		}
	}
	return count;
}

struct stream_quic *meeting_open(struct peer_entry *entry, struct op_refusal *refusal) {
	if (count_ours(entry) >= OP_MAX_EXCHANGES) {
		op_refuse(refusal, OP_EQUOTA, "%d exchanges with %s are open, which is the most: wait for one "
			"to end", OP_MAX_EXCHANGES, entry->peer.petname);
		return NULL;
	}
	struct stream_quic *s = stream_quic_create(entry->quic);
	if (!s) {
		op_refuse(refusal, OP_EIO, "no memory for a stream");
		return NULL;
	}
	wl_list_insert(entry->waiting.prev, &s->link);
	if (entry->peer.connection) {
		stream_quic_attach(s, entry->peer.connection);
	} else if (!entry->dial) {
		dial_start(entry);
	}
	return s;
}

static void lose_waiting(struct peer_entry *entry, const struct op_refusal *why) {
	struct stream_quic *s, *next;
	wl_list_for_each_safe(s, next, &entry->waiting, link) {
		wl_list_remove(&s->link);
		wl_list_init(&s->link);
		stream_quic_lose(s, why);
	}
}

void meeting_failed(struct peer_entry *entry, const struct op_refusal *why) {
	entry->peer.why = *why;
	meeting_changed(entry);
	lose_waiting(entry, why);
}

void meeting_end(struct peer_entry *entry, enum close_code code, const struct op_refusal *why) {
	if (entry->dial) {
		dial_cancel(entry);
	}
	struct connection *c, *next;
	wl_list_for_each_safe(c, next, &entry->connections, user_link) {
		wl_list_remove(&c->user_link);
		wl_list_init(&c->user_link);
		c->user = NULL;
		connection_close(c, code, why);
	}
	entry->peer.connection = NULL;
	lose_waiting(entry, why);
}
