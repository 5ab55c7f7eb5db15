/* SPDX-License-Identifier: MIT */
#ifndef NET_CALL_H
#define NET_CALL_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "box/op.h"
#include "box/perm.h"
#include "net/exchange.h"

/*
 * The asking side of one exchange. A call takes a subject and has no default: a program that asks
 * for itself says so (subject NULL), one that asks because somebody asked it says for whom.
 */

struct call;

/* All optional but ended. */
struct call_events {
	/*
	 * Answered: ok or no, in reply->refusal. After no, and after ok without a body, ended
	 * follows.
	 */
	void (*reply)(void *data, const struct op_head *reply);
	void (*bytes)(void *data, const void *bytes, size_t size);
	void (*frame)(void *data, const struct frame *frame);
	/*
	 * Over: once, always, last; the call is freed before it. why->code is OP_OK if the answer
	 * was ok and whole (trailer ok or none); else what was refused, what the trailer said, or
	 * ELOST, EUNREACH. trailer may be NULL. A request's body that was still going out is cut.
	 */
	void (*ended)(void *data, const struct op_refusal *why, const struct op_head *trailer);
	void (*drained)(void *data);
};

/*
 * How a call reaches who answers. `open` makes a stream to where the name in head leads, and may
 * rewrite the head for the way (boxd's route); NULL with refusal set if there is no way.
 */
struct caller {
	struct stream *(*open)(void *data, struct op_head *head, const struct subject *subject,
		struct op_refusal *refusal);
	void *data;
};

/*
 * Calls a server on a unix socket: adds `as` for a subject, and `ns` from $BOX_NS. path is not copied. Its open refuses
 * with EUNREACH and a sentence that names the path and what to start.
 */
struct caller_unix {
	struct caller caller;
	struct wl_event_loop *loop;
	const char *path;
	bool hands_over; // call_take_fd is for its calls; false unless set
};
void caller_unix_init(struct caller_unix *caller, struct wl_event_loop *loop, const char *path);

/*
 * Asks. The head is copied. The events come from the loop, never from inside this function: a call
 * that cannot even begin says so in its ended event. NULL: no memory only.
 */
struct call *call_create(struct wl_event_loop *loop, const struct caller *caller,
	const struct op_head *head, const struct subject *subject, const struct call_events *events,
	void *data);
/* Hangs up, if it is not over: no event follows. NULL is fine. */
void call_destroy(struct call *call);

/* The request's body. What is sent when there is nobody any more to send it to is dropped. */
void call_send_bytes(struct call *call, const void *bytes, size_t size);
void call_send_frame(struct call *call, const struct frame *frame);
void call_send_end(struct call *call);
/* Its end, if it is chunks or frames that will not be whole: who takes it hears gone, and why. */
void call_break_off(struct call *call, const struct op_refusal *why);
void call_pause(struct call *call, bool paused);
size_t call_queued(const struct call *call);
/* A large body: STREAM_BULK. */
void call_set_class(struct call *call, enum stream_class class);
/* See exchange_path. */
bool call_path(const struct call *call, struct stream_path *path);
/*
 * After an ok, of which no body was read: the socket, in blocking mode, for another program to go
 * on with; the call is freed, no event follows. -1 and errno: not a socket's; the call goes on.
 */
int call_take_fd(struct call *call);

/*
 * Where this user's boxd listens: $BOX_OP, else $XDG_RUNTIME_DIR/boxland/op. Returns out; NULL and
 * errno ENOENT if neither is set, ENAMETOOLONG.
 */
const char *op_socket_path(char out[static 108]);

#endif
