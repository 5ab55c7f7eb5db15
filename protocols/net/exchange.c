/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - an exchange's life, and its half that goes out.
 *
 * The half that comes in is read in exchange_read.c. What a request means, and whose it is, is not
 * known in either.
 */
#include "net/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LOG_MODULE "exchange"
#include "base/log.h"
#include "net/exchange_impl.h"

void exchange_trace(const struct op_head *head) {
	if (log_level() >= LOG_DEBUG) {
		char line[1024];
		log_debug("%s", op_print(head, line, sizeof(line)));
	}
}

static void tell_gone(struct exchange *exchange, const struct op_refusal *why) {
	exchange->lost = true;
	exchange->depth++;
	if (exchange->events->gone) {
		exchange->events->gone(exchange->data, why);
	}
	exchange_leave(exchange);
}

// A peer that breaks the framing is told so, if it still waits for our first line.
static void refuse_request(struct exchange *exchange, const struct op_refusal *why) {
	struct op_head reply;
	op_head_init_reply(&reply);
	reply.refusal = *why;
	exchange_send_head(exchange, &reply, NULL);
	op_head_finish(&reply);
}

void exchange_lose(struct exchange *exchange, enum op_code code, const char *fmt, ...) {
	struct op_refusal why;
	char sentence[2 * sizeof(why.sentence)];
	va_list args;
	if (exchange_dead(exchange)) {
		return;
	}
	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	op_refuse(&why, code, "%s", sentence);
	if (exchange->incoming == OP_REQUEST && exchange->out == OUT_HEAD && code != OP_ELOST) {
		refuse_request(exchange, &why);
	}
	exchange->stream->impl->pause(exchange->stream, true);
	tell_gone(exchange, &why);
}

static void handle_hangup(void *data, enum op_code code, const char *sentence) {
	struct exchange *exchange = data;
	struct op_refusal why;
	if (exchange_dead(exchange) || exchange_over(exchange)) {
		return;
	}
	bool asked = exchange->incoming == OP_REPLY && !exchange->adopted && code == OP_ELOST;
	op_refuse(&why, code, "%s%s", asked ? "outcome unknown: " : "", sentence);
	tell_gone(exchange, &why);
}

static void handle_drained(void *data) {
	struct exchange *exchange = data;
	exchange->depth++;
	if (!exchange_dead(exchange) && exchange->events->drained) {
		exchange->events->drained(exchange->data);
	}
	exchange_leave(exchange);
}

static const struct stream_events stream_events = {
	.data = exchange_handle_data,
	.frame = exchange_handle_frame,
	.eof = exchange_handle_eof,
	.hangup = handle_hangup,
	.drained = handle_drained,
};

struct exchange *exchange_create(struct stream *stream, enum op_role incoming,
		const struct exchange_events *events, void *data) {
	assert(incoming == OP_REQUEST || incoming == OP_REPLY);
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	if (!exchange) {
		stream->impl->destroy(stream);
		return NULL;
	}
	exchange->stream = stream;
	exchange->incoming = incoming;
	exchange_listen(exchange, events, data);
	buf_init(&exchange->piece);
	wl_signal_init(&exchange->destroy);
	stream->events = &stream_events;
	stream->data = exchange;
	stream->hangup_cancels = incoming == OP_REQUEST;
	return exchange;
}

struct exchange *exchange_adopt(struct stream *stream, const struct exchange_events *events,
		void *data) {
	struct exchange *exchange = exchange_create(stream, OP_REPLY, events, data);
	if (exchange) {
		exchange->adopted = true;
		exchange->in = IN_FRAME_HEADER;
		exchange->out = OUT_BODY;
		exchange->body_in = exchange->body_out = OP_BODY_FRAMES;
		if (stream->impl->head_read) {
			stream->impl->head_read(stream, 0);
		}
	}
	return exchange;
}

void exchange_listen(struct exchange *exchange, const struct exchange_events *events, void *data) {
	exchange->events = events;
	exchange->data = data;
}

