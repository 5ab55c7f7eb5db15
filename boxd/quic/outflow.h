/* SPDX-License-Identifier: MIT */
#ifndef QUIC_OUTFLOW_H
#define QUIC_OUTFLOW_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-util.h>

#include "net/stream.h"

/*
 * What is to be sent on one QUIC stream, in pieces that do not move in memory until the other side
 * has acknowledged them: ngtcp2 sends again from where they lie.
 */

struct outflow;
struct outflow_chunk;

struct outflow_impl {
	void (*left)(struct outflow *flow);    // no more than low of what was queued is not in packets yet
	void (*stopped)(struct outflow *flow); // the other side reads no more
};

struct outflow {
	const struct outflow_impl *impl;
	struct wl_list link; // connection.outflows[class]; in none when there is nothing to send
	int64_t id;          // -1: the stream is not open yet
	enum stream_class class;
	struct wl_list chunks;    // outflow_chunk.link, oldest first, from what is not acknowledged
	struct outflow_chunk *at; // of the next byte to send; NULL: none
	size_t at_offset;         // in at
	uint64_t base;            // offset in the stream of the first chunk
	size_t queued;            // bytes not sent
	size_t low;               // queued, when a writer is told to go on
	uint64_t acked;           // offset up to which all is
	bool begun;    // something of it has been in a packet
	bool fin;      // nothing will be added
	bool fin_sent;
	bool stopped;  // the other side wants no more, or we reset it
	bool blocked;  // by the other side's window
};

void outflow_init(struct outflow *flow, const struct outflow_impl *impl);
void outflow_finish(struct outflow *flow); // only when ngtcp2 has forgotten the stream
/* Copies. false: no memory, nothing was added. */
bool outflow_add(struct outflow *flow, const void *bytes, size_t size);
/* Overwrites the first bytes, before any of them was sent. */
void outflow_patch(struct outflow *flow, const void *bytes, size_t size);
/* Anything to send now, an end included. */
bool outflow_ready(const struct outflow *flow);
/* Points vecs at up to max unsent pieces. Returns how many; *last is set if they are all there is. */
size_t outflow_peek(const struct outflow *flow, ngtcp2_vec *vecs, size_t max, bool *last);
/* size bytes have been put into a packet, and the end if fin. */
void outflow_sent(struct outflow *flow, size_t size, bool fin);
/* All up to offset is acknowledged; memory is given back. */
void outflow_acked(struct outflow *flow, uint64_t offset);
/* Nothing but the end is to be sent. Nothing must have been. */
void outflow_empty(struct outflow *flow);
/* As if nothing had been sent, for another connection. Nothing must be acknowledged. */
void outflow_rewind(struct outflow *flow);
/* Nothing more will leave; what was not sent is forgotten (its memory waits for the end). */
void outflow_stop(struct outflow *flow);

#endif
