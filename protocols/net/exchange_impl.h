/* SPDX-License-Identifier: MIT */
#ifndef NET_EXCHANGE_IMPL_H
#define NET_EXCHANGE_IMPL_H

#include "base/buf.h"
#include "net/exchange.h"

/* What exchange.c and exchange_read.c share. */

enum exchange_in {
	IN_HEAD,
	IN_BYTES,
	IN_CHUNK_SIZE,
	IN_CHUNK,
	IN_FRAME_HEADER,
	IN_FRAME,
	IN_TRAILER,
	IN_DONE,
};

enum exchange_out {
	OUT_HEAD,
	OUT_BODY,
	OUT_DONE,
};

struct exchange {
	struct stream *stream;
	const struct exchange_events *events;
	void *data;
	enum op_role incoming;
	bool adopted;

	enum exchange_in in;
	enum op_body body_in;
	uint64_t in_left;   // of BYTES, or of the chunk
	struct buf piece;   // the part that came of what is needed whole: a head, a header, a frame
	struct frame frame; // its header came, its payload is gathered in piece
	bool (*room)(void *data, size_t more); // NULL: there always is
	void *room_data;
	size_t used;        // bytes consumed of what the stream is offering
	bool body_read;     // some of the body was consumed
	const struct op_refusal *broken_by; // while gone is told of a body that ended so; else NULL
	struct frame *early; // lane frames that overtook the head
	int early_size;

	enum exchange_out out;
	enum op_body body_out;
	uint64_t out_left; // of BYTES

	int depth; // stream events under way
	bool paused, lost, destroyed;
	struct wl_signal destroy; // data: struct exchange *
};

/* One line at debug: "> kind name /", "< ok …". */
void exchange_trace(const struct op_head *head);
/* Tells gone, after a refusal if a request can still be answered. */
void exchange_lose(struct exchange *exchange, enum op_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Nothing may be told or read: lost, or destroyed by its listener. */
static inline bool exchange_dead(const struct exchange *exchange) {
	return exchange->lost || exchange->destroyed;
}

/* Stream events, in exchange_read.c. */
size_t exchange_handle_data(void *data, const void *bytes, size_t size);
void exchange_handle_frame(void *data, const struct frame *frame);
void exchange_handle_eof(void *data);
void exchange_drop_early(struct exchange *exchange);
/* Ends a stream event: the exchange may be freed in here. */
void exchange_leave(struct exchange *exchange);

#endif
