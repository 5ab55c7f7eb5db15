/* SPDX-License-Identifier: MIT */
/*
 * constraint.c - pointer constraints: which one is in force, and what it lets the pointer do.
 */
#include "constraint.h"

#include <stdlib.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_pointer_constraints_v1.h>
#include <wlr/util/region.h>

#include "cursor.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"

struct constraints {
	struct server *server;
	struct wlr_pointer_constraints_v1 *wlr;
	struct wlr_pointer_constraint_v1 *active; // NULL: the pointer is free
	struct wl_listener active_destroy, new_constraint, focus;
};

/* Where a surface is, by where the pointer is on it: it has the pointer's focus. */
static void surface_corner(struct constraints *constraints, double *x, double *y) {
	struct server *server = constraints->server;
	*x = server->cursor->wlr->x - server->seat->wlr->pointer_state.sx;
	*y = server->cursor->wlr->y - server->seat->wlr->pointer_state.sy;
}

/* Let go, the pointer goes to where the client drew one of its own. */
static void warp_to_hint(struct constraints *constraints,
		struct wlr_pointer_constraint_v1 *constraint) {
	struct wlr_seat *seat = constraints->server->seat->wlr;
	if (constraint->type != WLR_POINTER_CONSTRAINT_V1_LOCKED ||
			!constraint->current.cursor_hint.enabled ||
			seat->pointer_state.focused_surface != constraint->surface) {
		return;
	}
	double x, y;
	surface_corner(constraints, &x, &y);
	wlr_cursor_warp(constraints->server->cursor->wlr, NULL,
		x + constraint->current.cursor_hint.x, y + constraint->current.cursor_hint.y);
	wlr_seat_pointer_warp(seat, constraint->current.cursor_hint.x,
		constraint->current.cursor_hint.y);
}

static void deactivate(struct constraints *constraints) {
	struct wlr_pointer_constraint_v1 *active = constraints->active;
	if (!active) {
		return;
	}
	constraints->active = NULL;
	wl_list_remove(&constraints->active_destroy.link);
	warp_to_hint(constraints, active);
	wlr_pointer_constraint_v1_send_deactivated(active);
}

static void handle_active_destroy(struct wl_listener *listener, void *data) {
	struct constraints *constraints = wl_container_of(listener, constraints, active_destroy);
	struct wlr_pointer_constraint_v1 *active = constraints->active;
	constraints->active = NULL;
	wl_list_remove(&constraints->active_destroy.link);
	warp_to_hint(constraints, active);
}

/* A pointer outside the region it is confined to is brought in. */
static void bring_in(struct constraints *constraints,
		struct wlr_pointer_constraint_v1 *constraint) {
	struct wlr_seat_pointer_state *pointer = &constraints->server->seat->wlr->pointer_state;
	if (constraint->type != WLR_POINTER_CONSTRAINT_V1_CONFINED ||
			pixman_region32_contains_point(&constraint->region, (int)pointer->sx,
				(int)pointer->sy, NULL)) {
		return;
	}
	int count;
	pixman_box32_t *parts = pixman_region32_rectangles(&constraint->region, &count);
	if (count > 0) {
		double x, y;
		surface_corner(constraints, &x, &y);
		wlr_cursor_warp(constraints->server->cursor->wlr, NULL,
			x + (parts[0].x1 + parts[0].x2) / 2.0, y + (parts[0].y1 + parts[0].y2) / 2.0);
	}
}

void constraints_update(struct constraints *constraints) {
	struct wlr_seat *seat = constraints->server->seat->wlr;
	struct wlr_surface *surface = seat->pointer_state.focused_surface;
	struct wlr_surface *keyboard = seat->keyboard_state.focused_surface;
	struct wlr_pointer_constraint_v1 *wanted = NULL;
	// A subsurface may be what is locked, the window's own surface what has the keyboard.
	if (surface && keyboard && (surface == keyboard ||
			toplevel_from_surface(surface) == toplevel_from_surface(keyboard))) {
		wanted = wlr_pointer_constraints_v1_constraint_for_surface(constraints->wlr, surface,
			seat);
	}
	if (wanted == constraints->active) {
		return;
	}
	deactivate(constraints);
	if (wanted) {
		constraints->active = wanted;
		wl_signal_add(&wanted->events.destroy, &constraints->active_destroy);
		wlr_pointer_constraint_v1_send_activated(wanted);
		bring_in(constraints, wanted);
	}
}

bool constraints_allow(struct constraints *constraints, double *dx, double *dy) {
	struct wlr_pointer_constraint_v1 *active = constraints->active;
	if (!active) {
		return true;
	}
	if (active->type == WLR_POINTER_CONSTRAINT_V1_LOCKED) {
		return false;
	}
	struct wlr_seat_pointer_state *pointer = &constraints->server->seat->wlr->pointer_state;
	double x, y;
	if (wlr_region_confine(&active->region, pointer->sx, pointer->sy, pointer->sx + *dx,
			pointer->sy + *dy, &x, &y)) {
		*dx = x - pointer->sx;
		*dy = y - pointer->sy;
	}
	return true;
}

static void handle_new_constraint(struct wl_listener *listener, void *data) {
	struct constraints *constraints = wl_container_of(listener, constraints, new_constraint);
	constraints_update(constraints);
}

static void handle_focus(struct wl_listener *listener, void *data) {
	struct constraints *constraints = wl_container_of(listener, constraints, focus);
	constraints_update(constraints);
}

struct constraints *constraints_create(struct server *server) {
	struct constraints *constraints = calloc(1, sizeof(*constraints));
	if (!constraints) {
		return NULL;
	}
	constraints->server = server;
	constraints->wlr = wlr_pointer_constraints_v1_create(server->display);
	if (!constraints->wlr) {
		free(constraints);
		return NULL;
	}
	constraints->active_destroy.notify = handle_active_destroy;
	constraints->new_constraint.notify = handle_new_constraint;
	wl_signal_add(&constraints->wlr->events.new_constraint, &constraints->new_constraint);
	constraints->focus.notify = handle_focus;
	wl_signal_add(&server->seat->events.focus, &constraints->focus);
	return constraints;
}

void constraints_destroy(struct constraints *constraints) {
	if (!constraints) {
		return;
	}
	deactivate(constraints);
	wl_list_remove(&constraints->new_constraint.link);
	wl_list_remove(&constraints->focus.link);
	free(constraints);
}

struct wl_signal *constraints_added(struct constraints *constraints) {
	return &constraints->wlr->events.new_constraint;
}

struct wlr_pointer_constraint_v1 *constraints_wanted(struct constraints *constraints,
		struct wlr_surface *surface) {
	return wlr_pointer_constraints_v1_constraint_for_surface(constraints->wlr, surface,
		constraints->server->seat->wlr);
}
