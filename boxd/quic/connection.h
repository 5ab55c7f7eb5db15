/* SPDX-License-Identifier: MIT */
#ifndef QUIC_CONNECTION_H
#define QUIC_CONNECTION_H

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "net/stream.h"
#include "quic/address.h"
#include "quic/endpoint.h"
#include "quic/train.h"
#include "quic/verify.h"

/*
 * One QUIC connection, from the first packet to the last. It moves packets, keeps time, and knows
 * who is at the other end; who may have one, and which of two stays, is for its user.
 *
 * Nothing here calls a user or a stream's listener from inside another call: what happened is noted,
 * and said by quic_deliver() when packets, timers or writing are done with.
 */

struct connection;
struct quic;
struct stream_quic;

/* Why a connection is closed, as said to the other side (application error codes). */
enum close_code {
	CLOSE_GOODBYE,   // the program ends
	CLOSE_IDLE,      // no exchange was open; a stream not seen until now was never looked at
	CLOSE_REPLACED,  // there is a newer connection between the two
	CLOSE_FORGOTTEN, // the other side is no peer any more
	CLOSE_FRAMING,   // the other side broke the protocol
	CLOSE_PAIRED,    // pairing is over
	CLOSE_CANCELLED, // pairing was given up
	CLOSE_REVOKED,   // the other side is its person's no more
};

/* Codes of RESET_STREAM and STOP_SENDING. */
enum reset_code {
	RESET_OVER,   // nothing more is wanted
	RESET_ABORT,  // broken off
	RESET_UNKNOWN // a frame of an exchange that is not, or no longer, there
};

/* Who asked for a connection, or answers one. All are called by quic_deliver(). */
struct connection_user {
	/* The handshake is proven on both sides; who it is stands in connection->identity. */
	void (*up)(struct connection *connection);
	/* The other side opened a stream; the user takes it over. */
	void (*stream)(struct connection *connection, struct stream_quic *stream);
	/* Optional: the other side's address is another now, connection->remote. */
	void (*moved)(struct connection *connection);
	/* It is over and freed behind this; never said before TLS showed what it was for. */
	void (*gone)(struct connection *connection, const struct op_refusal *why);
	/*
	 * Optional, and not by quic_deliver(): it is dying, and this stream is not lost if another
	 * connection takes it. true: it was taken.
	 */
	bool (*rescue)(struct connection *connection, struct stream_quic *stream);
};

enum connection_state {
	CONNECTION_HANDSHAKE,
	CONNECTION_UP,
	CONNECTION_DEAD,
};

struct connection {
	struct wl_list link; // quic.connections, quic.dead
	struct wl_list news; // quic.news; something to tell the user
	struct quic *quic;
	enum connection_state state;
	bool dialled;   // by us
	bool pairing;   // ALPN boxpair/1
	bool confirmed; // ngtcp2 said so; up comes with quic_deliver()
	bool moved;     // remote is another; likewise
	bool shown;     // our own is another, and the peer was dialled to learn it
	bool contested; // there is another one between the two
	bool spare;     // which is used for new exchanges
	bool wants_retry; // its first packet must come again, with a token
	bool forgotten; // the other side says that it does not know the connection
	bool failing;   // a callback of ngtcp2 asks for CLOSE_FRAMING
	const char *broke; // what the other side did, for CLOSE_FRAMING
	const struct connection_user *user;
	void *user_data;
	struct wl_list user_link; // the user's own list
	struct identity identity; // of the other side, once its certificate was seen
	char expect[KEYS_FINGERPRINT + 1]; // dialled: the key that must answer; "": any
	struct op_refusal why; // of its end
	enum close_code closed_with; // by the other side; only when closed_by_peer
	bool closed_by_peer;

	ngtcp2_conn *conn; // NULL once dead
	gnutls_session_t tls;
	ngtcp2_crypto_conn_ref ref;
	struct wl_list cids; // of cids.c
	struct address remote;
	char name[140]; // of the other side, for a person: a petname, or an address until it is known

