/* SPDX-License-Identifier: MIT */
/*
 * stream_quic.c - a stream of net/stream.h over one bidirectional QUIC stream.
 *
 * The stream's window opens as the listener consumes; the connection's is opened on receipt
 * (transport.c), so that a listener that stands still holds up nobody else. Events are said only
 * from quic_deliver(), never from within a call.
 */
#include "quic/stream_quic.h"

#include <assert.h>
#include <stdlib.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/lane.h"
#include "quic/quic_private.h"
#include "quic/scheduler.h"

#define CONTROL_PER_SECOND (256 * 1024) // bytes of a control stream; a keymap is half of that
#define WAIT_MARK (64 * 1024) // queued, from here on writers are told when it has left
#define BULK_LOW (128 * 1024) // or so much is left: what they have next comes before the path is idle

static const struct stream_impl quic_impl;

static struct stream_quic *from(const struct stream *stream) {
	assert(stream->impl == &quic_impl);
	struct stream_quic *s = wl_container_of(stream, s, base);
	return s;
}

static void handle_left(struct outflow *flow) {
	struct stream_quic *s = wl_container_of(flow, s, out);
	if (s->writer_waits) {
		stream_quic_tell(s);
	}
}

static void handle_stopped(struct outflow *flow) {
	struct stream_quic *s = wl_container_of(flow, s, out);
	stream_quic_stopped(s);
}

static const struct outflow_impl out_impl = {
	.left = handle_left,
	.stopped = handle_stopped,
};

struct stream_quic *stream_quic_create(struct quic *quic) {
	struct stream_quic *s = calloc(1, sizeof(*s));
	if (!s) {
		return NULL;
	}
	s->kind = FLOW_STREAM;
	stream_init(&s->base, &quic_impl);
	s->quic = quic;
	wl_list_insert(&quic->streams, &s->all);
	wl_list_init(&s->link);
	wl_list_init(&s->dirty);
	wl_list_init(&s->lanes);
	outflow_init(&s->out, &out_impl);
	buf_init(&s->in);
	s->window = WINDOW;
	s->ours = s->owned = true;
	return s;
}

struct stream_quic *stream_quic_accept(struct connection *c, int64_t id) {
	struct stream_quic *s = stream_quic_create(c->quic);
	if (!s) {
		return NULL;
	}
	s->ours = false;
	s->fresh = true;
	s->heard = true;
	s->connection = c;
	s->out.id = id;
	wl_list_insert(c->streams.prev, &s->link);
	connection_count(c);
	return s;
}

struct stream_quic *stream_quic_find(struct connection *c, int64_t id) {
	struct stream_quic *s;
	wl_list_for_each(s, &c->streams, link) {
		if (s->out.id == id) {
			return s;
		}
	}
	return NULL;
}

/* Into the line of those that have something to send. */
static void queue_up(struct stream_quic *s) {
	struct connection *c = s->connection;
	if (c && s->out.id >= 0 && wl_list_empty(&s->out.link) && outflow_ready(&s->out)) {
		wl_list_insert(c->outflows[s->out.class].prev, &s->out.link);
	}
	if (c) {
		connection_wake(c);
	}
}

static void widen(struct stream_quic *s) {
	if (s->out.class != STREAM_BULK || s->window >= WINDOW_BULK || !s->connection
			|| s->out.id < 0) {
		return;
	}
	ngtcp2_conn_extend_max_stream_offset(s->connection->conn, s->out.id, WINDOW_BULK - s->window);
	s->window = WINDOW_BULK;
	connection_wake(s->connection);
}

bool stream_quic_open(struct stream_quic *s) {
	struct connection *c = s->connection;
	if (s->out.id < 0 && ngtcp2_conn_open_bidi_stream(c->conn, &s->out.id, s) != 0) {
		s->out.id = -1;
		return false;
	}
	queue_up(s);
	widen(s);
	return true;
}

void stream_quic_attach(struct stream_quic *s, struct connection *c) {
	wl_list_remove(&s->link);
	wl_list_insert(c->streams.prev, &s->link);
	s->connection = c;
	stream_quic_open(s);
	connection_count(c);
}

bool stream_quic_detach(struct stream_quic *s) {
	if (!s->ours || s->heard || s->aborted || s->hung_up || s->unread || s->out.acked > 0) {
		return false;
	}
	wl_list_remove(&s->link);
	wl_list_init(&s->link);
	s->connection = NULL;
	s->closed = false;
	s->window = WINDOW;
	outflow_rewind(&s->out);
	return true;
}

