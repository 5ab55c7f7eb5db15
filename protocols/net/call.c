/* SPDX-License-Identifier: MIT */
/*
 * call.c - one exchange, from the side that asks.
 *
 * Not here: where a name leads (a caller's open decides), and asking again (link.c, and boxd's
 * relay for what may be repeated).
 */
#include "net/call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/stream_unix.h"

struct call {
	struct exchange *exchange; // NULL: it could not begin
	struct wl_event_source *timer; // then: says so
	const struct call_events *events;
	void *data;
	struct op_refusal why; // of the answer, or why it could not begin
};

static void call_free(struct call *call) {
	exchange_destroy(call->exchange);
	if (call->timer) {
		wl_event_source_remove(call->timer);
	}
	free(call);
}

// The call is gone when its listener hears so: it may ask again at once.
static void finish(struct call *call, const struct op_refusal *why, const struct op_head *trailer) {
	const struct call_events *events = call->events;
	void *data = call->data;
	struct op_refusal last = *why;
	call_free(call);
	events->ended(data, &last, trailer);
}

static void handle_head(void *data, const struct op_head *head) {
	struct call *call = data;
	call->why = head->refusal;
	if (call->events->reply) {
		call->events->reply(call->data, head);
	}
}

static void handle_bytes(void *data, const void *bytes, size_t size) {
	struct call *call = data;
	if (call->events->bytes) {
		call->events->bytes(call->data, bytes, size);
	}
}

static void handle_frame(void *data, const struct frame *frame) {
	struct call *call = data;
	if (call->events->frame) {
		call->events->frame(call->data, frame);
	}
}

static void handle_end(void *data, const struct op_head *trailer) {
	struct call *call = data;
	bool refused = call->why.code != OP_OK;
	finish(call, trailer && !refused ? &trailer->refusal : &call->why, trailer);
}

static void handle_gone(void *data, const struct op_refusal *why) {
	finish(data, why, NULL);
}

static void handle_drained(void *data) {
	struct call *call = data;
	if (call->events->drained) {
		call->events->drained(call->data);
	}
}

static const struct exchange_events exchange_events = {
	.head = handle_head,
	.bytes = handle_bytes,
	.frame = handle_frame,
	.end = handle_end,
	.gone = handle_gone,
	.drained = handle_drained,
};

static int handle_timer(void *data) {
	struct call *call = data;
	finish(call, &call->why, NULL);
	return 0;
}

static bool begin(struct call *call, const struct caller *caller, const struct op_head *head,
		const struct subject *subject) {
	struct op_head own;
	struct stream *stream = NULL;
	op_refuse(&call->why, OP_EIO, "out of memory");
	if (op_head_copy(&own, head)) {
		stream = caller->open(caller->data, &own, subject, &call->why);
	}
	if (stream) {
		op_refuse(&call->why, OP_EIO, "out of memory");
		call->exchange = exchange_create(stream, OP_REPLY, &exchange_events, call);
	}
	bool sent = call->exchange && exchange_send_head(call->exchange, &own, &call->why) == OP_OK;
	op_head_finish(&own);
	return sent;
}

struct call *call_create(struct wl_event_loop *loop, const struct caller *caller,
		const struct op_head *head, const struct subject *subject,
		const struct call_events *events, void *data) {
	struct call *call = calloc(1, sizeof(*call));
	if (!call) {
		return NULL;
	}
	call->events = events;
	call->data = data;
	if (begin(call, caller, head, subject)) {
		return call;
	}
	exchange_destroy(call->exchange);
	call->exchange = NULL;
	// A timer and not an idle source: those run before the loop sleeps, so who waits for an
	// event by wl_event_loop_dispatch(loop, -1) would hear this and sleep on.
	call->timer = wl_event_loop_add_timer(loop, handle_timer, call);
	if (!call->timer || wl_event_source_timer_update(call->timer, 1) < 0) {
		call_free(call);
		return NULL;
	}
	return call;
}

void call_destroy(struct call *call) {
	if (call) {
		call_free(call);
	}
}

void call_send_bytes(struct call *call, const void *bytes, size_t size) {
	if (call->exchange) {
		exchange_send_bytes(call->exchange, bytes, size);
	}
}

void call_send_frame(struct call *call, const struct frame *frame) {
	if (call->exchange) {
		exchange_send_frame(call->exchange, frame);
	}
}

void call_send_end(struct call *call) {
	if (call->exchange) {
		exchange_send_end(call->exchange, NULL);
	}
}

void call_break_off(struct call *call, const struct op_refusal *why) {
	struct op_head trailer;
	if (!call->exchange) {
		return;
	}
	op_head_init_reply(&trailer);
	trailer.refusal = *why;
	exchange_send_end(call->exchange, &trailer);
	op_head_finish(&trailer);
}

void call_pause(struct call *call, bool paused) {
	if (call->exchange) {
		exchange_pause(call->exchange, paused);
	}
}

size_t call_queued(const struct call *call) {
	return call->exchange ? exchange_queued(call->exchange) : 0;
}

void call_set_class(struct call *call, enum stream_class class) {
	if (call->exchange) {
		exchange_set_class(call->exchange, class);
	}
}

bool call_path(const struct call *call, struct stream_path *path) {
	return call->exchange && exchange_path(call->exchange, path);
}

int call_take_fd(struct call *call) {
	int fd = -1;
	errno = EBUSY;
	if (call->exchange && (fd = exchange_take_fd(call->exchange)) >= 0) {
		call_free(call);
	}
	return fd;
}

static struct stream *caller_unix_open(void *data, struct op_head *head,
		const struct subject *subject, struct op_refusal *refusal) {
	struct caller_unix *caller = data;
	char as[130];
	const char *ns = getenv("BOX_NS");
	if (subject) {
		op_set(head, OP_F_AS, subject_print(subject, as));
	}
	if (ns && *ns && !op_has(head, OP_F_NS)) {
		op_set(head, OP_F_NS, ns);
	}
	struct stream *stream = stream_unix_connect(caller->loop, caller->path);
	if (stream && !caller->hands_over) {
		stream_unix_read_ahead(stream);
	}
	if (!stream && (errno == ENOENT || errno == ECONNREFUSED)) {
		op_refuse(refusal, OP_EUNREACH,
			"nobody answers at %s: start boxd (systemctl --user start boxd; without systemd, "
			"boxd &)", caller->path);
	} else if (!stream) {
		op_refuse(refusal, OP_EUNREACH, "cannot reach boxd at %s: %s", caller->path,
			strerror(errno));
	}
	return stream;
}

void caller_unix_init(struct caller_unix *caller, struct wl_event_loop *loop, const char *path) {
	*caller = (struct caller_unix){
		.caller = {.open = caller_unix_open, .data = caller},
		.loop = loop,
		.path = path,
	};
}

const char *op_socket_path(char out[static 108]) {
	const char *path = getenv("BOX_OP"), *dir = getenv("XDG_RUNTIME_DIR");
	bool given = path && *path;
	if (!given && (!dir || !*dir)) {
		errno = ENOENT;
		return NULL;
	}
	int size = snprintf(out, 108, "%s%s", given ? path : dir, given ? "" : "/boxland/op");
	if (size < 0 || size >= 108) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return out;
}
