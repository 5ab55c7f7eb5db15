/* SPDX-License-Identifier: MIT */
#ifndef CONSTRAINT_H
#define CONSTRAINT_H

#include <stdbool.h>
#include <wayland-server-core.h>

/*
 * Clients that lock the pointer in place or keep it in a region, as games do. A constraint is in
 * force while its surface has both the pointer and the keyboard.
 */

struct constraints;
struct server;
struct wlr_pointer_constraint_v1;
struct wlr_surface;

struct constraints *constraints_create(struct server *server);
void constraints_destroy(struct constraints *constraints);

/* Focus or pointer went elsewhere: puts the right constraint in force. */
void constraints_update(struct constraints *constraints);
/* Cuts a motion to what is allowed. false: it may not move at all. */
bool constraints_allow(struct constraints *constraints, double *dx, double *dy);

/* Emitted when a client asks for one; data: struct wlr_pointer_constraint_v1 *. */
struct wl_signal *constraints_added(struct constraints *constraints);
/* What a surface asks for, in force or not; NULL: nothing. */
struct wlr_pointer_constraint_v1 *constraints_wanted(struct constraints *constraints,
	struct wlr_surface *surface);

#endif
