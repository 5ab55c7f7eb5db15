/* SPDX-License-Identifier: MIT */
/*
 * served.c - one exchange that is served: what its box answers, what its caller sends on, and how it
 * ends; it may be handed to another program. How it begins, and who may, is serve.c's.
 */
#include "net/serve_impl.h"

#include <stdlib.h>
#include <sys/socket.h>

#define LOG_MODULE "serve"
#include "base/log.h"
#include "net/exchange_impl.h"

void served_destroy(struct served *served) {
	wl_list_remove(&served->link);
	wl_list_remove(&served->exchange_destroy.link);
	if (served->idle) {
		wl_event_source_remove(served->idle);
	}
	if (served->resume) {
		wl_event_source_remove(served->resume);
	}
	if (served->begun) {
		req_finish(&served->req);
		op_head_finish(&served->head);
	}
	exchange_destroy(served->exchange);
	free(served);
}

// Whoever took it over has ended it.
void served_handle_exchange_destroy(struct wl_listener *listener, void *data) {
	struct served *served = wl_container_of(listener, served, exchange_destroy);
	served->exchange = NULL;
	served_destroy(served);
}

void served_tell_gone(struct served *served) {
	if (served->asked) {
		served->asked = false;
		req_gone(&served->req);
	}
}

void served_refuse(struct exchange *exchange, const struct op_refusal *why) {
	struct op_head reply;
	op_head_init_reply(&reply);
	reply.refusal = *why;
	exchange_send_head(exchange, &reply, NULL);
	op_head_finish(&reply);
}

// Told why, where the answer can still say it.
static void end_barred(struct served *served) {
	struct op_head trailer;
	op_head_init_reply(&trailer);
	op_refuse(&trailer.refusal, OP_EPERM, "%s may not %s %.150s any more", served->subject.person,
		op_verb_name(served->head.verb), op_get(&served->head, OP_F_NAME));
	enum op_body body = served->req.body;
	if (!served->req.answered) {
		served_refuse(served->exchange, &trailer.refusal);
	} else if (served->req.open && (body == OP_BODY_CHUNKS || body == OP_BODY_FRAMES)) {
		exchange_send_end(served->exchange, &trailer);
	}
	op_head_finish(&trailer);
}

static void handle_idle(void *data) {
	struct served *served = data;
	served->idle = NULL;
	if (served->barred && served->asked) {
		end_barred(served);
	} else if (served->dropped && served->exchange) {
		// The listener, we or who took it over, hears gone and destroys it.
		exchange_cut(served->exchange, OP_EPERM, "the caller is not known here any more");
		return;
	}
	served_tell_gone(served);
	served_destroy(served);
}

void served_destroy_soon(struct served *served) {
	if (!served->idle) {
		served->idle = wl_event_loop_add_idle(served->server->loop, handle_idle, served);
	}
}

static struct served *served_from(const struct req *req) {
	struct served *served = wl_container_of(req, served, req);
	return served;
}

static void carrier_head(struct req *req, const struct op_head *head) {
	struct served *served = served_from(req);
	struct op_refusal why;
	if (served->asked && exchange_send_head(served->exchange, head, &why) != OP_OK) {
		served_refuse(served->exchange, &why); // the answer is over a limit, or there is no memory
		served->failed = true;
		served_destroy_soon(served); // a handler that goes on writing hears gone
	}
}

static void carrier_bytes(struct req *req, const void *bytes, size_t size) {
	struct served *served = served_from(req);
	if (served->asked && !served->failed) {
		exchange_send_bytes(served->exchange, bytes, size);
	}
}

static void carrier_frame(struct req *req, const struct frame *frame) {
	struct served *served = served_from(req);
	if (served->asked && !served->failed) {
		exchange_send_frame(served->exchange, frame);
	}
}

static void carrier_end(struct req *req, const struct op_head *trailer) {
	struct served *served = served_from(req);
	if (served->asked) {
		exchange_send_end(served->exchange, trailer);
		served->asked = false;
		served_destroy_soon(served);
	}
}

