/* SPDX-License-Identifier: MIT */
/*
 * exchange_read.c - the half of an exchange that comes in: heads, bodies, trailers, as they delimit
 * themselves.
 *
 * A step takes what it can use of the bytes at hand and says how much that was. Bytes of a body are
 * told as they lie; only what is needed whole and came in parts is gathered, and no memory is taken
 * for what a length merely announces.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "net/exchange_impl.h"

#define ROOM_FREE (64 * 1024) // what is no larger is not asked for

static const char *half_name(const struct exchange *exchange) {
	return exchange->incoming == OP_REQUEST ? "request" : "answer";
}

static void drop_piece(struct exchange *exchange) {
	buf_drop(&exchange->piece, exchange->piece.size);
}

// need bytes in a row, or NULL until they have come; *used says how many of size were taken.
static const uint8_t *gather(struct exchange *exchange, size_t need, const uint8_t *bytes,
		size_t size, size_t *used) {
	struct buf *piece = &exchange->piece;
	if (piece->size == 0 && size >= need) {
		*used = need;
		return bytes;
	}
	*used = size < need - piece->size ? size : need - piece->size;
	if (need > ROOM_FREE && exchange->room && !exchange->room(exchange->room_data, *used)) {
		exchange_lose(exchange, OP_EQUOTA, "more than %d MiB of frames that are not whole wait here: "
			"send fewer at once", OP_MAX_HELD / 1024 / 1024);
		return NULL;
	}
	if (!buf_append(piece, bytes, *used)) {
		exchange_lose(exchange, OP_EIO, "out of memory");
		return NULL;
	}
	return piece->size == need ? buf_front(piece) : NULL;
}

static void end_body(struct exchange *exchange, const struct op_head *trailer) {
	exchange->in = IN_DONE;
	if (exchange->incoming == OP_REQUEST && trailer && trailer->refusal.code != OP_OK) {
		exchange->broken_by = &trailer->refusal;
		exchange_lose(exchange, trailer->refusal.code,
			"the request's body was broken off: %s", trailer->refusal.sentence);
		exchange->broken_by = NULL;
	} else if (exchange->events->end) {
		exchange->events->end(exchange->data, trailer);
	}
}

// Whether nothing follows what must be the last of its half.
static bool check_last(struct exchange *exchange, size_t more) {
	if (more > 0) {
		exchange_lose(exchange, OP_EARG, "bytes follow the end of the %s: its head must say "
			"how long its body is (body N, chunks or frames), and nothing may come "
			"behind it", half_name(exchange));
	}
	return more == 0;
}

static enum exchange_in first_state(enum op_body body, uint64_t size) {
	switch (body) {
	case OP_BODY_NONE:
		return IN_DONE;
	case OP_BODY_BYTES:
		return size > 0 ? IN_BYTES : IN_DONE;
	case OP_BODY_CHUNKS:
		return IN_CHUNK_SIZE;
	case OP_BODY_FRAMES:
		return IN_FRAME_HEADER;
	}
	abort();
}

// Finds and decodes a head that begins in piece and goes on in bytes. false: not whole, or lost.
static bool take_head(struct exchange *exchange, enum op_role role, const uint8_t *bytes,
		size_t size, struct op_head *head, size_t *used) {
	struct buf *piece = &exchange->piece;
	struct op_refusal refusal = {.code = OP_OK};
	size_t before = piece->size;
	const uint8_t *at = bytes;
	*used = size;
	if (before > 0) {
		size_t room = OP_MAX_HEAD + 1 - before;
		size = size < room ? size : room;
		if (!buf_append(piece, bytes, size)) {
			exchange_lose(exchange, OP_EIO, "out of memory");
			return false;
		}
		at = buf_front(piece);
	}
	size_t whole = op_head_size(at, before + size, &refusal);
	*used = whole > 0 ? whole - before : size;
	if (whole == 0 && refusal.code == OP_OK) {
		if (before == 0 && !buf_append(piece, bytes, size)) {
			exchange_lose(exchange, OP_EIO, "out of memory");
		}
		return false;
	}
	enum op_code code = whole > 0 ? op_decode(head, role, at, whole, &refusal) : refusal.code;
	drop_piece(exchange);
	if (code != OP_OK) {
		exchange_lose(exchange, code, "%s", refusal.sentence);
		return false;
	}
	exchange_trace(head);
	return true;
}

static void tell_early(struct exchange *exchange) {
	for (int i = 0; i < exchange->early_size && !exchange_dead(exchange); i++) {
		if (exchange->body_in != OP_BODY_FRAMES) {
			exchange_lose(exchange, OP_EARG,
				"a frame came for a body that has none");
		} else if (exchange->events->frame) {
			exchange->events->frame(exchange->data, &exchange->early[i]);
		}
	}
	exchange_drop_early(exchange);
}

static size_t step_head(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	struct op_head head;
	size_t used;
	if (!take_head(exchange, exchange->incoming, bytes, size, &head, &used)) {
		return used;
	}
	exchange->in_left = 0;
	exchange->body_in = op_body_of(&head, &exchange->in_left);
	enum exchange_in next = first_state(exchange->body_in, exchange->in_left);
	if (next != IN_DONE || check_last(exchange, size - used)) {
		exchange->in = next;
		if (exchange->stream->impl->head_read) {
			exchange->stream->impl->head_read(exchange->stream, exchange->used + used);
		}
		if (exchange->events->head) {
			exchange->events->head(exchange->data, &head);
		}
		tell_early(exchange);
		if (next == IN_DONE && !exchange_dead(exchange)) {
			end_body(exchange, NULL);
		}
	}
	op_head_finish(&head);
	return used;
}

static size_t step_trailer(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	struct op_head trailer;
	size_t used;
	if (take_head(exchange, OP_REPLY, bytes, size, &trailer, &used)) {
		if (check_last(exchange, size - used)) {
			end_body(exchange, &trailer);
		}
		op_head_finish(&trailer);
	}
	return used;
}

static void tell_bytes(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	if (exchange->events->bytes) {
		exchange->events->bytes(exchange->data, bytes, size);
	}
}

static size_t step_bytes(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	if (size > exchange->in_left) {
		check_last(exchange, size - exchange->in_left);
		return size;
	}
	exchange->in_left -= size;
	tell_bytes(exchange, bytes, size);
	if (exchange->in_left == 0 && !exchange_dead(exchange)) {
		end_body(exchange, NULL);
	}
	return size;
}

static size_t step_chunk_size(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	size_t used;
	const uint8_t *length = gather(exchange, 4, bytes, size, &used);
	if (length) {
		exchange->in_left = get_u32(length);
		exchange->in = exchange->in_left > 0 ? IN_CHUNK : IN_TRAILER;
		drop_piece(exchange);
		if (exchange->in_left > OP_MAX_CHUNK) {
			exchange_lose(exchange, OP_E2BIG,
				"a chunk of %" PRIu64 " bytes: send at most %d at once",
				exchange->in_left, OP_MAX_CHUNK);
		}
	}
	return used;
}

static size_t step_chunk(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	size_t part = size < exchange->in_left ? size : (size_t)exchange->in_left;
	exchange->in_left -= part;
	if (exchange->in_left == 0) {
		exchange->in = IN_CHUNK_SIZE;
	}
	tell_bytes(exchange, bytes, part);
	return part;
}

static void tell_frame(struct exchange *exchange, const uint8_t *payload) {
	struct frame frame = exchange->frame;
	frame.payload = payload;
	exchange->in = IN_FRAME_HEADER;
	if (exchange->events->frame) {
		exchange->events->frame(exchange->data, &frame);
	}
}

static size_t step_frame_header(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	struct op_refusal refusal;
	size_t used;
	const uint8_t *header = gather(exchange, FRAME_HEADER_SIZE, bytes, size, &used);
	if (!header) {
		return used;
	}
	enum op_code code = frame_header_decode(&exchange->frame, header, &refusal);
	drop_piece(exchange);
	if (code != OP_OK) {
		exchange_lose(exchange, code, "%s", refusal.sentence);
	} else if (exchange->frame.kind != FRAME_END) {
		exchange->in = IN_FRAME;
		if (exchange->frame.size == 0) {
			tell_frame(exchange, NULL);
		}
	} else {
		exchange->in = IN_TRAILER;
	}
	return used;
}

static size_t step_frame(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	size_t used;
	const uint8_t *payload = gather(exchange, exchange->frame.size, bytes, size, &used);
	if (payload) {
		tell_frame(exchange, payload);
		drop_piece(exchange);
	}
	return used;
}

// Behind the end of its half the other side may only half-close.
static size_t step_done(struct exchange *exchange, const uint8_t *bytes, size_t size) {
	if (!exchange_over(exchange)) {
		check_last(exchange, size);
	}
	return size;
}

size_t exchange_handle_data(void *data, const void *bytes, size_t size) {
	static size_t (*const steps[])(struct exchange *, const uint8_t *, size_t) = {
		[IN_HEAD] = step_head,
		[IN_BYTES] = step_bytes,
		[IN_CHUNK_SIZE] = step_chunk_size,
		[IN_CHUNK] = step_chunk,
		[IN_FRAME_HEADER] = step_frame_header,
		[IN_FRAME] = step_frame,
		[IN_TRAILER] = step_trailer,
		[IN_DONE] = step_done,
	};
	struct exchange *exchange = data;
	exchange->depth++;
	exchange->used = 0;
	while (exchange->used < size && !exchange->paused && !exchange_dead(exchange)) {
		exchange->body_read = exchange->body_read || exchange->in != IN_HEAD;
		size_t used = steps[exchange->in](exchange, (const uint8_t *)bytes + exchange->used,
			size - exchange->used);
		exchange->used += used;
	}
	size_t used = exchange->used;
	exchange_leave(exchange);
	return used;
}

// A frame on a lane of its own may overtake the answer that it belongs to.
static void keep_early(struct exchange *exchange, const struct frame *frame) {
	if (exchange->early_size == OP_MAX_EARLY_FRAMES) {
		exchange_lose(exchange, OP_E2BIG, "more than %d frames came before the %s",
			OP_MAX_EARLY_FRAMES, half_name(exchange));
		return;
	}
	if (!exchange->early) {
		exchange->early = calloc(OP_MAX_EARLY_FRAMES, sizeof(exchange->early[0]));
	}
	void *payload = malloc(frame->size > 0 ? frame->size : 1);
	if (!exchange->early || !payload) {
		free(payload);
		exchange_lose(exchange, OP_EIO, "out of memory");
		return;
	}
	if (frame->size > 0) {
		memcpy(payload, frame->payload, frame->size);
	}
	exchange->early[exchange->early_size] = *frame;
	exchange->early[exchange->early_size++].payload = payload;
}

void exchange_drop_early(struct exchange *exchange) {
	for (int i = 0; i < exchange->early_size; i++) {
		free((void *)(uintptr_t)exchange->early[i].payload);
	}
	free(exchange->early);
	exchange->early = NULL;
	exchange->early_size = 0;
}

void exchange_handle_frame(void *data, const struct frame *frame) {
	struct exchange *exchange = data;
	exchange->depth++;
	if (exchange_dead(exchange) || exchange->in == IN_DONE || exchange->in == IN_TRAILER) {
		// Late: the body has ended on the stream itself.
	} else if (exchange->in == IN_HEAD && exchange->incoming == OP_REQUEST) {
		exchange_lose(exchange, OP_EARG,
			"a frame came before its request: send frames only after the ok");
	} else if (exchange->in == IN_HEAD) {
		keep_early(exchange, frame);
	} else if (exchange->body_in != OP_BODY_FRAMES) {
		exchange_lose(exchange, OP_EARG, "a frame came for a body of bytes");
	} else if (exchange->events->frame) {
		exchange->events->frame(exchange->data, frame);
	}
	exchange_leave(exchange);
}

void exchange_handle_eof(void *data) {
	struct exchange *exchange = data;
	exchange->depth++;
	if (exchange_dead(exchange) || exchange->in == IN_DONE) {
		// Behind a whole half it means nothing.
	} else if (exchange->adopted) {
		exchange_lose(exchange, OP_ELOST, "the other side went away without a word");
	} else if (exchange->incoming == OP_REPLY) {
		exchange_lose(exchange, OP_ELOST,
			"outcome unknown: the other side stopped before its answer was whole");
	} else if (exchange->in == IN_HEAD && exchange->piece.size == 0) {
		exchange_lose(exchange, OP_ELOST, "nothing was asked");
	} else if (exchange->in == IN_HEAD) {
		exchange_lose(exchange, OP_EARG,
			"the request stops within its head: a head ends with an empty line");
	} else if (exchange->in == IN_BYTES) {
		exchange_lose(exchange, OP_EARG, "the request stops %" PRIu64
			" bytes before the end of its body: send as many as its head says",
			exchange->in_left);
	} else {
		exchange_lose(exchange, OP_EARG, "the request stops before the end mark of its body: "
			"send it, and a trailer");
	}
	exchange_leave(exchange);
}
