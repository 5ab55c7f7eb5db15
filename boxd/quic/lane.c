/* SPDX-License-Identifier: MIT */
/*
 * lane.c - frames that travel alone, one unidirectional stream each, out and in.
 *
 * Frames are told in the order in which they are whole; what that does to a picture is the viewer's
 * business. When packets leave is scheduler.c's.
 */
#include "quic/lane.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/quic_private.h"

#define STILLBORN_MAX 1024 // of one connection
#define SUPERSEDED_AFTER (100 * MS) // and a round trip, a frame is old when a keyframe comes
#define LANES_OWED_MAX (OP_MAX_FRAME_STREAMS / 4)
#define ID_SIZE 8 // of a varint in its longest form, so that it can be filled in later

static void drop_out(struct lane_out *lane) {
	wl_list_remove(&lane->link);
	outflow_finish(&lane->out);
	free(lane);
}

/* As much of it as has not left, and what of it is lost, will not be sent. */
static void take_back(struct connection *c, struct lane_out *lane) {
	if (lane->out.id < 0) {
		drop_out(lane);
	} else if (!lane->out.begun) {
		outflow_empty(&lane->out);
	} else {
		ngtcp2_conn_shutdown_stream_write(c->conn, 0, lane->out.id, RESET_ABORT);
		outflow_stop(&lane->out);
	}
}

/*
 * A keyframe takes the place of frames that have been under way for long. Younger ones are left: they are
 * shown before it.
 */
static void take_back_old(struct stream_quic *stream, uint64_t now) {
	struct connection *c = stream->connection;
	struct lane_out *lane, *next;
	ngtcp2_conn_info info;
	if (!c || !c->conn) {
		return;
	}
	ngtcp2_conn_get_conn_info(c->conn, &info);
	wl_list_for_each_safe(lane, next, &c->lanes_out, link) {
		if (lane->stream == stream && now - lane->since > SUPERSEDED_AFTER + info.smoothed_rtt) {
			take_back(c, lane);
		}
	}
}

static bool may_leave(const struct stream_quic *stream) {
	return stream->connection && stream->out.id >= 0 && (!stream->ours || stream->heard);
}

static void handle_left(struct outflow *flow) {
	struct lane_out *lane = wl_container_of(flow, lane, out);
	if (lane->stream) {
		stream_quic_tell(lane->stream);
	}
}

static const struct outflow_impl lane_impl = {
	.left = handle_left,
	.stopped = outflow_stop, // ngtcp2 resets it, then closes it
};

bool lane_send(struct stream_quic *stream, const struct frame *frame) {
	uint8_t head[ID_SIZE + FRAME_HEADER_SIZE] = {0};
	struct lane_out *lane = calloc(1, sizeof(*lane));
	if (!lane) {
		return false;
	}
	lane->kind = FLOW_LANE_OUT;
	lane->stream = stream;
	lane->since = quic_now();
	if (frame->flags & FRAME_KEY) {
		take_back_old(stream, lane->since);
	}
	outflow_init(&lane->out, &lane_impl);
	lane->out.class = STREAM_VIDEO;
	wl_list_insert(stream->lanes.prev, &lane->link);
	frame_header_encode(frame, head + ID_SIZE);
	if (!outflow_add(&lane->out, head, sizeof(head))
			|| !outflow_add(&lane->out, frame->payload, frame->size)) {
		drop_out(lane);
		return false;
	}
	lane->out.fin = true;
	lanes_release(stream);
	return true;
}

void lanes_release(struct stream_quic *stream) {
	struct connection *c = stream->connection;
	if (wl_list_empty(&stream->lanes) || !may_leave(stream)) {
		return;
	}
	struct lane_out *lane, *next;
	wl_list_for_each_safe(lane, next, &stream->lanes, link) {
		uint8_t id[ID_SIZE];
		put_u64(id, (uint64_t)stream->out.id | 3ull << 62);
		outflow_patch(&lane->out, id, sizeof(id));
		wl_list_remove(&lane->link);
		wl_list_insert(c->lanes_out.prev, &lane->link);
	}
	connection_wake(c);
}

/*
 * One at a time: a stream that was opened must begin, for ngtcp2 1.11 takes a reset that comes first
 * for the opening of a stream in both directions, and keeps it for ever.
 */
void lanes_open(struct connection *c) {
	struct lane_out *lane;
	wl_list_for_each(lane, &c->lanes_out, link) {
		if (lane->out.id >= 0 && !lane->out.begun && !lane->out.blocked) {
			return;
		}
		if (lane->out.id < 0) {
			if (ngtcp2_conn_open_uni_stream(c->conn, &lane->out.id, lane) != 0) {
				lane->out.id = -1; // over the limit: the other side raises it as it takes frames
			} else {
				wl_list_insert(c->outflows[lane->out.class].prev, &lane->out.link);
			}
			return;
		}
	}
}

