/* SPDX-License-Identifier: MIT */
#ifndef STREAM_CAPTURE_H
#define STREAM_CAPTURE_H

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>
#include <wlr/render/dmabuf.h>
#include <wlr/types/wlr_buffer.h>

/*
 * One window drawn by itself, into buffers of its own: a scene with nothing but that window, shown on
 * a private headless output of its size. Other windows do not cover it, and its popups are
 * on it. It draws only when asked, and then only if something changed; and not what the application has
 * drawn already in a buffer that can be handed on as it is.
 */

struct capture;
struct server;
struct snapshot;
struct toplevel;

struct capture_frame {
	struct wlr_buffer *buffer; // to be locked by who keeps it
	bool own;                  // it is the application's, which waits for it while it is locked
	const pixman_region32_t *damage; // since the last frame, in its pixels; empty: none
	uint32_t scale;            // in 120ths
	int64_t capture_ns;        // CLOCK_MONOTONIC
	int64_t committed_ns;      // the last commit that is in it; 0: none since the frame before
};

struct capture_events {
	void (*frame)(void *data, const struct capture_frame *frame);
	/* The window is gone: nothing follows. It is still to be destroyed. */
	void (*gone)(void *data);
	/* Whether the application's own buffer, of this kind, is taken now. NULL: never is one. */
	bool (*takes)(void *data, const struct wlr_dmabuf_attributes *dmabuf);
};

/* NULL: logged. */
struct capture *capture_create(struct server *server, struct toplevel *toplevel,
	const struct capture_events *events, void *data);
/* NULL is fine. */
void capture_destroy(struct capture *capture);

/*
 * One frame, when the window changes, or (now) in any case at the next tick of its clock. Asked again
 * before it came it is still one.
 */
void capture_want(struct capture *capture, bool now);

/*
 * The scale from the next frame on, in 120ths, instead of that of the screen where the window is. One
 * that would make more of it than a capture may be is not taken.
 */
void capture_set_scale(struct capture *capture, uint32_t scale);

/*
 * The window's frame callbacks come at_ns (CLOCK_MONOTONIC) and at each period from there, instead of with
 * the screen where the window is; of several captures of it the first has its way.
 */
void capture_set_clock(struct capture *capture, int64_t at_ns, int64_t period_ns);
/* Whether anybody sees it there; if not, the screen where it is is its clock again, or once a second. */
void capture_set_visible(struct capture *capture, bool visible);

/* A buffer's pixels as XRGB8888 in memory of their own. false: no memory, or unreadable. */
bool capture_copy(struct server *server, struct wlr_buffer *buffer, struct snapshot *snapshot);

#endif
