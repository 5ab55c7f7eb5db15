/* SPDX-License-Identifier: MIT */
#ifndef QUIC_PAIR_H
#define QUIC_PAIR_H

#include "base/buf.h"
#include "net/stream.h"
#include "quic/connection.h"
#include "quic/quic_private.h"

/*
 * Pairing. On one bidirectional stream the dialler (D) and the other (L) say heads to each other:
 *
 *     D  machine, key, mine if so                    L  ok, or no
 *     then, if both have a person:                   D  ok                     L closes
 *     or, if one has (the holder):                   holder  cert, cert        the other  ok
 *                                                    holder closes
 *
 * Who is who stands in TLS, not in what is said: the fingerprint that was told to this side must be
 * that of the machine key that proved itself.
 */

enum pair_step {
	PAIR_CONNECTS,
	PAIR_WAITS_HELLO,
	PAIR_WAITS_ANSWER,
	PAIR_WAITS_OK,    // the other's agreement, or that it adopted what was signed
	PAIR_WAITS_CERTS,
	PAIR_SIGNING,     // our own person's key is asked
	PAIR_AGREED,      // we said the last word; the other side closes
	PAIR_OVER,        // refused
};

/* One connection that speaks boxpair/1. */
struct pair_talk {
	struct quic *quic;
	struct connection *connection;
	struct stream *stream;  // NULL: not open yet
	struct quic_pair *pair; // NULL: a stranger's, or let go
	enum pair_step step;
	struct buf in;
};

/* One pairing that somebody here asked for. */
struct quic_pair {
	struct wl_list link; // quic.pairs
	struct quic *quic;
	char fingerprint[KEYS_FINGERPRINT + 1];
	bool mine;
	char at[64]; // "": wait to be dialled
	const struct quic_pair_events *events;
	void *data;
	struct pair_talk *talk; // NULL: none now
	struct lookup *lookup;
	struct wl_event_source *timer;
	uint64_t deadline;
	struct op_refusal last; // why the last attempt failed
	char stranger[KEYS_FINGERPRINT + 1]; // the last other machine that came
};

/* Whoever speaks boxpair/1. user_data: the pair_talk. */
extern const struct connection_user pair_user;

/* All pairings that wait, without a word to their owners. */
void pairs_finish(struct quic *quic);

/* For pair_talk.c: it came to nothing, and the pair is freed behind its done event. */
void pair_fail(struct quic_pair *pair, const struct op_refusal *why);
/* Both agree: pins and keeps the peer, and the pair is freed likewise. */
void pair_succeed(struct quic_pair *pair, struct connection *connection);
/* The talk came to nothing, but another may not. */
void pair_again(struct quic_pair *pair, const struct op_refusal *why);

/* In pair_talk.c. */
struct pair_talk *pair_talk_create(struct quic *quic, struct quic_pair *pair);
/* Lets go of the pair; what was said is still sent. Closes the connection if close. */
void pair_talk_leave(struct pair_talk *talk, bool close);
/* The signature asked for has come. */
void pair_talk_certs(struct pair_talk *talk, const char *machine_cert, const char *person_cert);

#endif
