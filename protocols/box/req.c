/* SPDX-License-Identifier: MIT */
/*
 * req.c - one request and its answer: that it is answered once, and in order. What leaves, leaves
 * by the carrier; what is answered is the box's.
 */
#include "box/req.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void req_init(struct req *req, const struct req_carrier *carrier, const struct op_head *head,
		const struct subject *subject) {
	*req = (struct req){
		.head = head,
		.subject = subject,
		.rest = "",
		.carrier = carrier,
	};
	op_head_init_reply(&req->reply);
}

void req_forget_found(struct req *req) {
	if (req->found) {
		free(req->found->list);
		free(req->found->rest);
		free(req->found);
		req->found = NULL;
	}
}

void req_finish(struct req *req) {
	req_forget_found(req);
	op_head_finish(&req->reply);
}

void req_gone(struct req *req) {
	if (!req->over) {
		req->over = true;
		req->open = false;
		if (req->events && req->events->gone) {
			req->events->gone(req);
		}
	}
}

struct op_head *req_reply(struct req *req) {
	return &req->reply;
}

// The head of an answer. From here on a second one is our bug.
static void send_head(struct req *req, enum op_body body, uint64_t size) {
	assert(!req->answered && !req->over);
	req->answered = true;
	op_set_body(&req->reply, body, size);
	req->carrier->head(req, &req->reply);
}

// The last thing done with a request: the carrier may free it.
static void send_end(struct req *req, const struct op_head *trailer) {
	req->open = false;
	req->over = true;
	req->carrier->end(req, trailer);
}

void req_refuse(struct req *req, const struct op_refusal *refusal) {
	assert(refusal->code != OP_OK);
	req->reply.refusal = *refusal;
	send_head(req, OP_BODY_NONE, 0);
	send_end(req, NULL);
}

static void refusal_vprintf(struct op_refusal *refusal, enum op_code code, const char *fmt,
		va_list args) {
	char sentence[2 * sizeof(refusal->sentence)];
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	op_refuse(refusal, code, "%s", sentence);
}

void req_fail(struct req *req, enum op_code code, const char *fmt, ...) {
	struct op_refusal refusal;
	va_list args;
	va_start(args, fmt);
	refusal_vprintf(&refusal, code, fmt, args);
	va_end(args);
	req_refuse(req, &refusal);
}

void req_ok(struct req *req) {
	send_head(req, OP_BODY_NONE, 0);
	send_end(req, NULL);
}

void req_ok_bytes(struct req *req, const void *bytes, size_t size) {
	send_head(req, OP_BODY_BYTES, size);
	if (size > 0) {
		req->carrier->bytes(req, bytes, size);
	}
	send_end(req, NULL);
}

void req_ok_open(struct req *req, enum op_body body, uint64_t size) {
	assert(body != OP_BODY_NONE);
	req->body = body;
	req->left = body == OP_BODY_BYTES ? size : 0;
	req->open = true;
	send_head(req, body, size);
}

static bool under_mark(const struct req *req) {
	return req_queued(req) <= REQ_HIGH_MARK;
}

bool req_write(struct req *req, const void *bytes, size_t size) {
	assert(req->open && req->body != OP_BODY_FRAMES);
	if (req->body == OP_BODY_BYTES) {
		assert(size <= req->left);
		req->left -= size;
	}
	const uint8_t *at = bytes;
	while (size > 0) {
		size_t piece = size < OP_MAX_CHUNK ? size : OP_MAX_CHUNK;
		req->carrier->bytes(req, at, piece);
		at += piece;
		size -= piece;
	}
	return under_mark(req);
}

bool req_frame(struct req *req, const struct frame *frame) {
	assert(req->open && req->body == OP_BODY_FRAMES);
	assert(frame->kind != FRAME_END && frame->size <= OP_MAX_FRAME);
	req->carrier->frame(req, frame);
	return under_mark(req);
}

bool req_lend(struct req *req, int fd, uint64_t offset, uint64_t size) {
	assert(req->open && req->body == OP_BODY_CHUNKS);
	return req->carrier->lend && req->carrier->lend(req, fd, offset, size);
}

void req_end(struct req *req, const struct op_head *trailer) {
	assert(req->open && req->left == 0);
	assert(!trailer || req->body != OP_BODY_BYTES); // it would be lost
	send_end(req, trailer);
}

void req_end_fail(struct req *req, enum op_code code, const char *fmt, ...) {
	assert(req->open && code != OP_OK);
	if (req->body == OP_BODY_BYTES) {
		req_abort(req);
		return;
	}
	struct op_head trailer;
	op_head_init_reply(&trailer);
	va_list args;
	va_start(args, fmt);
	refusal_vprintf(&trailer.refusal, code, fmt, args);
	va_end(args);
	send_end(req, &trailer);
	op_head_finish(&trailer);
}

void req_abort(struct req *req) {
	assert(!req->over);
	req->open = false;
	req->over = true;
	req->carrier->abort(req);
}

void req_pause(struct req *req, bool paused) {
	assert(!req->over);
	req->carrier->pause(req, paused);
}

size_t req_queued(const struct req *req) {
	return req->carrier->queued(req);
}

int req_hand_over(struct req *req, struct op_refusal *refusal) {
	assert(!req->answered && !req->over);
	if (!req->carrier->hand_over) {
		op_refuse(refusal, OP_EUNSUPP, "this exchange cannot be handed to a program");
		return -1;
	}
	req->answered = req->over = true;
	int fd = req->carrier->hand_over(req, refusal);
	if (fd < 0) {
		req->answered = req->over = false;
	}
	return fd;
}
