/* SPDX-License-Identifier: MIT */
#ifndef BOXD_FETCH_H
#define BOXD_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-server-core.h>

#include "box/perm.h"

/* The bytes of a box of another node, for the boxes of this one: a getmem on behalf of somebody. */

struct caller;
struct fetch;

struct fetcher {
	struct wl_event_loop *loop;
	const struct caller *caller;
};

struct fetch_events {
	void (*bytes)(void *data, const void *bytes, size_t size);
	/* Once, last; OP_OK: all bytes have come. The fetch is freed. */
	void (*ended)(void *data, const struct op_refusal *why);
};

/*
 * device: a where; below it: "/a/b", "/" is itself; version: that it must have, "" any. NULL: no
 * memory.
 */
struct fetch *fetch_create(const struct fetcher *fetcher, const char *device, const char *below,
	const char *version, const struct subject *subject, const struct fetch_events *events, void *data);
void fetch_pause(struct fetch *fetch, bool paused);
/* Before it has ended: no event follows. NULL is fine. */
void fetch_destroy(struct fetch *fetch);

#endif
