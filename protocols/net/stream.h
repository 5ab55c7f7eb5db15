/* SPDX-License-Identifier: MIT */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/frame.h"

/*
 * A stream of bytes, both ways, that carries one exchange: a unix connection, or a bidirectional
 * QUIC stream with the unidirectional ones that carry its pictures. Only net/exchange.c listens to
 * a stream; it owns it and destroys it. Events come from the loop, never from inside an impl
 * function.
 */

/* Order of service when a connection cannot send all at once. */
enum stream_class {
	STREAM_INPUT,
	STREAM_CONTROL,
	STREAM_AUDIO,
	STREAM_VIDEO,
	STREAM_BULK,
};

struct stream;

/* The network below a stream: what its connection knows of the way to the other side. */
struct stream_path {
	uint64_t rtt_us, least_us; // round trip: smoothed, and the least of late
	uint64_t window, flight;   // bytes that may be on the way, by what it carries, and that are
	uint64_t sent, lost;       // packets since the connection began; lost: of frames with a lane
};

struct stream_impl {
	/* Takes all bytes; what cannot leave at once is queued. */
	void (*write)(struct stream *stream, const void *bytes, size_t size);
	/* A frame with a lane of its own. NULL: header and payload go through write, in order. */
	void (*frame)(struct stream *stream, const struct frame *frame);
	void (*end)(struct stream *stream); // nothing more will be written; flushed, half-closed
	/* Breaks both halves off at once; no event follows. */
	void (*abort)(struct stream *stream);
	/* No more data and frame events for now; hang-up still comes, see hangup_cancels. */
	void (*pause)(struct stream *stream, bool paused);
	size_t (*queued)(const struct stream *stream);     // bytes written that have not left
	void (*set_class)(struct stream *stream, enum stream_class class); // optional
	/* Optional: NULL, or false, where there is no network below. */
	bool (*path)(const struct stream *stream, struct stream_path *path);
	/*
	 * Optional. Called in the data event in which a head became whole: it ends behind the first
	 * size bytes that were offered, and they are consumed now, whatever the event returns. From
	 * the next event on the stream may hold bytes of the body. (size 0: the head was through
	 * before.)
	 */
	void (*head_read)(struct stream *stream, size_t size);
	/* Gives up the descriptor, nothing behind the last consumed byte read; -1: has none. */
	int (*take_fd)(struct stream *stream);
	/* Frees it: what is queued is still sent if end was called, else the stream is aborted. */
	void (*destroy)(struct stream *stream);
};

struct stream_events {
	/*
	 * Bytes arrived. Returns how many were consumed; the rest is offered again, with what
	 * follows, when more comes or after pause(false). Nothing must be kept of the pointer. The
	 * listener may destroy the stream in here.
	 */
	size_t (*data)(void *data, const void *bytes, size_t size);
	/* A frame that came on a lane of its own. */
	void (*frame)(void *data, const struct frame *frame);
	/* The other side has written its last byte; it may still read. Comes after all data. */
	void (*eof)(void *data);
	/* The other side is gone or has broken off: nothing comes, nothing leaves. Once, last. */
	void (*hangup)(void *data, enum op_code code, const char *sentence);
	/*
	 * queued() came down to 0, or of bulk to little, after it had been so high (64 KiB are
	 * enough) that a writer waits.
	 */
	void (*drained)(void *data);
};

struct stream {
	const struct stream_impl *impl;
	const struct stream_events *events; // set by the exchange
	void *data;
	/*
	 * Set by the exchange. True while somebody waits for what we write: that the other side
	 * reads no more (unix: EPOLLHUP; QUIC: STOP_SENDING) is a cancel then, a hangup event at
	 * once, even when paused, and what it wrote before is dropped. False: what it wrote comes
	 * first, in data events (after pause(false) if paused), then eof, and a hangup only if the
	 * connection is gone; what we still write is dropped unseen. An answer of somebody who
	 * reads no more is thus never lost.
	 */
	bool hangup_cancels;
};

void stream_init(struct stream *stream, const struct stream_impl *impl);

#endif
