/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_MEMORY_STREAM_H
#define TESTS_UNIT_NET_MEMORY_STREAM_H

#include "base/buf.h"
#include "net/stream.h"

/*
 * A stream whose other end is the test: bytes are fed by hand, and what is written is kept. It has
 * lanes, as QUIC has, if asked for. Its memory is the test's, also when its listener destroyed it.
 */
struct memory_stream {
	struct stream stream;
	struct buf in;      // fed, not consumed
	struct buf written;
	size_t head_size;   // what head_read was told, in all
	size_t offered;     // in the event under way
	int frames;         // that left by lanes
	bool paused, ended, aborted, destroyed;
	bool busy;
};

void memory_stream_init(struct memory_stream *memory, bool lanes);
void memory_stream_finish(struct memory_stream *memory); // its listener has destroyed it
/* Offers the bytes, behind those left over; what is not consumed is kept. */
void memory_stream_feed(struct memory_stream *memory, const void *bytes, size_t size);
void memory_stream_feed_frame(struct memory_stream *memory, const struct frame *frame);
void memory_stream_eof(struct memory_stream *memory);
void memory_stream_hangup(struct memory_stream *memory);

#endif
