/* SPDX-License-Identifier: MIT */
#ifndef QUIC_PRIVATE_H
#define QUIC_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "base/work.h"
#include "quic/cids.h"
#include "quic/connection.h"
#include "quic/endpoint.h"
#include "quic/keys_private.h"
#include "quic/quic.h"

/* What the files of this room share. */

#define MS 1000000ull
#define SECOND 1000000000ull
#define NEVER UINT64_MAX

#define KEEP_ALIVE (1500 * MS)   // while an exchange is open
#define NUDGE_AFTER (200 * MS) // the same, while something that was sent is not acknowledged
#define KEEP_ALIVE_YIELD (250 * MS) // more for who was dialled: the other's word does for both
#define ACK_WAIT (5 * MS)       // of an acknowledgement, for something to leave with it
#define ACK_REST (100 * MS)     // without bytes of streams, before one may wait
#define ACK_DELAY_MAX (10 * MS) // that is promised: a busy machine may be late
#define SILENCE_LIMIT (4 * SECOND) // then the other side is gone
#define REPLACE_AFTER (2 * SECOND) // of silence, a new connection replaces the old
#define IDLE_LIMIT (60 * SECOND)   // without an exchange
#define SIMULTANEOUS (5 * SECOND)  // connections as near as this were dialled at once
#define LINGER (1 * SECOND)        // of a second connection without an exchange

#define WINDOW (256 * 1024)       // bytes a stream may be ahead of its listener
#define WINDOW_BULK (1024 * 1024) // a bulk one
#define WINDOW_CONNECTION (16 * 1024 * 1024)

#define STATELESS_PER_SECOND 50 // answers to packets that belong to nothing

struct dial;
struct roam;

/* A person whose machines we answer: DIR/persons/NAME. */
struct person {
	struct wl_list link; // quic.persons
	char name[CERT_NAME_MAX + 1];
	char key[KEYS_FINGERPRINT + 1];
	char *cert; // base64; may be NULL
};

/* An address whose handshakes fail, and how often in which second. */
struct failing {
	struct address remote;
	uint64_t second;
	int count;
};
#define FAILING_MAX 32 // addresses at once

/* A peer with what only this room knows of it. */
struct peer_entry {
	struct peer peer;
	struct quic *quic;
	struct wl_list changed;     // quic.changed; peer_changed is to be said
	struct wl_list connections; // connection.user_link, that are up, newest first
	struct wl_list waiting;     // stream_quic.link, oldest first: for a connection
	struct dial *dial;          // under way, or NULL
	bool known;                 // peer_changed has been said of it
	uint64_t moved;             // when a new address of its was kept; 0: never
};

struct quic {
	struct wl_event_loop *loop;
	struct keys *keys;
	const struct quic_events *events;
	void *data;
	char *dir;
	struct endpoint *endpoint;
	struct roam *roam;
	int timer;
	struct wl_event_source *timer_source;
	uint64_t armed; // when timer fires; NEVER: not
	uint64_t arms_since; // how often it was set since then
	int arms;
	struct wl_event_source *turn; // NULL: none is due
	struct cids cids;
	struct wl_list connections; // connection.link
	struct wl_list dead;        // connection.link
	struct wl_list news;        // connection.news
	struct wl_list streams;     // stream_quic.all
	struct wl_list dirty;       // stream_quic.dirty
	struct wl_list changed;     // peer_entry.changed
	struct wl_list peers;       // peer.link, by petname
	struct wl_list persons;     // person.link
	struct wl_list forgotten;   // of forgotten.c
	struct saves *filing;       // of filing.c
	struct wl_list revoked;     // of revoked.c
	struct wl_list groups;      // known_group.link, by name
	struct wl_list pairs;       // quic_pair.link
	struct wl_list detours;     // of detour.c
	struct wl_list forwards;    // of forward.c
	uint64_t heard;             // when any connection last heard anything
	struct work_pool *pool;     // made when the first host name is to be looked up
	uint8_t reset_secret[32], retry_secret[32];
	int handshakes;             // incoming ones under way
	struct failing failing[FAILING_MAX];
	uint64_t stateless_second;  // the answers of which are counted in
	int stateless_sent;
	bool delivering, turning;
	bool again; // a turn is wanted behind the one under way
};

uint64_t quic_now(void); // ns of CLOCK_MONOTONIC
/* A turn of writing, when the loop has done what it is doing. */
void quic_schedule(struct quic *quic);
/* Says everything that was noted: to users, listeners and the room's owner. Not re-entrant. */
void quic_deliver(struct quic *quic);
/*
 * The peer is to stay out from now on: cuts its connections with this code, and removes it. Revoked, its
 * person stays known though it was the last machine.
 */
void quic_dismiss(struct peer_entry *entry, enum close_code code, const struct op_refusal *why);
/* The work pool; NULL: no threads. */
struct work_pool *quic_pool(struct quic *quic);

static inline struct peer_entry *peer_entry_from(struct peer *peer) {
	struct peer_entry *entry = wl_container_of(peer, entry, peer);
	return entry;
}

#endif