static void free_if_done(struct stream_quic *s) {
	if (s->owned || s->depth > 0) {
		return;
	}
	bool to_be_sent = s->ended && !s->aborted && !s->hung_up;
	bool waits = !wl_list_empty(&s->link) && s->out.id < 0 && to_be_sent;
	bool open = s->connection && s->out.id >= 0 && !s->closed;
	if (waits || open) {
		return;
	}
	struct connection *c = s->connection;
	lanes_orphan(s);
	wl_list_remove(&s->all);
	wl_list_remove(&s->link);
	wl_list_remove(&s->dirty);
	outflow_finish(&s->out);
	buf_finish(&s->in);
	if (c) {
		if (!s->ours) {
			ngtcp2_conn_extend_max_streams_bidi(c->conn, 1);
			connection_wake(c);
		}
		connection_count(c);
	}
	free(s);
}

void stream_quic_tell(struct stream_quic *s) {
	if (wl_list_empty(&s->dirty) && s->quic) {
		wl_list_insert(s->quic->dirty.prev, &s->dirty);
		quic_schedule(s->quic);
	}
}

void stream_quic_lose(struct stream_quic *s, const struct op_refusal *why) {
	if (s->lost.code == OP_OK) {
		s->lost = *why;
	}
	lanes_abort(s);
	outflow_stop(&s->out);
	stream_quic_tell(s);
}

static void lose(struct stream_quic *s, enum op_code code, const char *what) {
	struct op_refusal why = {0};
	op_refuse(&why, code, "%s %s", s->connection ? s->connection->name : "the other side", what);
	stream_quic_lose(s, &why);
}

/* From here on the listener may have let go of the stream: look at owned. */
static void say_hangup(struct stream_quic *s) {
	if (!s->hung_up) {
		s->hung_up = true;
		buf_finish(&s->in);
		buf_init(&s->in);
		if (s->connection) {
			connection_count(s->connection);
		}
		s->base.events->hangup(s->base.data, s->lost.code, s->lost.sentence);
	}
}

static void offer(struct stream_quic *s) {
	s->news = false;
	if (s->in.size == 0) {
		return;
	}
	struct buf in = s->in; // it stays where it is while it is read, whatever the listener does
	size_t used = s->base.events->data(s->base.data, buf_front(&in), in.size);
	if (!s->owned || s->hung_up) {
		return;
	}
	assert(used <= in.size);
	buf_drop(&s->in, used);
	if (used > 0 && s->connection && !s->fin_in && !s->closed) {
		ngtcp2_conn_extend_max_stream_offset(s->connection->conn, s->out.id, used);
		if (s->connection->held == 0) { // else it leaves with the acknowledgement
			connection_wake(s->connection);
		}
	}
}

static void say_all(struct stream_quic *s) {
	if (s->unread && s->base.hangup_cancels && s->lost.code == OP_OK) {
		lose(s, OP_ELOST, "broke the exchange off");
	}
	if (s->lost.code != OP_OK && s->base.hangup_cancels) {
		say_hangup(s);
		return;
	}
	if (s->news && !s->paused) {
		offer(s);
	}
	if (s->owned && !s->hung_up) {
		lanes_deliver(s);
	}
	if (s->owned && !s->hung_up && s->fin_in && s->in.size == 0 && !s->eof_said && !s->paused) {
		s->eof_said = true;
		s->base.events->eof(s->base.data);
	}
	if (s->owned && !s->hung_up && s->lost.code != OP_OK && (!s->paused || s->in.size == 0)) {
		say_hangup(s);
	}
}

static size_t quic_queued(const struct stream *stream) {
	const struct stream_quic *s = from(stream);
	return s->out.queued + lanes_queued(s);
}

void stream_quic_deliver(struct stream_quic *s) {
	wl_list_remove(&s->dirty);
	wl_list_init(&s->dirty);
	s->depth++;
	if (s->owned && s->base.events && !s->hung_up) {
		say_all(s);
	}
	if (s->owned && s->base.events && !s->hung_up && s->writer_waits
			&& quic_queued(&s->base) <= s->out.low) {
		s->writer_waits = false;
		if (s->base.events->drained) {
			s->base.events->drained(s->base.data);
		}
	}
	s->depth--;
	free_if_done(s);
}

bool stream_quic_busy(const struct stream_quic *s) {
	if (s->hung_up || s->aborted || s->closed) {
		return false;
	}
	// When nobody listens any more, what was said at the end may still be on its way.
	return s->owned || outflow_ready(&s->out) || !wl_list_empty(&s->out.chunks);
}

bool stream_quic_receive(struct stream_quic *s, const uint8_t *bytes, size_t size, bool fin) {
	s->heard = true;
	s->fin_in = s->fin_in || fin;
	lanes_release(s);
	if (s->hung_up || !s->owned) {
		if (size > 0 && !s->aborted) { // nobody reads what it goes on to say
			ngtcp2_conn_shutdown_stream_read(s->connection->conn, 0, s->out.id, RESET_OVER);
		}
		return true;
	}
	if (!buf_append(&s->in, bytes, size)) {
		return false;
	}
	s->news = true;
	stream_quic_tell(s);
	return true;
}

