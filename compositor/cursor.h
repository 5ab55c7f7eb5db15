/* SPDX-License-Identifier: MIT */
#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_cursor.h>

/*
 * The pointer: where it is, what it is over, who is told. There is one, whatever moves it.
 */

struct server;

struct cursor {
	struct server *server;
	struct wlr_cursor *wlr; // x and y: where it is, in the layout

	// private state
	struct cursor_image *image;
	bool button_grab;      // a button is down on a surface: it keeps the pointer
	double grab_x, grab_y; // of that surface's corner, in the layout
	struct wl_listener motion, motion_absolute, button, axis, frame;
	struct wl_listener layout_change;
};

/* NULL: no memory. */
struct cursor *cursor_create(struct server *server);
void cursor_destroy(struct cursor *cursor);

/* Something under the pointer may have changed: finds out anew what it is over. */
void cursor_update(struct cursor *cursor);
/* No client has the pointer from now on; it has this shape until cursor_update. */
void cursor_take(struct cursor *cursor, const char *shape);
/* Moves it without anyone having moved a mouse. */
void cursor_warp(struct cursor *cursor, double lx, double ly);
/* Milliseconds on the clock that input events have. */
uint32_t cursor_now(void);

#endif