	/* Streams. */
	struct wl_list streams;   // stream_quic.link, oldest first
	struct wl_list lanes_out; // lane_out.link, oldest first
	struct wl_list lanes_in;  // lane_in.link, oldest first
	struct wl_list outflows[STREAM_BULK + 1]; // outflow.link: have something to send
	size_t lanes_owed;  // of the other side, that have ended and may be opened anew
	int stillborn;      // lanes that were reset before they began
	size_t frames_held; // bytes of frames that are not whole or not delivered
	uint64_t packets_sent;
	uint64_t lanes_lost; // packets of lanes that are closed
	struct trains trains; // lanes

	/* Time, in ns of CLOCK_MONOTONIC. */
	uint64_t heard;      // last packet
	uint64_t up_since;
	uint64_t busy_since; // an exchange is open since; 0: none is
	uint64_t idle_since;
	uint64_t next_turn;  // to write again; NEVER: when something happens
	uint64_t nudge;      // to ask for what is not acknowledged; NEVER: all is
	uint64_t held;       // until when an acknowledgement waits for company; 0: none does
	uint64_t said_at;    // bytes of streams came last
	uint64_t lost_seen;  // packets that were lost, when one was to wait last
	uint64_t measured;   // when the peer's rtt was last set
	bool wants_turn;
	int send_error;      // of the last batch; 0: it left
	bool got_reply;      // any packet at all
	uint8_t alert;       // of ours, when the handshake fails here; 0: what GnuTLS says
	uint8_t alert_received; // of the other side; 0: none

	/* Bulk under a live class: bytes it may send, and since when it earns them. */
	uint64_t rtt_least[2]; // this while and the one before, from rtt_since on
	uint64_t rtt_since;
	double bulk_credit;
	bool was_held;     // bulk was, since sent_since
	size_t sent_bytes; // likewise
	uint64_t sent_since;
	double sent_rate;  // bytes per ns; 0: not known yet
	uint64_t bulk_since;
};

/* NULL and refusal: EIO, EUNREACH (no route). */
struct connection *connection_dial(struct quic *quic, const struct address *remote, bool pairing,
	const struct connection_user *user, void *user_data, struct op_refusal *refusal);

/*
 * Answers a first packet. original_dcid is what the dialler first asked for, if a Retry came between;
 * token is then what it brought back. NULL: no memory, logged. Who answers is known only when ALPN is: see
 * tls.h.
 */
struct connection *connection_accept(struct quic *quic, const struct datagram *datagram,
	const ngtcp2_pkt_hd *header, const ngtcp2_cid *original_dcid);

void connection_read(struct connection *connection, const struct datagram *datagram);
/* Perhaps a stateless reset; no sign of life. */
void connection_read_farewell(struct connection *connection, const struct datagram *datagram);
/* When it next wants connection_expire(), ns. */
uint64_t connection_deadline(struct connection *connection);
void connection_expire(struct connection *connection, uint64_t now);

/* Says why to the other side, and is gone: streams hang up with why. Nothing if it is dead. */
void connection_close(struct connection *connection, enum close_code code,
	const struct op_refusal *why);
/* The same after an error of ngtcp2's. */
void connection_fail(struct connection *connection, int error);
/* Gone without a word. */
void connection_bury(struct connection *connection, const struct op_refusal *why);
void connection_free(struct connection *connection); // dead ones only

/* There is something to write. */
void connection_wake(struct connection *connection);
/* Something for the user: calls quic_deliver() later. */
void connection_tell(struct connection *connection);
/* Streams came or went: keep-alive and time-outs follow. */
void connection_count(struct connection *connection);
/* When a packet is sent for its own sake: seldom while all that was sent is acknowledged; soon while
 * it is not, for QUIC's own probes come at ever longer intervals, and a link that was gone for 2 s and
 * came back would carry nothing for as long again. After each turn, and when streams come or go. */
void connection_keep_alive(struct connection *connection, bool sent, uint64_t now);
/* The other side has been silent so long though an exchange is open, or nobody expected a word. */
bool connection_silent(const struct connection *connection, uint64_t now, uint64_t ns);

#endif
