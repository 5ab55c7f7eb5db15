/* SPDX-License-Identifier: MIT */
#ifndef QUIC_PAIR_H
#define QUIC_PAIR_H

#include "net/stream.h"
#include "quic/connection.h"
#include "quic/digits.h"
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
 *
 * Where none was told, two people compare six digits first:
 *
 *     D  … commit                                    L  ok, nonce
 *     D  nonce                                       each  ok, when its person has said yes
 *
 * D is bound before it sees L's nonce, and L tells its own before it sees D's, so neither can choose
 * the digits (digits.h). From the moment the dialler has told its nonce, whatever goes wrong ends the
 * pairing there. The side that waits goes on, or anybody could spoil a pairing by being there once: until
 * its person has answered, and PAIR_SPOILED_MAX times. So whoever is in between guesses that often and
 * once more, of a million, not until he is right; and who would keep the two apart has to stay.
 */

#define PAIR_SPOILED_MAX 5

enum pair_step {
	PAIR_CONNECTS,
	PAIR_WAITS_HELLO,
	PAIR_WAITS_ANSWER,
	PAIR_WAITS_NONCE, // that the dialler is bound to
	PAIR_COMPARES,    // the two people do, or one of them has
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
	struct wl_event_source *timer; // of a stranger: until then he must have said what is due

	/* By digits. */
	bool parked; // what came waits until our own dial has come to something
	char nonce[DIGITS_NONCE + 1];  // ours
	char commit[DIGITS_NONCE + 1]; // the dialler's
	char digits[DIGITS_SIZE + 1];
	bool said_yes, heard_yes;
	enum pair_step next; // once both have
};

/* One pairing that somebody here asked for. */
struct quic_pair {
	struct wl_list link; // quic.pairs
	struct quic *quic;
	char fingerprint[KEYS_FINGERPRINT + 1]; // "": by digits
	bool mine;
	bool spent;  // our nonce was told, in this talk
	int spoiled; // talks that came to nothing behind that
	char void_digits[DIGITS_SIZE + 1]; // of the last of them: an answer to those is late
	struct op_refusal void_why; // how that ended
	char at[64]; // "": wait to be dialled, or to hear where the other is
	int near_next; // which of the addresses that were heard of is tried next
	const struct quic_pair_events *events;
	void *data;
	struct pair_talk *talk; // NULL: none now
	struct lookup *lookup;
	struct wl_event_source *timer;
	uint64_t deadline;
	struct op_refusal last; // why the last attempt failed
	char stranger[KEYS_FINGERPRINT + 1]; // the last other machine that came
	int notices; // what the asker was told while it waits
};

/* Whoever speaks boxpair/1. user_data: the pair_talk. */
extern const struct connection_user pair_user;

/* All pairings that wait, without a word to their owners. */
void pairs_finish(struct quic *quic);

/* For what is said: it came to nothing, and the pair is freed behind its done event. */
void pair_fail(struct quic_pair *pair, const struct op_refusal *why);
/* Both agree: pins and keeps the peer, and the pair is freed likewise. */
void pair_succeed(struct quic_pair *pair, struct connection *connection);
/* The talk came to nothing, but another may not. */
void pair_again(struct quic_pair *pair, const struct op_refusal *why);
/*
 * The talk came to nothing behind our nonce: it is let go, and the pair waits for another. false: it is
 * not one that goes on, and nothing has happened.
 */
bool pair_go_on(struct pair_talk *talk, const struct op_refusal *why);
/* It still waits, but the person who waits should know this. A few are told, the rest is not. */
void pair_notice(struct quic_pair *pair, const struct op_refusal *why);

/* In pair_talk.c. */
struct pair_talk *pair_talk_create(struct quic *quic, struct quic_pair *pair);
/* Lets go of the pair; what was said is still sent. Closes the connection if close. */
void pair_talk_leave(struct pair_talk *talk, bool close);
void pair_talk_free(struct pair_talk *talk); // its connection is gone
void pair_talk_listen(struct pair_talk *talk, struct stream *stream);
/* The signature asked for has come. */
void pair_talk_certs(struct pair_talk *talk, const char *machine_cert, const char *person_cert);
/* The two agree on who they are. */
void pair_talk_proceed(struct pair_talk *talk, enum pair_step next);
/* The head is finished here. last: nothing follows. */
void pair_say(struct pair_talk *talk, struct op_head *head, bool last);
/* Tells the other side no; it closes. */
void pair_say_no(struct pair_talk *talk, const struct op_refusal *why);
/* The same, and it is the end here too, unless the pair goes on. */
void pair_refuse(struct pair_talk *talk, const struct op_refusal *why);

/* In pair_digits.c. Adds commit to our hello, or nonce to our answer. false: no random bytes. */
bool pair_digits_begin(struct pair_talk *talk, struct op_head *hello);
bool pair_digits_answer(struct pair_talk *talk, const struct op_head *hello, struct op_head *answer);
/* The other's nonce, after which there are digits: in an answer, or alone. */
void pair_digits_answered(struct pair_talk *talk, const struct op_head *answer);
void pair_digits_nonce(struct pair_talk *talk, const struct op_head *entry);
/* The person there has said yes. */
void pair_digits_yes(struct pair_talk *talk);
/* Whether what the other side says may be shown: it is who it should be. */
bool pair_digits_proven(const struct pair_talk *talk);
/* What a no of the other side means, in our own words. */
void pair_digits_no(const struct pair_talk *talk, const struct op_refusal *no,
	struct op_refusal *why);

/* In pair_strangers.c: whoever dials us, until it is known whom he is for. */
void pair_stranger_up(struct connection *connection);
void pair_stranger_stream(struct pair_talk *talk);
/* Time for what he has to say next; 0: for ever. */
void pair_stranger_time(struct pair_talk *talk, int ms);
/* A hello for no fingerprint. false: it waits for our own dial, and is to be shown again. */
bool pair_stranger_hello(struct pair_talk *talk, const struct op_head *hello);
/* Our own dial has come to something. */
void pair_strangers_wake(struct quic *quic);

#endif
