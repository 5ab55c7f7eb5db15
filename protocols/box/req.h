/* SPDX-License-Identifier: MIT */
#ifndef BOX_REQ_H
#define BOX_REQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/frame.h"
#include "box/op.h"
#include "box/perm.h"

/*
 * One request, as the box that serves it sees it. A request is answered exactly once, now or later,
 * and may be streamed both ways; whoever carries it (net/serve.c, a test in memory) is behind
 * struct req_carrier, so a box type knows no socket.
 *
 * Its life: the type's handler is called with the request. The handler answers at once, or keeps
 * the pointer and answers from the loop later. The answer is one of
 *
 *     req_fail                              no CODE sentence
 *     req_ok                                ok, no body
 *     req_ok_bytes                          ok, and that body
 *     req_ok_open … req_write/req_frame … req_end or req_end_fail     ok, and a stream
 *     req_hand_over                         ok, and another program goes on with the exchange
 *
 * After req_fail, req_ok, req_ok_bytes, req_end, req_end_fail or req_hand_over the request is no
 * longer the handler's: it must not be touched. If the caller hangs up or breaks off first, gone is
 * called, once, and the request is dead behind that call.
 */

struct box;
struct req;
struct req_carrier;

/*
 * What a box wants to hear of a request. All optional; a request that is kept wants gone. They come
 * from the loop, never from inside one of the functions below.
 */
struct req_events {
	/*
	 * The request's body, in pieces as they came (BYTES, CHUNKS) or frame by frame. A body that
	 * the box's type does not take is refused before the handler is called
	 * (box_type.takes_body).
	 */
	void (*data)(struct req *req, const void *bytes, size_t size);
	void (*frame)(struct req *req, const struct frame *frame);
	/*
	 * As data, but the bytes are in a file, which is not to be kept beyond this call (dup it): only
	 * box_type.lends are given one. The next piece, or the end, comes after req_pause(false).
	 */
	void (*file)(struct req *req, int fd, uint64_t offset, uint64_t size);
	/* The body is whole: its end mark was seen. NULL for requests without a body. */
	void (*end)(struct req *req);
	/* What was written has been taken: queued() is under the mark again. */
	void (*drained)(struct req *req);
	/* The caller hung up, or broke off in the middle of the body. Keep nothing of it. */
	void (*gone)(struct req *req);
};

/* What a type that looks found of a name below its box (box_type.look). */
struct req_found {
	char owner[OP_MAX_SUBJECT + 1];
	char letters[PERM_LETTERS_SIZE]; // the subject's; those that ask are capitals
	char *list; // the name below the box whose list decided; "": the box's own did
	char *rest; // the name, without links on the way
};

struct req {
	const struct op_head *head;
	const struct subject *subject; // on whose behalf
	struct box *box;               // the box found
	bool outside;                  // it comes from another node
	const char *rest;              // the name below box that its type walks; mostly ""
	struct req_found *found;       // of rest; NULL: its box's rights are its rights
	bool looking;                  // the type looks for it
	char given;                    // the letter that somebody gave leave for, to this request; or 0
	const struct req_events *events; // set by the handler before it returns
	void *data;                      // the handler's own

	// for whoever carries it
	const struct req_carrier *carrier;
	struct op_head reply; // req_reply()
	bool answered;        // the reply's head has left
	bool open;            // its body has begun and not ended
	bool over;            // answered whole, or gone: not the handler's any more
	enum op_body body;    // of the reply, when open
	uint64_t left;        // bytes still to be written of a body of OP_BODY_BYTES
};

/*
 * How answers leave. Implemented by net/serve.c, and by tests/unit in memory. None of these calls
 * an event of the request; after end, abort and a hand_over that succeeded the carrier may free it.
 */
struct req_carrier {
	void (*head)(struct req *req, const struct op_head *head); // a body follows if it says so
	/* Of the body: some of BYTES, or one chunk, 1 to OP_MAX_CHUNK bytes. */
	void (*bytes)(struct req *req, const void *bytes, size_t size);
	void (*frame)(struct req *req, const struct frame *frame);
	/*
	 * The body's end and its trailer (ok or not; NULL: ok); or, after a head without a body or
	 * a body of BYTES, nothing more.
	 */
	void (*end)(struct req *req, const struct op_head *trailer);
	void (*abort)(struct req *req); // the body cannot be ended as it was begun
	void (*pause)(struct req *req, bool paused); // no more data/frame events for now
	size_t (*queued)(const struct req *req); // bytes that have not left
	/* NULL: it cannot. */
	int (*hand_over)(struct req *req, struct op_refusal *refusal); // -1: refused
	/* Dups the file. NULL, or false: it takes bytes. */
	bool (*lend)(struct req *req, int fd, uint64_t offset, uint64_t size);
};

/* Queued bytes at which a writer should stop until drained is called. */
#define REQ_HIGH_MARK (256 * 1024)

/* The reply's head, to be filled before the answer. A refusal keeps its fields, but for body. */
struct op_head *req_reply(struct req *req);

void req_fail(struct req *req, enum op_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void req_refuse(struct req *req, const struct op_refusal *refusal);
void req_ok(struct req *req);
void req_ok_bytes(struct req *req, const void *bytes, size_t size);
/* BYTES needs size; then exactly size bytes must be written. */
void req_ok_open(struct req *req, enum op_body body, uint64_t size);
/*
 * false: over the high mark; it was taken all the same, but wait for drained. Writes of any size:
 * chunks are cut here, and a write of 0 bytes is none.
 */
bool req_write(struct req *req, const void *bytes, size_t size);
bool req_frame(struct req *req, const struct frame *frame);
/*
 * In place of all that would be written of a body of chunks: it is in a file. true: that was taken, and
 * req_end is next. false: write it.
 */
bool req_lend(struct req *req, int fd, uint64_t offset, uint64_t size);
/* trailer may be NULL (ok); its fields are sent, e.g. legacy. Not finished here. */
void req_end(struct req *req, const struct op_head *trailer);
/* A body of BYTES has no trailer: it is broken off. */
void req_end_fail(struct req *req, enum op_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The caller breaks the exchange off: for an answer that cannot be ended truly. */
void req_abort(struct req *req);

void req_pause(struct req *req, bool paused);
size_t req_queued(const struct req *req);

/*
 * Sends ok (with what req_reply has) and gives up the exchange's socket, for a program to go on
 * with as its descriptor 3 (base/spawn.h); what the caller has sent behind its head is still in it.
 * The request is over. Closing every copy of the descriptor breaks the exchange off. -1: refusal is
 * set and the request is still the handler's to answer; an exchange that did not come over a unix
 * socket cannot be handed over: EUNSUPP.
 */
int req_hand_over(struct req *req, struct op_refusal *refusal);

/* For carriers. The head and subject must outlive the request. */
void req_init(struct req *req, const struct req_carrier *carrier, const struct op_head *head,
	const struct subject *subject);
/* The caller is lost: tells the handler, if the request is still his, and once. */
void req_gone(struct req *req);
/* What was found is no longer so. */
void req_forget_found(struct req *req);
void req_finish(struct req *req);

#endif