size_t lanes_queued(const struct stream_quic *stream) {
	size_t queued = 0;
	const struct lane_out *lane;
	wl_list_for_each(lane, &stream->lanes, link) {
		queued += lane->out.queued;
	}
	if (stream->connection) {
		wl_list_for_each(lane, &stream->connection->lanes_out, link) {
			queued += lane->stream == stream ? lane->out.queued : 0;
		}
	}
	return queued;
}

uint64_t lanes_lost(const struct connection *c) {
	uint64_t lost = c->lanes_lost;
	const struct lane_out *lane;
	wl_list_for_each(lane, &c->lanes_out, link) {
		lost += lane->out.id >= 0 ? ngtcp2_conn_get_stream_loss_count(c->conn, lane->out.id) : 0;
	}
	return lost;
}

void lane_out_closed(struct connection *c, struct lane_out *lane) {
	struct stream_quic *stream = lane->stream;
	c->lanes_lost += ngtcp2_conn_get_stream_loss_count(c->conn, lane->out.id);
	trains_add(&c->trains, &lane->train);
	drop_out(lane);
	if (stream) {
		stream_quic_tell(stream);
	}
}

void lanes_abort(struct stream_quic *stream) {
	struct lane_out *lane, *next;
	wl_list_for_each_safe(lane, next, &stream->lanes, link) {
		drop_out(lane);
	}
	struct connection *c = stream->connection;
	if (!c) {
		return;
	}
	wl_list_for_each_safe(lane, next, &c->lanes_out, link) {
		if (lane->stream == stream) {
			take_back(c, lane);
		}
	}
}

/* Takes a lane out of the table once ngtcp2 has forgotten its stream too. */
static void drop_in(struct lane_in *lane) {
	struct connection *c = lane->connection;
	c->frames_held -= lane->bytes.size;
	buf_finish(&lane->bytes);
	lane->stream = NULL;
	lane->whole = false;
	lane->stopped = true;
	if (!lane->closed && lane->reset) {
		return;
	}
	if (!lane->closed) {
		ngtcp2_conn_shutdown_stream_read(c->conn, 0, lane->id, RESET_UNKNOWN);
		connection_wake(c);
		return;
	}
	if (++c->lanes_owed >= LANES_OWED_MAX) {
		connection_wake(c);
	}
	wl_list_remove(&lane->link);
	free(lane);
}

void lanes_repay(struct connection *c, bool sending) {
	if (c->lanes_owed > 0 && (sending || c->lanes_owed >= LANES_OWED_MAX)) {
		ngtcp2_conn_extend_max_streams_uni(c->conn, c->lanes_owed);
		c->lanes_owed = 0;
	}
}

void lanes_orphan(struct stream_quic *stream) {
	struct connection *c = stream->connection;
	struct lane_out *out, *next_out;
	wl_list_for_each_safe(out, next_out, &stream->lanes, link) {
		drop_out(out);
	}
	if (!c) {
		return;
	}
	wl_list_for_each(out, &c->lanes_out, link) {
		if (out->stream == stream) {
			out->stream = NULL;
		}
	}
	struct lane_in *in, *next_in;
	wl_list_for_each_safe(in, next_in, &c->lanes_in, link) {
		if (in->stream == stream) {
			drop_in(in);
		}
	}
}

struct lane_in *lane_accept(struct connection *c, int64_t id) {
	struct lane_in *lane = calloc(1, sizeof(*lane));
	if (lane) {
		lane->kind = FLOW_LANE_IN;
		lane->connection = c;
		lane->id = id;
		buf_init(&lane->bytes);
		wl_list_insert(c->lanes_in.prev, &lane->link);
	}
	return lane;
}

/* Which exchange, which frame. false: it is not for anybody here, or not a frame. */
static bool read_header(struct lane_in *lane) {
	const uint8_t *bytes = buf_front(&lane->bytes);
	if (lane->bytes.size == 0) {
		return true;
	}
	size_t id_size = (size_t)1 << (bytes[0] >> 6);
	if (lane->bytes.size < id_size + FRAME_HEADER_SIZE) {
		return true;
	}
	uint64_t id = bytes[0] & 0x3f;
	for (size_t i = 1; i < id_size; i++) {
		id = id << 8 | bytes[i];
	}
	struct op_refusal why;
	if (frame_header_decode(&lane->frame, bytes + id_size, &why) != OP_OK
			|| !frame_has_own_lane(lane->frame.kind)) {
		lane->connection->broke = "a lane without a frame that may have one";
		return false;
	}
	lane->payload_at = id_size + FRAME_HEADER_SIZE;
	lane->stream = stream_quic_find(lane->connection, (int64_t)id);
	return lane->stream && lane->stream->owned;
}

