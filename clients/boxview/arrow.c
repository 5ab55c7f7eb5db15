/* SPDX-License-Identifier: MIT */
/*
 * arrow.c - the arrow over the view, by name where the compositor draws it, else from the theme.
 */
#include "boxview/arrow.h"

#include <stdlib.h>
#include <wayland-client.h>
#include <wayland-cursor.h>

#include "cursor-shape-v1-client-protocol.h"

void arrow_init(struct arrow *arrow, const struct globals *globals, struct wl_pointer *pointer) {
	*arrow = (struct arrow){.globals = globals, .pointer = pointer};
	if (globals->cursor_shape) {
		arrow->device = wp_cursor_shape_manager_v1_get_pointer(globals->cursor_shape, pointer);
	}
}

void arrow_finish(struct arrow *arrow) {
	if (arrow->device) {
		wp_cursor_shape_device_v1_destroy(arrow->device);
	}
	if (arrow->surface) {
		wl_surface_destroy(arrow->surface);
	}
	if (arrow->theme) {
		wl_cursor_theme_destroy(arrow->theme);
	}
}

static void set_from_theme(struct arrow *arrow, uint32_t serial) {
	if (!arrow->theme) {
		const char *size = getenv("XCURSOR_SIZE");
		int pixels = size ? atoi(size) : 0;
		arrow->theme = wl_cursor_theme_load(getenv("XCURSOR_THEME"),
			pixels > 0 && pixels <= 256 ? pixels : 24, arrow->globals->shm);
		arrow->surface = wl_compositor_create_surface(arrow->globals->compositor);
	}
	struct wl_cursor *shape = NULL;
	if (arrow->theme) {
		shape = wl_cursor_theme_get_cursor(arrow->theme, "default");
		shape = shape ? shape : wl_cursor_theme_get_cursor(arrow->theme, "left_ptr");
	}
	if (!shape) {
		return; // whatever is there stays
	}
	struct wl_cursor_image *image = shape->images[0];
	wl_pointer_set_cursor(arrow->pointer, serial, arrow->surface, (int32_t)image->hotspot_x,
		(int32_t)image->hotspot_y);
	wl_surface_attach(arrow->surface, wl_cursor_image_get_buffer(image), 0, 0);
	wl_surface_damage_buffer(arrow->surface, 0, 0, (int32_t)image->width, (int32_t)image->height);
	wl_surface_commit(arrow->surface);
}

void arrow_set(struct arrow *arrow, uint32_t serial, bool visible) {
	if (!visible) {
		wl_pointer_set_cursor(arrow->pointer, serial, NULL, 0, 0);
	} else if (arrow->device) {
		wp_cursor_shape_device_v1_set_shape(arrow->device, serial,
			WP_CURSOR_SHAPE_DEVICE_V1_SHAPE_DEFAULT);
	} else {
		set_from_theme(arrow, serial);
	}
}
