/* SPDX-License-Identifier: MIT */
#ifndef SEAT_H
#define SEAT_H

#include <stdbool.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_seat.h>

/*
 * The one seat: what it can do, which surface has the keyboard, selections and drags. It has a
 * keyboard and a pointer always, whatever devices there are.
 */

struct server;

struct seat {
	struct server *server;
	struct wlr_seat *wlr;
	struct {
		struct wl_signal focus; // struct wlr_surface * that has the keyboard now, or NULL
	} events;

	// private state
	bool shortcuts_off; // the person took the shortcuts back from the focused surface
	struct wlr_scene_tree *drag_icon; // NULL: nothing dragged
	struct wl_listener drag_icon_destroy;
	struct wl_listener request_set_selection, request_set_primary_selection;
	struct wl_listener request_start_drag, start_drag;
	struct wl_listener focus_change, new_inhibitor;
};

struct seat *seat_create(struct server *server);
void seat_destroy(struct seat *seat);

/* Says touch too while there is a touchscreen. */
void seat_update_capabilities(struct seat *seat);

/*
 * Gives the keyboard to whom it is due: a layer surface that wants it alone, one that was clicked,
 * or the window focused last; else to nobody.
 */
void seat_update_focus(struct seat *seat);

/* The focused client has asked for all keys, and may have them. */
bool seat_shortcuts_inhibited(struct seat *seat);
/* The person takes them back, or gives them again. */
void seat_toggle_shortcuts(struct seat *seat);

/* Something is being dragged: the icon follows the pointer or finger. */
void seat_move_drag_icon(struct seat *seat, double lx, double ly);

#endif