static bool too_much(struct lane_in *lane) {
	if (lane->connection->frames_held <= LANE_HELD_MAX) {
		return false;
	}
	struct op_refusal why = {0};
	op_refuse(&why, OP_EQUOTA, "more than %d MiB of its frames wait here: send fewer at once",
		LANE_HELD_MAX / 1024 / 1024);
	if (lane->stream) {
		stream_quic_lose(lane->stream, &why);
	}
	return true;
}

bool lane_receive(struct lane_in *lane, const uint8_t *bytes, size_t size, bool fin) {
	struct connection *c = lane->connection;
	lane->begun = true;
	if (lane->stopped) {
		return true;
	}
	if (fin && size == 0 && lane->bytes.size == 0) {
		drop_in(lane); // taken back before it began
		return true;
	}
	if (!buf_append(&lane->bytes, bytes, size)) {
		return false;
	}
	c->frames_held += size;
	if ((lane->payload_at == 0 && !read_header(lane)) || too_much(lane)) {
		c->failing = c->broke != NULL;
		drop_in(lane);
		return true;
	}
	size_t whole = lane->payload_at + lane->frame.size;
	bool has_header = lane->payload_at > 0;
	if ((has_header && lane->bytes.size > whole)
			|| (fin && (!has_header || lane->bytes.size < whole))) {
		c->broke = "a frame whose length is not what its header says";
		c->failing = true;
		return true;
	}
	if (lane->stream && lane->stream->paused) {
		lane->owed += size;
	} else {
		ngtcp2_conn_extend_max_stream_offset(c->conn, lane->id, size);
	}
	if (fin) {
		lane->whole = true;
		stream_quic_tell(lane->stream);
	}
	return true;
}

/* The sender has better to send than the rest of this frame. */
void lane_reset(struct lane_in *lane) {
	struct connection *c = lane->connection;
	lane->reset = true;
	if (!lane->begun) {
		// ngtcp2 will not close it (see lanes_open), so it is closed here; not without an end.
		ngtcp2_conn_set_stream_user_data(c->conn, lane->id, NULL);
		lane->closed = true;
		if (++c->stillborn > STILLBORN_MAX) {
			c->broke = "too many frames taken back before they began";
			c->failing = true;
		}
		drop_in(lane);
	} else if (!lane->whole && !lane->stopped) {
		drop_in(lane);
	}
}

void lane_in_closed(struct lane_in *lane) {
	lane->closed = true;
	if (lane->stopped) {
		drop_in(lane);
	}
}

static struct lane_in *next_whole(struct stream_quic *stream) {
	struct lane_in *lane;
	if (!stream->connection || !stream->owned || stream->paused || stream->hung_up) {
		return NULL;
	}
	wl_list_for_each(lane, &stream->connection->lanes_in, link) {
		if (lane->stream == stream && lane->whole) {
			return lane;
		}
	}
	return NULL;
}

void lanes_deliver(struct stream_quic *stream) {
	struct lane_in *lane;
	while ((lane = next_whole(stream))) {
		struct connection *c = lane->connection;
		struct buf bytes = lane->bytes;
		struct frame frame = lane->frame;
		frame.payload = buf_front(&bytes) + lane->payload_at;
		c->frames_held -= bytes.size;
		buf_init(&lane->bytes); // the listener may end the connection in its event
		drop_in(lane);
		stream->base.events->frame(stream->base.data, &frame);
		buf_finish(&bytes);
	}
}

void lanes_resume(struct stream_quic *stream) {
	struct lane_in *lane;
	if (!stream->connection) {
		return;
	}
	wl_list_for_each(lane, &stream->connection->lanes_in, link) {
		if (lane->stream == stream && lane->owed > 0) {
			ngtcp2_conn_extend_max_stream_offset(stream->connection->conn, lane->id, lane->owed);
			lane->owed = 0;
			connection_wake(stream->connection);
		}
	}
}

void lanes_finish(struct connection *c) {
	struct lane_out *out, *next_out;
	wl_list_for_each_safe(out, next_out, &c->lanes_out, link) {
		drop_out(out);
	}
	struct lane_in *in, *next_in;
	wl_list_for_each_safe(in, next_in, &c->lanes_in, link) {
		wl_list_remove(&in->link);
		buf_finish(&in->bytes);
		free(in);
	}
	c->frames_held = 0;
}
