/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_GLOBALS_H
#define BOXVIEW_GLOBALS_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "boxview/screens.h"

struct box_view_v1;
struct wl_compositor;
struct wl_display;
struct wl_registry;
struct wl_seat;
struct wl_shm;
struct wl_subcompositor;
struct wp_cursor_shape_manager_v1;
struct wp_fractional_scale_manager_v1;
struct wp_presentation;
struct wp_viewporter;
struct xdg_wm_base;
struct zwp_linux_dmabuf_v1;
struct zwp_pointer_constraints_v1;
struct zwp_relative_pointer_manager_v1;
struct zxdg_decoration_manager_v1;

/*
 * The connection to the compositor and what it announces. Without the first group there is no view;
 * all else may be NULL.
 */
struct globals {
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_subcompositor *subcompositor;
	struct wl_shm *shm;
	struct wp_viewporter *viewporter;
	struct xdg_wm_base *wm_base;

	struct wl_seat *seat; // the first
	struct screens screens;
	struct wp_presentation *presentation;
	uint32_t presentation_clock; // of clock_gettime; CLOCK_MONOTONIC if never said
	struct wp_fractional_scale_manager_v1 *fractional_scale;
	struct zwp_linux_dmabuf_v1 *linux_dmabuf;
	struct zxdg_decoration_manager_v1 *decoration;
	struct wp_cursor_shape_manager_v1 *cursor_shape;
	struct zwp_pointer_constraints_v1 *constraints;
	struct zwp_relative_pointer_manager_v1 *relative_pointer;
	struct box_view_v1 *box_view;

	// globals.c
	struct wl_registry *registry;
	struct wl_event_source *source;
	bool choked; // the compositor does not keep up: say less
	bool lost;
};

/*
 * Connects by WAYLAND_SOCKET or WAYLAND_DISPLAY, waits for the list once, and listens on the loop.
 * false, logged: no compositor, or it lacks what is needed; then nothing is held.
 */
bool globals_init(struct globals *globals, struct wl_event_loop *loop);
void globals_finish(struct globals *globals);
/* Sends what was said; before each wait for events. Sets choked and lost. */
void globals_flush(struct globals *globals);

#endif