static void carrier_abort(struct req *req) {
	struct served *served = served_from(req);
	served->asked = false;
	served_destroy_soon(served); // its half is open, so this breaks it off
}

static void tell_end(struct served *served) {
	if (served->asked && served->req.events && served->req.events->end) {
		served->end_due = false;
		served->req.events->end(&served->req);
	}
}

static void handle_resume(void *data) {
	struct served *served = data;
	served->resume = NULL;
	tell_end(served);
}

static void carrier_pause(struct req *req, bool paused) {
	struct served *served = served_from(req);
	if (!served->asked) {
		return;
	}
	exchange_pause(served->exchange, paused);
	// A body of no bytes was whole while leave was waited for.
	if (!paused && served->end_due && !served->resume) {
		served->resume = wl_event_loop_add_idle(served->server->loop, handle_resume, served);
	}
}

static size_t carrier_queued(const struct req *req) {
	const struct served *served = served_from(req);
	return served->asked ? exchange_queued(served->exchange) : 0;
}

// The whole head, by a socket that nothing of ours is queued for.
static bool send_ok(int fd, const struct op_head *head, struct op_refusal *refusal) {
	struct buf lines;
	buf_init(&lines);
	bool sent = op_encode(head, &lines, refusal) == OP_OK;
	if (sent && send(fd, buf_front(&lines), lines.size, MSG_NOSIGNAL | MSG_DONTWAIT) !=
			(ssize_t)lines.size) {
		op_refuse(refusal, OP_ELOST, "the caller takes no answer");
		sent = false;
	}
	buf_finish(&lines);
	return sent;
}

static int carrier_hand_over(struct req *req, struct op_refusal *refusal) {
	struct served *served = served_from(req);
	int fd = served->asked ? exchange_take_fd(served->exchange) : -1;
	if (fd < 0) {
		op_refuse(refusal, OP_EUNSUPP, "this exchange cannot be handed to a program: it "
			"came over no socket, or part of its body was read");
		return -1;
	}
	served->asked = false;
	served_destroy_soon(served);
	struct op_refusal why;
	if (send_ok(fd, req_reply(req), &why)) {
		exchange_trace(req_reply(req));
	} else {
		log_debug("an exchange was handed over for nothing: %s", why.sentence);
		shutdown(fd, SHUT_RDWR); // whoever goes on with it finds it closed
	}
	return fd;
}

const struct req_carrier served_carrier = {
	.head = carrier_head,
	.bytes = carrier_bytes,
	.frame = carrier_frame,
	.end = carrier_end,
	.abort = carrier_abort,
	.pause = carrier_pause,
	.queued = carrier_queued,
	.hand_over = carrier_hand_over,
};

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct served *served = data;
	if (served->asked && served->req.events && served->req.events->data) {
		served->req.events->data(&served->req, bytes, size);
	}
}

static void handle_frame(void *data, const struct frame *frame) {
	struct served *served = data;
	if (served->asked && served->req.events && served->req.events->frame) {
		served->req.events->frame(&served->req, frame);
	}
}

void served_handle_end(void *data, const struct op_head *trailer) {
	struct served *served = data;
	served->end_due = exchange_body_in(served->exchange) != OP_BODY_NONE;
	if (served->end_due) {
		tell_end(served);
	}
}

static void handle_drained(void *data) {
	struct served *served = data;
	if (served->asked && served->req.events && served->req.events->drained) {
		served->req.events->drained(&served->req);
	}
}

static void handle_gone(void *data, const struct op_refusal *why) {
	struct served *served = data;
	log_debug("gone: %s %s", op_code_name(why->code), why->sentence);
	served_tell_gone(served);
	served_destroy(served);
}

const struct exchange_events served_events = {
	.head = served_handle_head,
	.bytes = handle_bytes,
	.frame = handle_frame,
	.end = served_handle_end,
	.gone = handle_gone,
	.drained = handle_drained,
};
