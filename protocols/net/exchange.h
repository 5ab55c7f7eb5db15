/* SPDX-License-Identifier: MIT */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "box/op.h"
#include "net/stream.h"

/*
 * One exchange, at either end: a head and its body out, a head and its body in. Both halves are
 * alike but for the first line, run independently once the heads are through, and delimit
 * themselves; a half that stops early is an abort. serve.c and call.c give it its meaning.
 */

struct exchange;

/* All optional: what nobody listens to is read and dropped. */
struct exchange_events {
	/* The other side's head; its body, if it has one, follows. */
	void (*head)(void *data, const struct op_head *head);
	/* Bytes of a BYTES body, or of chunks (pieces as they come, chunk bounds are not kept). */
	void (*bytes)(void *data, const void *bytes, size_t size);
	void (*frame)(void *data, const struct frame *frame);
	/*
	 * The other half is whole. trailer: of chunks and frames; NULL behind BYTES and no body.
	 * Behind the last of BYTES it comes at once, also when paused in between.
	 */
	void (*end)(void *data, const struct op_head *trailer);
	/*
	 * The exchange is lost, and only this call: the other side hung up (ELOST), broke off, or
	 * broke the framing (EARG …). After its end event the caller's hang-up is not an event,
	 * unless our half is still open. A request that breaks the framing before it has a reply is
	 * refused by the exchange itself; a request's body that ends with the trailer `no` is
	 * broken off, with that code. Nothing follows; what is sent from now on is dropped. Destroy
	 * it in here or later.
	 */
	void (*gone)(void *data, const struct op_refusal *why);
	/* The queue is empty after it was so long that a writer should have stopped. */
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
 * or stopped; if our half is open the stream is aborted, and so it is if we asked and have not the
 * whole answer. NULL is fine.
 */
void exchange_destroy(struct exchange *exchange);
/*
 * Who serves bounds what others make him hold: he is asked before so many bytes more are kept of a large
 * thing that is not whole yet. false: no room, the exchange is lost with EQUOTA.
 */
void exchange_set_room(struct exchange *exchange, bool (*room)(void *data, size_t more),
	void *data);
/* Bytes that are kept so. */
size_t exchange_held(const struct exchange *exchange);
/* Breaks it off from outside: its listener hears gone, at once, with this reason. */
void exchange_cut(struct exchange *exchange, enum op_code code, const char *sentence);
/* The listener is called, data: the exchange, when it is destroyed, whoever owns it then. */
void exchange_add_destroy_listener(struct exchange *exchange, struct wl_listener *listener);

/*
 * Our head. What it says of its body rules what may follow: nothing, and our half is whole, if it
 * says none. EIO, E2BIG, ELOST: nothing was sent.
 */
enum op_code exchange_send_head(struct exchange *exchange, const struct op_head *head,
	struct op_refusal *refusal);
/* Of BYTES our half is whole with the last byte; of chunks never more than fit, however many. */
void exchange_send_bytes(struct exchange *exchange, const void *bytes, size_t size);
void exchange_send_frame(struct exchange *exchange, const struct frame *frame);
/* The end of our half, with a trailer (NULL: ok) if the body is chunks or frames; else nothing. */
void exchange_send_end(struct exchange *exchange, const struct op_head *trailer);

/* Bytes and frames stop for now. A pause in the head event leaves the whole body in the socket. */
void exchange_pause(struct exchange *exchange, bool paused);
size_t exchange_queued(const struct exchange *exchange);
void exchange_set_class(struct exchange *exchange, enum stream_class class);
/* The network it goes by; false: none, or none yet. */
bool exchange_path(const struct exchange *exchange, struct stream_path *path);
/* How our body, or the other's, delimits itself; of heads that are through. */
enum op_body exchange_body_out(const struct exchange *exchange);
enum op_body exchange_body_in(const struct exchange *exchange);
/*
 * In gone: what the trailer said with which the request's body was broken off, to be passed on. NULL: it
 * is gone for another reason.
 */
const struct op_refusal *exchange_broken_by(const struct exchange *exchange);
/* The other half is whole; both halves are. */
bool exchange_heard(const struct exchange *exchange);
bool exchange_over(const struct exchange *exchange);
/*
 * The socket, in blocking mode, from the head event on; nothing behind the head it received was
 * read, all that was sent has left. What remains is to destroy the exchange. -1: not a socket's, or
 * part of the body was read; then nothing has changed.
 */
int exchange_take_fd(struct exchange *exchange);

#endif
