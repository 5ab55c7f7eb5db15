/* SPDX-License-Identifier: MIT */
#ifndef QUIC_STREAM_QUIC_H
#define QUIC_STREAM_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-util.h>

#include "base/buf.h"
#include "net/stream.h"
#include "quic/connection.h"
#include "quic/outflow.h"

/* What ngtcp2 keeps for us with a stream begins with one of these. */
enum flow_kind {
	FLOW_STREAM,
	FLOW_LANE_OUT,
	FLOW_LANE_IN,
};

/*
 * One exchange: a bidirectional stream. It lives until both its listener and ngtcp2 have let go of
 * it; before there is a connection it waits in its peer's list.
 */
struct stream_quic {
	enum flow_kind kind;
	struct stream base;
	struct quic *quic;             // NULL: nothing more will be said
	struct connection *connection; // NULL: waits for one, or has lost it
	struct wl_list all;            // quic.streams
	struct wl_list link;           // connection.streams, peer_entry.waiting; or in none
	struct wl_list dirty;          // quic.dirty; or in none
	struct wl_list lanes;          // lane_out.link: wait for the answer
	struct outflow out;
	struct buf in;
	size_t written;   // bytes, since then, of a control stream
	uint64_t written_since;
	size_t window;    // bytes the other side may be ahead of the listener
	bool pictured;    // frames went by lanes of their own
	bool ours;        // opened from here
	bool fresh;       // opened by the other side, and nobody was told yet
	bool owned;       // destroy was not called
	bool ended, aborted;
	bool fin_in;      // its last byte is in `in`, or behind us
	bool unread;      // the other side reads no more
	bool closed;      // ngtcp2 has forgotten it
	bool paused, eof_said, writer_waits;
	bool news;        // more to offer than when the listener last saw it
	bool heard;       // anything at all came back
	struct op_refusal lost; // the hang-up to be said; OP_OK: none
	bool hung_up;     // no event follows
	int depth;        // calls to the listener under way
};

/* One of ours, not on any connection yet. NULL: no memory. */
struct stream_quic *stream_quic_create(struct quic *quic);
/* Puts it on a connection; it opens when the other side's limit lets it. */
void stream_quic_attach(struct stream_quic *stream, struct connection *connection);
/* Takes it off a dead connection for another; false: the other side may have seen it. */
bool stream_quic_detach(struct stream_quic *stream);
/* The other side opened it. NULL: no memory. */
struct stream_quic *stream_quic_accept(struct connection *connection, int64_t id);
/* Nothing comes, nothing leaves: the listener will be told. */
void stream_quic_lose(struct stream_quic *stream, const struct op_refusal *why);
/* Says to the listener what there is to say. It may be freed behind this. */
void stream_quic_deliver(struct stream_quic *stream);
/* There is something to say. */
void stream_quic_tell(struct stream_quic *stream);
/* ngtcp2's stream is open now: for what waited for its id. */
bool stream_quic_open(struct stream_quic *stream);
/* An exchange that keeps the connection alive. */
bool stream_quic_busy(const struct stream_quic *stream);

/* From ngtcp2. */
bool stream_quic_receive(struct stream_quic *stream, const uint8_t *bytes, size_t size, bool fin);
void stream_quic_reset(struct stream_quic *stream);
void stream_quic_stopped(struct stream_quic *stream);
void stream_quic_closed(struct stream_quic *stream);
struct stream_quic *stream_quic_find(struct connection *connection, int64_t id);

#endif