static void exchange_free(struct exchange *exchange) {
	exchange_drop_early(exchange);
	buf_finish(&exchange->piece);
	free(exchange);
}

void exchange_leave(struct exchange *exchange) {
	if (--exchange->depth == 0 && exchange->destroyed) {
		exchange_free(exchange); // what lay in it was being read until now
	}
}

void exchange_destroy(struct exchange *exchange) {
	if (!exchange) {
		return;
	}
	assert(!exchange->destroyed);
	exchange->destroyed = true;
	wl_signal_emit_mutable(&exchange->destroy, exchange);
	assert(wl_list_empty(&exchange->destroy.listener_list));
	const struct stream_impl *impl = exchange->stream->impl;
	bool asked = exchange->incoming == OP_REPLY && !exchange->adopted;
	if (exchange->out != OUT_DONE || (asked && exchange->in != IN_DONE)) {
		impl->abort(exchange->stream);
	}
	impl->destroy(exchange->stream);
	exchange->stream = NULL;
	if (exchange->depth == 0) {
		exchange_free(exchange);
	}
}

void exchange_set_room(struct exchange *exchange, bool (*room)(void *data, size_t more),
		void *data) {
	exchange->room = room;
	exchange->room_data = data;
}

size_t exchange_held(const struct exchange *exchange) {
	return exchange->piece.size;
}

void exchange_cut(struct exchange *exchange, enum op_code code, const char *sentence) {
	struct op_refusal why;
	if (exchange_dead(exchange)) {
		return;
	}
	op_refuse(&why, code, "%s", sentence);
	exchange->out = OUT_DONE;
	exchange->stream->impl->abort(exchange->stream);
	tell_gone(exchange, &why);
}

void exchange_add_destroy_listener(struct exchange *exchange, struct wl_listener *listener) {
	wl_signal_add(&exchange->destroy, listener);
}

// Our half is whole: from now on nobody waits for what we write, so a hang-up cancels nothing.
static void end_half(struct exchange *exchange) {
	exchange->out = OUT_DONE;
	exchange->stream->hangup_cancels = false;
	exchange->stream->impl->end(exchange->stream);
}

static void put(struct exchange *exchange, const void *bytes, size_t size) {
	exchange->stream->impl->write(exchange->stream, bytes, size);
}

static enum op_code put_head(struct exchange *exchange, const struct op_head *head,
		struct op_refusal *refusal) {
	struct buf lines;
	buf_init(&lines);
	enum op_code code = op_encode(head, &lines, refusal);
	if (code == OP_OK) {
		exchange_trace(head);
		put(exchange, buf_front(&lines), lines.size);
	}
	buf_finish(&lines);
	return code;
}

enum op_code exchange_send_head(struct exchange *exchange, const struct op_head *head,
		struct op_refusal *refusal) {
	if (exchange_dead(exchange)) {
		return op_refuse(refusal, OP_ELOST, "the exchange is over");
	}
	assert(exchange->out == OUT_HEAD);
	enum op_code code = put_head(exchange, head, refusal);
	if (code != OP_OK) {
		return code;
	}
	exchange->out_left = 0;
	exchange->body_out = op_body_of(head, &exchange->out_left);
	exchange->out = OUT_BODY;
	if (exchange->body_out == OP_BODY_NONE ||
			(exchange->body_out == OP_BODY_BYTES && exchange->out_left == 0)) {
		end_half(exchange);
	}
	return OP_OK;
}

void exchange_send_bytes(struct exchange *exchange, const void *bytes, size_t size) {
	const uint8_t *at = bytes;
	if (exchange_dead(exchange) || size == 0) {
		return;
	}
	assert(exchange->out == OUT_BODY);
	if (exchange->body_out == OP_BODY_BYTES) {
		assert(size <= exchange->out_left);
		put(exchange, at, size);
		exchange->out_left -= size;
		if (exchange->out_left == 0) {
			end_half(exchange);
		}
		return;
	}
	assert(exchange->body_out == OP_BODY_CHUNKS);
	while (size > 0) {
		uint8_t length[4];
		size_t part = size < OP_MAX_CHUNK ? size : OP_MAX_CHUNK;
		put_u32(length, (uint32_t)part);
		put(exchange, length, sizeof(length));
		put(exchange, at, part);
		at += part;
		size -= part;
	}
}

