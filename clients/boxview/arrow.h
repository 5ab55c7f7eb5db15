/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_ARROW_H
#define BOXVIEW_ARROW_H

#include <stdbool.h>
#include <stdint.h>

#include "boxview/globals.h"

struct wl_cursor_theme;
struct wl_pointer;
struct wl_surface;
struct wp_cursor_shape_device_v1;

/*
 * The pointer's picture over the view: the usual arrow, or none while the pointer is locked.
 */
struct arrow {
	const struct globals *globals;
	struct wl_pointer *pointer;
	struct wp_cursor_shape_device_v1 *device; // NULL: the compositor has no shapes
	struct wl_cursor_theme *theme;            // then this, or NULL: not loaded
	struct wl_surface *surface;
};

void arrow_init(struct arrow *arrow, const struct globals *globals, struct wl_pointer *pointer);
void arrow_finish(struct arrow *arrow);
/* serial: of the pointer's last enter. */
void arrow_set(struct arrow *arrow, uint32_t serial, bool visible);

#endif