void stream_quic_reset(struct stream_quic *s) {
	s->heard = true;
	lose(s, OP_ELOST, "broke the exchange off");
	if (s->connection && !s->closed) {
		ngtcp2_conn_shutdown_stream_write(s->connection->conn, 0, s->out.id, RESET_OVER);
	}
}

void stream_quic_stopped(struct stream_quic *s) {
	s->heard = true;
	s->unread = true;
	outflow_stop(&s->out);
	stream_quic_tell(s);
}

void stream_quic_closed(struct stream_quic *s) {
	s->closed = true;
	if (!s->out.fin_sent && !s->unread) {
		stream_quic_stopped(s);
	}
	if (!s->fin_in && s->lost.code == OP_OK) {
		lose(s, OP_ELOST, "broke the exchange off");
	}
	if (s->connection) {
		connection_count(s->connection);
	}
	stream_quic_tell(s);
}

static void quic_set_class(struct stream *stream, enum stream_class class);

/*
 * Whatever box it is for: what writes so much is a copy, and must not hold up words and pictures. What has
 * pictures of its own goes before them.
 */
static void judge_class(struct stream_quic *s, size_t size) {
	if (s->out.class != STREAM_CONTROL || s->pictured) {
		return;
	}
	uint64_t now = quic_now();
	if (now - s->written_since > SECOND) {
		s->written_since = now;
		s->written = 0;
	}
	s->written += size;
	if (s->written > CONTROL_PER_SECOND) {
		quic_set_class(&s->base, STREAM_BULK);
	}
}

static void quic_write(struct stream *stream, const void *bytes, size_t size) {
	struct stream_quic *s = from(stream);
	assert(!s->ended);
	if (s->lost.code != OP_OK || s->aborted || s->unread) {
		return;
	}
	if (!outflow_add(&s->out, bytes, size)) {
		lose(s, OP_EIO, "cannot be written to: no memory here");
		return;
	}
	s->writer_waits = s->writer_waits || s->out.queued >= WAIT_MARK;
	judge_class(s, size);
	queue_up(s);
}

static void quic_frame(struct stream *stream, const struct frame *frame) {
	struct stream_quic *s = from(stream);
	assert(!s->ended);
	if (s->lost.code != OP_OK || s->aborted || s->unread) {
		return;
	}
	s->pictured = true;
	if (!lane_send(s, frame)) {
		lose(s, OP_EIO, "cannot be sent frames: no memory here");
		return;
	}
	s->writer_waits = s->writer_waits || quic_queued(stream) >= WAIT_MARK;
}

static void quic_end(struct stream *stream) {
	struct stream_quic *s = from(stream);
	assert(!s->ended);
	s->ended = true;
	s->out.fin = true;
	queue_up(s);
}

static void quic_abort(struct stream *stream) {
	struct stream_quic *s = from(stream);
	if (s->aborted) {
		return;
	}
	s->aborted = s->hung_up = true;
	lanes_abort(s);
	outflow_stop(&s->out);
	if (s->connection && s->out.id >= 0 && !s->closed) {
		ngtcp2_conn_shutdown_stream(s->connection->conn, 0, s->out.id, RESET_ABORT);
		connection_wake(s->connection);
	}
	if (s->connection) {
		connection_count(s->connection);
	}
}

static void quic_pause(struct stream *stream, bool paused) {
	struct stream_quic *s = from(stream);
	s->paused = paused;
	if (!paused) {
		s->news = s->in.size > 0;
		lanes_resume(s);
		stream_quic_tell(s);
	}
}

static void quic_set_class(struct stream *stream, enum stream_class class) {
	struct stream_quic *s = from(stream);
	if (class == s->out.class) {
		return;
	}
	s->out.class = class;
	s->out.low = class == STREAM_BULK ? BULK_LOW : 0;
	wl_list_remove(&s->out.link);
	wl_list_init(&s->out.link);
	queue_up(s);
	widen(s);
}

static bool quic_path(const struct stream *stream, struct stream_path *path) {
	const struct stream_quic *s = from(stream);
	if (!s->connection || !s->connection->conn || s->connection->state != CONNECTION_UP) {
		return false;
	}
	scheduler_path(s->connection, path);
	return true;
}

static void quic_destroy_stream(struct stream *stream) {
	struct stream_quic *s = from(stream);
	if (!s->ended) {
		quic_abort(stream);
	}
	s->owned = false;
	s->base.events = NULL;
	lanes_orphan(s);
	if (s->depth == 0) { // else the listener is reading it
		buf_finish(&s->in);
		buf_init(&s->in);
	}
	if (s->connection) {
		connection_count(s->connection);
	}
	free_if_done(s);
}

static const struct stream_impl quic_impl = {
	.write = quic_write,
	.frame = quic_frame,
	.end = quic_end,
	.abort = quic_abort,
	.pause = quic_pause,
	.queued = quic_queued,
	.set_class = quic_set_class,
	.path = quic_path,
	.destroy = quic_destroy_stream,
};
