/* SPDX-License-Identifier: MIT */
/*
 * direct.c - a getmem and a putmem of this very process joined: the file that the one lends is given to
 * the other, piece by piece.
 *
 * How a piece is copied is the target's (boxes/fs_put.c). Which boxes are meant was found before; what is
 * no file goes by mover.c.
 */
#include "direct.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moving.h"

#define PIECE (64 * 1024 * 1024) // given at once: as long as that takes, a copy goes on that was given up

struct half {
	struct direct *direct;
	struct op_head head;
	struct req req;
	bool begun, over;      // req is initialised; it is answered whole
	struct op_refusal why; // then: how
};

struct direct {
	struct wl_event_loop *loop;
	struct wl_event_source *soon; // goes on, once nothing of the two is on the stack
	struct box_tree *tree;
	struct subject subject;
	const struct direct_events *events;
	struct moving moving;
	char *target, *type; // type: NULL: as the source says
	struct half from, to;
	int fd; // lent by the source; -1: not yet
	uint64_t offset, left; // of it, to be given
	bool unfit, paused, all_given;
};

static void half_finish(struct half *half) {
	if (half->begun) {
		req_gone(&half->req);
		req_finish(&half->req);
		op_head_finish(&half->head);
	}
}

void direct_destroy(struct direct *direct) {
	if (direct) {
		half_finish(&direct->from);
		half_finish(&direct->to);
		if (direct->soon) {
			wl_event_source_remove(direct->soon);
		}
		if (direct->fd >= 0) {
			close(direct->fd);
		}
		free(direct->target);
		free(direct->type);
		free(direct);
	}
}

static void handle_soon(void *data);

static void go_on_soon(struct direct *direct) {
	if (!direct->soon) {
		direct->soon = wl_event_loop_add_idle(direct->loop, handle_soon, direct);
	}
}

/* What the two answer. */

static struct half *half_of(const struct req *req) {
	struct half *half = wl_container_of(req, half, req);
	return half;
}

static void end_half(struct half *half, const struct op_refusal *why) {
	half->over = true;
	half->why = *why;
	go_on_soon(half->direct);
}

static void carrier_head(struct req *req, const struct op_head *head) {
	half_of(req)->why = head->refusal;
}

// It lends nothing: all of it comes again, by the other way.
static void carrier_bytes(struct req *req, const void *bytes, size_t size) {
	struct direct *direct = half_of(req)->direct;
	direct->unfit = true;
	go_on_soon(direct);
}

static void carrier_frame(struct req *req, const struct frame *frame) {
	carrier_bytes(req, NULL, 0);
}

static void carrier_end(struct req *req, const struct op_head *trailer) {
	struct half *half = half_of(req);
	end_half(half, trailer ? &trailer->refusal : &half->why);
}

static void carrier_abort(struct req *req) {
	const struct op_refusal why = {.code = OP_EIO, .sentence = "the answer was broken off"};
	end_half(half_of(req), &why);
}

static void carrier_pause(struct req *req, bool paused) {
	struct direct *direct = half_of(req)->direct;
	direct->paused = paused;
	if (!paused) {
		go_on_soon(direct);
	}
}

static size_t carrier_queued(const struct req *req) {
	return 0;
}

static bool carrier_lend(struct req *req, int fd, uint64_t offset, uint64_t size) {
	struct direct *direct = half_of(req)->direct;
	assert(direct->fd < 0);
	direct->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	direct->offset = offset;
	direct->left = size;
	return direct->fd >= 0;
}

static const struct req_carrier carrier = {
	.head = carrier_head,
	.bytes = carrier_bytes,
	.frame = carrier_frame,
	.end = carrier_end,
	.abort = carrier_abort,
	.pause = carrier_pause,
	.queued = carrier_queued,
	.lend = carrier_lend,
};

static void half_begin(struct half *half, struct direct *direct) {
	half->direct = direct;
	half->begun = true;
	req_init(&half->req, &carrier, &half->head, &direct->subject);
	box_serve(direct->tree, &half->req);
}

/* What is to be done next. */

