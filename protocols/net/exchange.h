/* SPDX-License-Identifier: MIT */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "box/frame.h"
#include "box/op.h"
#include "net/stream.h"

/*
 * One exchange, at either end: a head and its body out, a head and its body in. Both halves are
 * alike but for the first line, run independently once the heads are through, and delimit
 * themselves; a half that stops early is an abort. serve.c and call.c give it its meaning.
 */

struct exchange;

struct exchange_events {
	/* The other side's head; its body, if it has one, follows. */
	void (*head)(void *data, const struct op_head *head);
	/* Bytes of a BYTES body, or of chunks (pieces as they come, chunk bounds are not kept). */
	void (*bytes)(void *data, const void *bytes, size_t size);
	void (*frame)(void *data, const struct frame *frame);
	/* The other half is whole. trailer: of chunks and frames; NULL behind BYTES and no body. */
	void (*end)(void *data, const struct op_head *trailer);
	/*
	 * The exchange is lost, and only this call: the other side hung up (ELOST), broke off, or broke
	 * the framing (EARG …). After its end event the caller's hang-up is not an event, unless our half
	 * is still open. Nothing follows; destroy it in here or later.
	 */
	void (*gone)(void *data, const struct op_refusal *why);
	void (*drained)(void *data);
};

/* Takes the stream over. NULL: no memory; then the stream is destroyed. */
struct exchange *exchange_create(struct stream *stream, enum op_role incoming,
	const struct exchange_events *events, void *data);
/*
 * An exchange whose heads are through already: a program that was handed one. Bodies are frames
 * both ways.
 */
struct exchange *exchange_adopt(struct stream *stream, const struct exchange_events *events,
	void *data);
/* Another listener from now on: who takes an exchange over (serve.h, forward). */
void exchange_listen(struct exchange *exchange, const struct exchange_events *events, void *data);
/*
 * If our half is whole it is still flushed, and what the other side goes on sending is thrown away
 * or stopped; if our half is open the stream is aborted. NULL is fine.
 */
void exchange_destroy(struct exchange *exchange);

/* Our head. What it says of its body rules what may follow. EIO, E2BIG: nothing was sent. */
enum op_code exchange_send_head(struct exchange *exchange, const struct op_head *head,
	struct op_refusal *refusal);
void exchange_send_bytes(struct exchange *exchange, const void *bytes, size_t size);
void exchange_send_frame(struct exchange *exchange, const struct frame *frame);
/* The end of our half, with a trailer (NULL: ok) if the body is chunks or frames. */
void exchange_send_end(struct exchange *exchange, const struct op_head *trailer);

void exchange_pause(struct exchange *exchange, bool paused);
size_t exchange_queued(const struct exchange *exchange);
void exchange_set_class(struct exchange *exchange, enum stream_class class);
/* How our body, or the other's, delimits itself; of heads that are through. */
enum op_body exchange_body_out(const struct exchange *exchange);
enum op_body exchange_body_in(const struct exchange *exchange);
/* Both halves are whole. */
bool exchange_over(const struct exchange *exchange);
/* The socket, after both heads; nothing behind the head it received was read. -1: not a socket's. */
int exchange_take_fd(struct exchange *exchange);

#endif
