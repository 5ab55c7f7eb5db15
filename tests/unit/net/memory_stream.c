/* SPDX-License-Identifier: MIT */
/*
 * memory_stream.c - a stream without a socket, for parsers under test and under fuzzing.
 */
#include "memory_stream.h"

#include <stdlib.h>

// Also in builds without assert: a test that looks at nothing is none.
#define must(condition) \
	do { \
		if (!(condition)) { \
			abort(); \
		} \
	} while (0)

static struct memory_stream *from(const struct stream *stream) {
	return (struct memory_stream *)(uintptr_t)stream;
}

static void memory_write(struct stream *stream, const void *bytes, size_t size) {
	struct memory_stream *memory = from(stream);
	must(!memory->ended && !memory->destroyed);
	must(buf_append(&memory->written, bytes, size));
}

static void memory_frame(struct stream *stream, const struct frame *frame) {
	struct memory_stream *memory = from(stream);
	must(!memory->ended && !memory->destroyed);
	memory->frames++;
}

static void memory_end(struct stream *stream) {
	struct memory_stream *memory = from(stream);
	must(!memory->ended && !memory->destroyed);
	memory->ended = true;
}

static void memory_abort(struct stream *stream) {
	struct memory_stream *memory = from(stream);
	must(!memory->destroyed);
	memory->aborted = true;
}

static void memory_pause(struct stream *stream, bool paused) {
	struct memory_stream *memory = from(stream);
	must(!memory->destroyed);
	memory->paused = paused;
}

static size_t memory_queued(const struct stream *stream) {
	must(!from(stream)->destroyed);
	return 0;
}

static void memory_head_read(struct stream *stream, size_t size) {
	struct memory_stream *memory = from(stream);
	must(memory->busy && size <= memory->offered);
	memory->head_size += size;
}

static int memory_take_fd(struct stream *stream) {
	return -1;
}

static void memory_destroy(struct stream *stream) {
	struct memory_stream *memory = from(stream);
	must(!memory->destroyed);
	memory->destroyed = true;
}

static const struct stream_impl memory_impl = {
	.write = memory_write,
	.end = memory_end,
	.abort = memory_abort,
	.pause = memory_pause,
	.queued = memory_queued,
	.head_read = memory_head_read,
	.take_fd = memory_take_fd,
	.destroy = memory_destroy,
};

static const struct stream_impl lanes_impl = {
	.write = memory_write,
	.frame = memory_frame,
	.end = memory_end,
	.abort = memory_abort,
	.pause = memory_pause,
	.queued = memory_queued,
	.head_read = memory_head_read,
	.take_fd = memory_take_fd,
	.destroy = memory_destroy,
};

void memory_stream_init(struct memory_stream *memory, bool lanes) {
	*memory = (struct memory_stream){0};
	stream_init(&memory->stream, lanes ? &lanes_impl : &memory_impl);
	buf_init(&memory->in);
	buf_init(&memory->written);
}

void memory_stream_finish(struct memory_stream *memory) {
	must(memory->destroyed);
	buf_finish(&memory->in);
	buf_finish(&memory->written);
}

static bool may_offer(const struct memory_stream *memory) {
	return !memory->paused && !memory->aborted && !memory->destroyed;
}

void memory_stream_feed(struct memory_stream *memory, const void *bytes, size_t size) {
	must(buf_append(&memory->in, bytes, size));
	while (memory->in.size > 0 && may_offer(memory)) {
		memory->busy = true;
		memory->offered = memory->in.size;
		size_t used = memory->stream.events->data(memory->stream.data,
			buf_front(&memory->in), memory->in.size);
		memory->busy = false;
		must(used <= memory->in.size);
		must(used == memory->in.size || !may_offer(memory)); // all, unless it wants no more
		buf_drop(&memory->in, used);
	}
}

void memory_stream_feed_frame(struct memory_stream *memory, const struct frame *frame) {
	if (may_offer(memory)) {
		memory->stream.events->frame(memory->stream.data, frame);
	}
}

void memory_stream_eof(struct memory_stream *memory) {
	if (may_offer(memory)) {
		memory->stream.events->eof(memory->stream.data);
	}
}

void memory_stream_hangup(struct memory_stream *memory) {
	if (!memory->aborted && !memory->destroyed) {
		memory->stream.events->hangup(memory->stream.data, OP_ELOST, "hung up");
	}
}
