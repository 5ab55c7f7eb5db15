/* SPDX-License-Identifier: MIT */
/*
 * null.c - /null: takes anything, gives nothing. What an io that goes nowhere is linked to.
 */
#include "boxes/env.h"

static void null_getmem(struct box *box, struct req *req) {
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	req_ok_bytes(req, "", 0);
}

static void null_data(struct req *req, const void *bytes, size_t size) {
}

static void null_frame(struct req *req, const struct frame *frame) {
}

static void null_end(struct req *req) {
	if (req->answered) {
		req_end(req, NULL);
	} else {
		req_ok(req);
	}
}

static void null_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = null_data,
		.frame = null_frame,
		.end = null_end,
	};
	req->events = &events;
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_ok_open(req, OP_BODY_CHUNKS, 0); // who links it writes as soon as it is answered
	}
}

static const struct box_type null_type = {
	.name = "null",
	.fn = {[OP_GETMEM] = null_getmem, [OP_PUTMEM] = null_putmem},
	.takes_body = 1 << OP_PUTMEM,
};

static bool null_init(struct box_env *env) {
	return box_create(box_tree_root(env->tree), "null", &null_type, "*", NULL);
}

const struct boxd_type boxd_type_null = {.init = null_init};