static void finish(struct direct *direct, const struct op_refusal *why) {
	const struct direct_events *events = direct->events;
	void *data = direct->moving.data;
	struct op_refusal last = *why;
	direct_destroy(direct);
	events->mover->moved(data, &last, NULL);
}

static void give_up(struct direct *direct) {
	const struct direct_events *events = direct->events;
	void *data = direct->moving.data;
	direct_destroy(direct);
	events->unfit(data);
}

static bool is_in_no_file(const char *type) {
	size_t size = type ? strcspn(type, "!") : 0;
	return size == 3 && (memcmp(type, "dir", size) == 0 || memcmp(type, "tar", size) == 0);
}

static void begin_target(struct direct *direct) {
	const struct op_head *reply = req_reply(&direct->from.req);
	const char *said = op_get(reply, OP_F_TYPE), *type = direct->type ? direct->type : said;
	struct op_refusal why;
	if (is_in_no_file(said) || is_in_no_file(type) || direct->fd < 0) {
		give_up(direct);
		return;
	}
	if (!moving_begin(&direct->moving, reply, &why)) {
		finish(direct, &why);
		return;
	}
	op_head_init_request(&direct->to.head, OP_PUTMEM);
	op_set(&direct->to.head, OP_F_NAME, direct->target);
	if (type) {
		op_set(&direct->to.head, OP_F_TYPE, type);
	}
	op_set_body(&direct->to.head, OP_BODY_CHUNKS, 0);
	half_begin(&direct->to, direct);
	go_on_soon(direct);
	direct->events->mover->moving(direct->moving.data, 0);
}

// The one before was taken.
static void give_piece(struct direct *direct) {
	struct req *req = &direct->to.req;
	uint64_t size = direct->left < PIECE ? direct->left : PIECE, offset = direct->offset;
	if (!req->events->file) {
		give_up(direct);
		return;
	}
	direct->paused = true;
	direct->offset += size;
	direct->left -= size;
	if (direct->moving.done > 0) {
		moving_tell(&direct->moving, false);
	}
	direct->moving.done += size;
	req->events->file(req, direct->fd, offset, size);
}

static void handle_soon(void *data) {
	struct direct *direct = data;
	struct half *from = &direct->from, *to = &direct->to;
	struct op_refusal early;
	direct->soon = NULL;
	if (direct->unfit) {
		give_up(direct);
	} else if (from->over && !to->begun) {
		const char *said = op_get(req_reply(&from->req), OP_F_TYPE);
		if (from->why.code == OP_OK || (from->why.code == OP_ETYPE && is_in_no_file(said))) {
			begin_target(direct);
		} else {
			finish(direct, &from->why);
		}
	} else if (to->over) {
		finish(direct, moving_end(&direct->moving, direct->all_given, &to->why, &early));
	} else if (to->begun && !direct->paused && to->req.events && !direct->all_given) {
		if (direct->left > 0) {
			give_piece(direct);
		} else {
			direct->all_given = true;
			to->req.events->end(&to->req);
		}
	}
}

bool direct_fits(struct box_tree *tree, const char *source, const char *type, const char *target) {
	const char *rest;
	return !is_in_no_file(type) && box_find(tree, source, &rest)->type->lends &&
		box_find(tree, target, &rest)->type->lends;
}

struct direct *direct_create(struct wl_event_loop *loop, struct box_tree *tree,
		const struct subject *subject, const char *source, const char *type, const char *target,
		const struct direct_events *events, void *data) {
	struct direct *direct = calloc(1, sizeof(*direct));
	if (!direct) {
		return NULL;
	}
	direct->loop = loop;
	direct->tree = tree;
	direct->subject = *subject;
	direct->events = events;
	direct->moving = (struct moving){.events = events->mover, .data = data};
	direct->fd = -1;
	direct->target = strdup(target);
	direct->type = type ? strdup(type) : NULL;
	if (!direct->target || (type && !direct->type)) {
		direct_destroy(direct);
		return NULL;
	}
	op_head_init_request(&direct->from.head, OP_GETMEM);
	op_set(&direct->from.head, OP_F_NAME, source);
	half_begin(&direct->from, direct);
	return direct;
}
