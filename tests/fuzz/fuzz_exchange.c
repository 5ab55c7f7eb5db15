/* SPDX-License-Identifier: MIT */
/*
 * fuzz_exchange.c - what a peer may send on a stream. The first byte says how it is listened to,
 * the second at which event the listener does something drastic, the third how the bytes are cut
 * into pieces; the rest is sent.
 *
 * Whatever comes, heads and ends are told at most once, gone once and last; and a half that is
 * whole in one piece is the same half byte by byte.
 */
#include <string.h>

#include "fuzz.h"
#include "net/exchange.h"
#include "unit/net/memory_stream.h"

enum how {
	HOW_REPLY = 1 << 0,   // we asked, else we serve
	HOW_LANES = 1 << 1,
	HOW_PAUSE = 1 << 2,   // pause at each event
	HOW_DESTROY = 1 << 3, // destroy it at the event the second byte says
	HOW_ANSWER = 1 << 4,  // answer each head at once
	HOW_HANGUP = 1 << 5,  // a hang-up at last, else an end of file
	HOW_EARLY = 1 << 6,   // a frame on a lane overtakes all
};

struct listener {
	struct memory_stream memory;
	struct exchange *exchange; // NULL: destroyed
	uint8_t how, drastic;
	int events, heads, ends, gones;
	struct buf payload;
};

static void event(struct listener *l) {
	must(l->exchange && l->gones == 0);
	l->events++;
	if ((l->how & HOW_DESTROY) && l->events == l->drastic) {
		exchange_destroy(l->exchange);
		l->exchange = NULL;
	} else if (l->how & HOW_PAUSE) {
		exchange_pause(l->exchange, true);
	}
}

static void hear_head(void *data, const struct op_head *head) {
	struct listener *l = data;
	must(l->heads == 0 && l->ends == 0);
	l->heads++;
	if ((l->how & HOW_ANSWER) && !(l->how & HOW_REPLY)) {
		struct op_head reply;
		op_head_init_reply(&reply);
		op_set_body(&reply, OP_BODY_CHUNKS, 0);
		must(exchange_send_head(l->exchange, &reply, NULL) == OP_OK);
		op_head_finish(&reply);
		exchange_send_bytes(l->exchange, "answer", 6);
		exchange_send_end(l->exchange, NULL);
	}
	event(l);
}

static void hear_bytes(void *data, const void *bytes, size_t size) {
	struct listener *l = data;
	must(l->heads == 1 && l->ends == 0 && size > 0);
	event(l);
	must(buf_append(&l->payload, bytes, size)); // readable to the end of the event
}

static void hear_frame(void *data, const struct frame *frame) {
	struct listener *l = data;
	must(l->heads == 1 && l->ends == 0 && frame->size <= OP_MAX_FRAME);
	must(frame->kind != FRAME_END);
	event(l);
	must(buf_append(&l->payload, frame->payload, frame->size));
}

static void hear_end(void *data, const struct op_head *trailer) {
	struct listener *l = data;
	must(l->heads == 1 && l->ends == 0);
	must(!trailer || trailer->role == OP_REPLY);
	l->ends++;
	event(l);
}

static void hear_gone(void *data, const struct op_refusal *why) {
	struct listener *l = data;
	must(l->exchange && l->gones == 0);
	must(why->code != OP_OK && why->sentence[0]);
	l->gones++;
	if (l->how & HOW_DESTROY) {
		exchange_destroy(l->exchange);
		l->exchange = NULL;
	}
}

static const struct exchange_events events = {
	.head = hear_head,
	.bytes = hear_bytes,
	.frame = hear_frame,
	.end = hear_end,
	.gone = hear_gone,
};

static void send_request(struct listener *l) {
	struct op_head head;
	op_head_init_request(&head, OP_GETMEM);
	op_set(&head, OP_F_NAME, "/x");
	must(exchange_send_head(l->exchange, &head, NULL) == OP_OK);
	op_head_finish(&head);
}

static void unpause(struct listener *l) {
	while (l->exchange && l->memory.paused && l->gones == 0) {
		exchange_pause(l->exchange, false);
		memory_stream_feed(&l->memory, NULL, 0);
		if (l->memory.in.size == 0) {
			break;
		}
	}
	if (l->exchange && l->gones == 0) {
		exchange_pause(l->exchange, false);
	}
}

// piece 0: all at once.
static void listen_to(struct listener *l, uint8_t how, uint8_t drastic, size_t piece,
		const uint8_t *bytes, size_t size) {
	*l = (struct listener){.how = how, .drastic = drastic};
	buf_init(&l->payload);
	memory_stream_init(&l->memory, how & HOW_LANES);
	l->exchange = exchange_create(&l->memory.stream, how & HOW_REPLY ? OP_REPLY : OP_REQUEST,
		&events, l);
	must(l->exchange);
	if (how & HOW_REPLY) {
		send_request(l);
	}
	if (how & HOW_EARLY) {
		const struct frame frame = {.kind = FRAME_VIDEO, .payload = "early", .size = 5};
		memory_stream_feed_frame(&l->memory, &frame);
	}
	while (size > 0) {
		size_t part = piece > 0 && piece < size ? piece : size;
		memory_stream_feed(&l->memory, bytes, part);
		unpause(l);
		bytes += part;
		size -= part;
	}
	if (how & HOW_HANGUP) {
		memory_stream_hangup(&l->memory);
	} else {
		memory_stream_eof(&l->memory);
	}
	must(!l->exchange || l->ends + l->gones > 0);
	exchange_destroy(l->exchange);
	memory_stream_finish(&l->memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct listener whole, pieces;
	if (size < 3) {
		return 0;
	}
	uint8_t how = bytes[0], drastic = bytes[1];
	size_t piece = bytes[2] % 32 + 1;
	listen_to(&whole, how, drastic, 0, bytes + 3, size - 3);
	listen_to(&pieces, how, drastic, piece, bytes + 3, size - 3);
	if (whole.ends == 1 && whole.gones == 0 && !(how & HOW_DESTROY)) {
		must(pieces.ends == 1 && pieces.heads == whole.heads);
		must(pieces.payload.size == whole.payload.size);
		must(whole.payload.size == 0 || memcmp(buf_front(&pieces.payload),
			buf_front(&whole.payload), whole.payload.size) == 0);
	}
	buf_finish(&whole.payload);
	buf_finish(&pieces.payload);
	return 0;
}
