/* SPDX-License-Identifier: MIT */
#ifndef QUIC_LANE_H
#define QUIC_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-util.h>

#include "quic/stream_quic.h"
#include "quic/train.h"

/*
 * Frames with a stream of their own: varint id of the exchange's stream, header, payload, end. A lost
 * packet then delays one frame.
 */

#define LANE_HELD_MAX (64 * 1024 * 1024) // bytes of frames not delivered, per connection

struct lane_out {
	enum flow_kind kind;
	struct wl_list link;        // stream_quic.lanes, then connection.lanes_out, oldest first
	struct stream_quic *stream; // NULL: nobody waits for it to leave
	uint64_t since; // when it was given to us
	struct outflow out;
	struct train train;
};

struct lane_in {
	enum flow_kind kind;
	struct wl_list link; // connection.lanes_in, oldest first
	struct connection *connection;
	struct stream_quic *stream; // NULL: not known yet
	int64_t id;
	struct buf bytes;
	struct frame frame;  // payload points to nothing until it is delivered
	size_t payload_at;   // 0: the header has not come
	size_t owed;         // window not given back while the exchange is paused
	bool begun, whole, reset, closed, stopped;
};

/*
 * Queues a frame of the exchange; one of ours may send none before it has read its answer. false: no
 * memory, the frame is not sent.
 */
bool lane_send(struct stream_quic *stream, const struct frame *frame);
/* The answer has come: what waited for it may go. */
void lanes_release(struct stream_quic *stream);
/* Opens streams for what waits, as far as the other side's limit lets it. */
void lanes_open(struct connection *connection);
/* Lets the other side open as many as have ended, when a packet leaves anyhow: sending says so. One
 * that bore only this would cost as much as what a key changes, and be acknowledged besides. */
void lanes_repay(struct connection *connection, bool sending);
/* Packets of frames that were declared lost since the connection began. */
uint64_t lanes_lost(const struct connection *connection);
size_t lanes_queued(const struct stream_quic *stream);
void lane_out_closed(struct connection *connection, struct lane_out *lane);
/* The exchange is broken off, or its listener gone: its frames are reset, or go on without it. */
void lanes_abort(struct stream_quic *stream);
void lanes_orphan(struct stream_quic *stream);

struct lane_in *lane_accept(struct connection *connection, int64_t id);
bool lane_receive(struct lane_in *lane, const uint8_t *bytes, size_t size, bool fin);
void lane_reset(struct lane_in *lane);
void lane_in_closed(struct lane_in *lane);
/* Gives whole frames to the listener while it is there and not paused. */
void lanes_deliver(struct stream_quic *stream);
/* The exchange listens again: windows that were kept shut open. */
void lanes_resume(struct stream_quic *stream);

/* The connection is dead. */
void lanes_finish(struct connection *connection);

#endif
