/* SPDX-License-Identifier: MIT */
#ifndef STREAM_CAST_H
#define STREAM_CAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One view of one window: its own scene and private output, its frames handed to one boxcast by
 * box_cast_v1, and what the viewer wants handed to whoever made the cast. Knows no Op: what comes
 * from the viewer is bytes here.
 */

struct cast;
struct casts;
struct server;
struct snapshot;
struct toplevel;

struct cast_events {
	/* Input records (box-cast-v1, request input); the end of a call is the end of a group. */
	void (*input)(void *data, const void *records, size_t size);
	void (*keymap)(void *data, const char *text); // xkb, text v1
	void (*modifiers)(void *data, uint32_t depressed, uint32_t latched, uint32_t locked,
		uint32_t group);
	void (*repeat)(void *data, int32_t rate, int32_t delay);
	void (*size)(void *data, int32_t width, int32_t height);
	void (*focus)(void *data, bool focused);
	void (*visible)(void *data, bool visible);
	void (*close)(void *data);
	void (*stats)(void *data, const char *text);
	/*
	 * boxcast is gone: in order (the viewer let go, or we did, or trying again is of no use), or not,
	 * and then why says what happened, for a person. Once, last; the cast is freed behind it.
	 */
	void (*ended)(void *data, bool in_order, const char *why);
};

/* The protocol box_cast_v1, seen by the boxcasts alone. NULL: no memory. */
struct casts *casts_create(struct server *server);
/* The desktop ends: each viewer is told so, for as long as that takes, within a second. NULL is fine. */
void casts_end(struct casts *casts);
void casts_destroy(struct casts *casts); // no cast is left. NULL is fine

/*
 * Starts a boxcast with exchange_fd, which is taken over, also on failure. The cast ends by itself
 * when its toplevel does. NULL: no boxcast, or no memory; logged.
 */
struct cast *cast_create(struct casts *casts, struct toplevel *toplevel, int exchange_fd,
	const struct cast_events *events, void *data);
/* The link is gone: boxcast is told to end in order, and ended if it does not. No event follows. */
void cast_destroy(struct cast *cast);
/* The application holds the pointer, or let go. */
void cast_set_lock(struct cast *cast, bool locked);

/*
 * The captures that boxcast got last, kept for a while if the configuration asks for it (frame-ring
 * N): the one of exactly that time, NULL if it is not (or no longer) there. Borrowed until the loop
 * goes on.
 */
const struct snapshot *cast_captured(struct cast *cast, int64_t capture_ns);

#endif