void exchange_send_frame(struct exchange *exchange, const struct frame *frame) {
	if (exchange_dead(exchange)) {
		return;
	}
	assert(exchange->out == OUT_BODY && exchange->body_out == OP_BODY_FRAMES);
	assert(frame->kind != FRAME_END && frame->size <= OP_MAX_FRAME);
	if (exchange->stream->impl->frame && frame_has_own_lane(frame->kind)) {
		exchange->stream->impl->frame(exchange->stream, frame);
		return;
	}
	uint8_t header[FRAME_HEADER_SIZE];
	frame_header_encode(frame, header);
	put(exchange, header, sizeof(header));
	put(exchange, frame->payload, frame->size);
}

static void put_mark(struct exchange *exchange) {
	uint8_t mark[FRAME_HEADER_SIZE] = {0};
	if (exchange->body_out == OP_BODY_FRAMES) {
		const struct frame end = {.kind = FRAME_END};
		frame_header_encode(&end, mark);
		put(exchange, mark, sizeof(mark));
	} else {
		put(exchange, mark, 4); // a chunk of no bytes
	}
}

void exchange_send_end(struct exchange *exchange, const struct op_head *trailer) {
	if (exchange_dead(exchange) || exchange->out == OUT_DONE) {
		return;
	}
	assert(exchange->out == OUT_BODY);
	assert(exchange->body_out == OP_BODY_CHUNKS || exchange->body_out == OP_BODY_FRAMES);
	struct op_refusal refusal;
	struct op_head plain;
	op_head_init_reply(&plain);
	put_mark(exchange);
	if (put_head(exchange, trailer ? trailer : &plain, &refusal) != OP_OK) {
		plain.refusal = refusal; // a trailer too long to be sent, or no memory for it
		put_head(exchange, &plain, NULL);
	}
	op_head_finish(&plain);
	end_half(exchange);
}

void exchange_pause(struct exchange *exchange, bool paused) {
	if (exchange->paused != paused && !exchange_dead(exchange)) {
		exchange->paused = paused;
		exchange->stream->impl->pause(exchange->stream, paused);
	}
}

size_t exchange_queued(const struct exchange *exchange) {
	return exchange_dead(exchange) ? 0 : exchange->stream->impl->queued(exchange->stream);
}

void exchange_set_class(struct exchange *exchange, enum stream_class class) {
	if (!exchange_dead(exchange) && exchange->stream->impl->set_class) {
		exchange->stream->impl->set_class(exchange->stream, class);
	}
}

bool exchange_path(const struct exchange *exchange, struct stream_path *path) {
	return !exchange_dead(exchange) && exchange->stream->impl->path &&
		exchange->stream->impl->path(exchange->stream, path);
}

enum op_body exchange_body_out(const struct exchange *exchange) {
	return exchange->body_out;
}

const struct op_refusal *exchange_broken_by(const struct exchange *exchange) {
	return exchange->broken_by;
}

enum op_body exchange_body_in(const struct exchange *exchange) {
	return exchange->body_in;
}

bool exchange_heard(const struct exchange *exchange) {
	return exchange->in == IN_DONE;
}

bool exchange_over(const struct exchange *exchange) {
	return exchange->in == IN_DONE && exchange->out == OUT_DONE;
}

int exchange_take_fd(struct exchange *exchange) {
	const struct stream_impl *impl = exchange->stream->impl;
	if (exchange_dead(exchange) || exchange->in == IN_HEAD || exchange->body_read ||
			!impl->take_fd) {
		errno = EBUSY;
		return -1;
	}
	int fd = impl->take_fd(exchange->stream);
	if (fd >= 0) {
		exchange->in = IN_DONE;
		exchange->out = OUT_DONE;
		exchange->lost = true; // to us; no event follows
	}
	return fd;
}
