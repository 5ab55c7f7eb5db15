/* SPDX-License-Identifier: MIT */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <wlr/util/box.h>

/* Where windows go. Geometries are of whole windows, frames included; nothing here knows a window. */

/*
 * A place for a window of outer's size: the middle of the area or, where another window's corner is
 * already, a step further down and to the right, and so on. Sets outer's x and y.
 */
void placement_new(const struct wlr_box *area, const struct wlr_box *others, size_t others_size,
	struct wlr_box *outer);
/* In the middle of another one, but inside the area. */
void placement_over(const struct wlr_box *area, const struct wlr_box *parent,
	struct wlr_box *outer);
/*
 * Moves a window so that enough of its upper edge (a titlebar, bar pixels high) is inside the area
 * to be grasped. false: it was already.
 */
bool placement_reach(const struct wlr_box *area, int bar, struct wlr_box *outer);
/* The same place relative to another area, as when a screen goes; then in reach of it. */
void placement_carry(const struct wlr_box *from, const struct wlr_box *to, struct wlr_box *outer);

#endif
