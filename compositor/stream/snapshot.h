/* SPDX-License-Identifier: MIT */
#ifndef STREAM_SNAPSHOT_H
#define STREAM_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

/*
 * One picture, now: of a window by itself (its popups too, nothing that lies above it), or of what an
 * output shows, pointer included. Taken at the next frame, so a window that is not drawn at this
 * moment can be looked at too.
 */

struct output;
struct server;
struct toplevel;

struct snapshot {
	int width, height;  // pixels
	size_t stride;      // bytes
	uint8_t *pixels;    // XRGB8888, the taker's to free
	int64_t capture_ns; // CLOCK_MONOTONIC
};

struct snapshot_request;
/* snapshot NULL: the window or output went, or there was no memory. Called once, from the loop. */
typedef void (*snapshot_done)(void *data, const struct snapshot *snapshot);

/* NULL: no memory; done is not called. */
struct snapshot_request *snapshot_toplevel(struct server *server, struct toplevel *toplevel,
	snapshot_done done, void *data);
struct snapshot_request *snapshot_output(struct server *server, struct output *output,
	snapshot_done done, void *data);
/* done is not called. Only before it was. */
void snapshot_cancel(struct snapshot_request *request);

#endif
