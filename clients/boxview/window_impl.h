/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_WINDOW_IMPL_H
#define BOXVIEW_WINDOW_IMPL_H

#include "boxview/direct.h"
#include "boxview/fit.h"
#include "boxview/overlay.h"
#include "boxview/shape.h"
#include "boxview/shm.h"
#include "boxview/window.h"

/* Private to window.c, and to window_configure.c, window_draw.c and window_feedback.c. */

#define CONFIGURES_MAX 16

struct xdg_surface_listener;
struct xdg_toplevel_listener;

struct configure {
	uint32_t serial;
	int width, height; // 0: as we like
	bool bound;
};

struct window {
	const struct globals *globals;
	const struct window_events *events;
	void *data;

	struct wl_surface *surface; // black, the size of the window
	struct wp_viewport *viewport;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct zxdg_toplevel_decoration_v1 *decoration;
	struct wp_fractional_scale_v1 *fractional_scale;
	struct shm_buffer black;
	struct wl_surface *video;
	struct wl_subsurface *video_subsurface;
	struct wp_viewport *video_viewport;
	struct overlay overlay;
	struct panel panel;
	char *sentence;
	uint32_t scale; // of the screen, in 120ths

	struct presenter *presenter;
	struct direct *direct; // NULL: all is drawn
	struct picture *handed; // what the compositor has, as it is; NULL: what was drawn
	struct picture *pending; // the newest that could not be drawn yet
	struct wl_callback *frame; // NULL: it has come
	int64_t frame_asked_at, drawn_at;
	struct wl_list feedbacks; // feedback.link
	uint32_t feedback_count;

	struct shape shape; // in units
	struct {
		int width, height; // in pixels, of the window
		uint32_t scale;
		int own_width, own_height; // of the picture, in its own
	} drawn; // last
	struct fit fit; // as it was laid out
	struct { // the configure being received
		int width, height;
		bool bound, suspended;
	} coming;
	struct configure held[CONFIGURES_MAX]; // not acknowledged yet, oldest first
	int held_count;
	int64_t held_until; // 0: none is
	struct source_limits limits;
	bool configured, mapped, visible, failed;
};

/* window.c */
int64_t window_now(void); // CLOCK_MONOTONIC, in ns

/* window_configure.c */
extern const struct xdg_surface_listener window_xdg_surface_listener;
extern const struct xdg_toplevel_listener window_toplevel_listener;
/* A picture is about to be shown. One of a size that was not asked for is an answer, too. */
void window_take_picture(struct window *window, int width, int height, uint32_t scale, int64_t now);

/* window_draw.c */
extern const struct presenter_events window_presenter_events;
/* Whether what is shown is laid out for the size there is. */
bool window_is_placed(const struct window *window);
/* Draws the pending picture, if there is one and it can be drawn now. */
void window_draw(struct window *window);
/* Lays out what is shown already. */
void window_relayout(struct window *window);

/* window_feedback.c */
/* What will be said of the picture; drawn_ns is to be set. NULL: not asked. */
struct window_shown *window_ask_feedback(struct window *window, const struct picture *picture);
void window_forget_feedback(struct window *window);

#endif
