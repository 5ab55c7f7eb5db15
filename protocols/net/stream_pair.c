/* SPDX-License-Identifier: MIT */
/*
 * stream_pair.c - two ends of a stream within one program.
 *
 * What is written at one end is told at the other before the loop sleeps, never at once: a listener
 * is not called from inside what it calls.
 */
#include "net/stream_pair.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

#define WAIT_MARK (64 * 1024) // queued, from here on a writer is told when it has left

struct pair;

struct pair_end {
	struct stream stream;
	struct pair *pair;
	struct buf out; // written here, not yet taken over there
	struct buf in;  // taken over from there, not consumed here
	bool paused;
	bool ended;     // will write no more
	bool aborted;
	bool destroyed;
	bool eof_said;
	bool silent;    // no event follows
	bool waits;     // a writer does
};

struct pair {
	struct wl_event_loop *loop;
	struct wl_event_source *idle; // NULL: nothing to tell
	struct pair_end ends[2];
	int depth; // events under way
};

static const struct stream_impl pair_impl;

static struct pair_end *end_from(const struct stream *stream) {
	assert(stream->impl == &pair_impl);
	return (struct pair_end *)(uintptr_t)stream;
}

static struct pair_end *other_end(const struct pair_end *end) {
	return &end->pair->ends[end == &end->pair->ends[0]];
}

static void pair_free(struct pair *pair) {
	for (int i = 0; i < 2; i++) {
		buf_finish(&pair->ends[i].out);
		buf_finish(&pair->ends[i].in);
	}
	if (pair->idle) {
		wl_event_source_remove(pair->idle);
	}
	free(pair);
}

static void drop(struct buf *buf) {
	buf_drop(buf, buf->size);
}

static bool hears(const struct pair_end *end) {
	return !end->silent && !end->aborted && !end->destroyed;
}

static void tell_hangup(struct pair_end *end, const char *sentence) {
	if (hears(end)) {
		end->silent = true;
		drop(&end->out);
		drop(&end->in);
		end->stream.events->hangup(end->stream.data, OP_ELOST, sentence);
	}
}

// What the other end wrote becomes ours to offer. false: no memory.
static bool take_over(struct pair_end *end) {
	struct buf *from = &other_end(end)->out;
	if (end->in.size == 0) {
		struct buf empty = end->in;
		end->in = *from;
		*from = empty;
		return true;
	}
	if (from->size > 0 && !buf_append(&end->in, buf_front(from), from->size)) {
		return false;
	}
	drop(from);
	return true;
}

static void offer(struct pair_end *end) {
	if (!take_over(end)) {
		tell_hangup(end, "out of memory");
		return;
	}
	if (end->in.size > 0) {
		size_t used = end->stream.events->data(end->stream.data, buf_front(&end->in), end->in.size);
		if (hears(end)) {
			buf_drop(&end->in, used);
		} else {
			drop(&end->in);
		}
	}
}

static size_t queued(const struct pair_end *end) {
	return end->out.size + other_end(end)->in.size;
}

static void tell_end(struct pair_end *end) {
	struct pair_end *other = other_end(end);
	bool broken = other->aborted || (other->destroyed && !other->ended);
	if (broken || (other->destroyed && end->stream.hangup_cancels)) {
		tell_hangup(end, broken ? "the other side broke off" : "the other side hung up");
		return;
	}
	if (hears(end) && !end->paused) {
		offer(end);
	}
	if (hears(end) && !end->paused && other->ended && queued(other) == 0) {
		if (!end->eof_said) {
			end->eof_said = true;
			end->stream.events->eof(end->stream.data);
		}
		if (other->destroyed) {
			tell_hangup(end, "the other side hung up");
		}
	}
	if (hears(end) && end->waits && queued(end) == 0) {
		end->waits = false;
		if (end->stream.events->drained) {
			end->stream.events->drained(end->stream.data);
		}
	}
}

static void leave(struct pair *pair) {
	if (--pair->depth == 0 && pair->ends[0].destroyed && pair->ends[1].destroyed) {
		pair_free(pair);
	}
}

static void handle_idle(void *data) {
	struct pair *pair = data;
	pair->idle = NULL;
	pair->depth++;
	// Twice the first: what the second took may be what the first waits for.
	tell_end(&pair->ends[0]);
	tell_end(&pair->ends[1]);
	tell_end(&pair->ends[0]);
	leave(pair);
}

static void schedule(struct pair *pair) {
	if (!pair->idle) {
		pair->idle = wl_event_loop_add_idle(pair->loop, handle_idle, pair);
	}
}

static void pair_write(struct stream *stream, const void *bytes, size_t size) {
	struct pair_end *end = end_from(stream);
	struct pair_end *other = other_end(end);
	if (end->aborted || end->silent || other->destroyed || other->aborted) {
		return;
	}
	if (!buf_append(&end->out, bytes, size)) {
		end->aborted = true; // a stream with a hole in it is none
	}
	end->waits = end->waits || queued(end) >= WAIT_MARK;
	schedule(end->pair);
}

static void pair_end(struct stream *stream) {
	struct pair_end *end = end_from(stream);
	end->ended = true;
	schedule(end->pair);
}

static void pair_abort(struct stream *stream) {
	struct pair_end *end = end_from(stream);
	end->aborted = true;
	schedule(end->pair);
}

static void pair_pause(struct stream *stream, bool paused) {
	struct pair_end *end = end_from(stream);
	end->paused = paused;
	if (!paused) {
		schedule(end->pair);
	}
}

static size_t pair_queued(const struct stream *stream) {
	return queued(end_from(stream));
}

static void pair_destroy(struct stream *stream) {
	struct pair_end *end = end_from(stream);
	struct pair *pair = end->pair;
	assert(!end->destroyed);
	end->destroyed = true;
	if (!other_end(end)->destroyed) {
		schedule(pair);
	} else if (pair->depth == 0) {
		pair_free(pair);
	}
}

static const struct stream_impl pair_impl = {
	.write = pair_write,
	.end = pair_end,
	.abort = pair_abort,
	.pause = pair_pause,
	.queued = pair_queued,
	.destroy = pair_destroy,
};

bool stream_pair_create(struct wl_event_loop *loop, struct stream *ends[static 2]) {
	struct pair *pair = calloc(1, sizeof(*pair));
	if (!pair) {
		return false;
	}
	pair->loop = loop;
	for (int i = 0; i < 2; i++) {
		pair->ends[i].pair = pair;
		stream_init(&pair->ends[i].stream, &pair_impl);
		buf_init(&pair->ends[i].out);
		buf_init(&pair->ends[i].in);
		ends[i] = &pair->ends[i].stream;
	}
	return true;
}
