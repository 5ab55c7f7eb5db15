/* SPDX-License-Identifier: MIT */
/*
 * cursor_image.c - how the pointer looks.
 *
 * A client may set it while it has the pointer's focus, by a surface or by the name of a shape.
 */
#include "cursor_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_cursor_shape_v1.h>
#include <wlr/types/wlr_seat.h>
#include <wlr/types/wlr_xcursor_manager.h>

#include "config.h"
#include "cursor.h"
#include "globals.h"
#include "seat.h"
#include "server.h"

#define LOG_MODULE "cursor"
#include "base/log.h"

#define DEFAULT_SIZE 24

struct cursor_image {
	struct server *server;
	struct cursor *cursor;
	struct wlr_xcursor_manager *manager;
	char *theme; // NULL: "default"
	int size;
	char shape[32]; // of ours; "": a client's
	bool shown;
	struct wl_listener request_set_cursor, request_set_shape, configured, focus_change;
};

static bool has_cursors(const char *theme) {
	const char *home = getenv("HOME");
	char path[512];
	const char *const places[] = {"/usr/share/icons", "/usr/local/share/icons"};
	if (home) {
		snprintf(path, sizeof(path), "%s/.icons/%s/cursors", home, theme);
		if (access(path, R_OK) == 0) {
			return true;
		}
		snprintf(path, sizeof(path), "%s/.local/share/icons/%s/cursors", home, theme);
		if (access(path, R_OK) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/cursors", places[i], theme);
		if (access(path, R_OK) == 0) {
			return true;
		}
	}
	return false;
}

/* The configuration, then XCURSOR_THEME, then what Debian's desktops ship. */
static char *find_theme(const struct config *config) {
	static const char *const usual[] = {"Adwaita", "DMZ-White", "breeze_cursors"};
	if (config->cursor.theme) {
		return strdup(config->cursor.theme);
	}
	const char *set = getenv("XCURSOR_THEME");
	if (set && *set) {
		return strdup(set);
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (has_cursors(usual[i])) {
			return strdup(usual[i]);
		}
	}
	return NULL;
}

static int find_size(const struct config *config) {
	if (config->cursor.size > 0) {
		return config->cursor.size;
	}
	const char *set = getenv("XCURSOR_SIZE");
	int size = set ? atoi(set) : 0;
	return size >= 8 && size <= 256 ? size : DEFAULT_SIZE;
}

static bool load(struct cursor_image *image) {
	const struct config *config = image->server->config;
	char *theme = find_theme(config);
	if (config->cursor.theme && !has_cursors(config->cursor.theme)) {
		log_error("there is no cursor theme \"%s\"", config->cursor.theme);
	}
	int size = find_size(config);
	struct wlr_xcursor_manager *manager = wlr_xcursor_manager_create(theme, (uint32_t)size);
	if (!manager) {
		free(theme);
		return false;
	}
	struct wlr_xcursor_manager *old = image->manager;
	free(image->theme);
	image->theme = theme;
	image->size = size;
	image->manager = manager;
	if (image->shape[0] && image->shown) {
		wlr_cursor_set_xcursor(image->cursor->wlr, manager, image->shape);
	} else if (old) {
		wlr_cursor_unset_image(image->cursor->wlr); // the client will set it again
	}
	if (old) {
		wlr_xcursor_manager_destroy(old);
	}
	return true;
}

void cursor_image_set(struct cursor *cursor, const char *name) {
	struct cursor_image *image = cursor->image;
	if (strcmp(image->shape, name) != 0) {
		snprintf(image->shape, sizeof(image->shape), "%s", name);
		if (image->shown) {
			wlr_cursor_set_xcursor(cursor->wlr, image->manager, name);
		}
	}
}

void cursor_image_show(struct cursor *cursor, bool shown) {
	struct cursor_image *image = cursor->image;
	if (image->shown == shown) {
		return;
	}
	image->shown = shown;
	if (!shown) {
		wlr_cursor_unset_image(cursor->wlr);
	} else if (image->shape[0]) {
		wlr_cursor_set_xcursor(cursor->wlr, image->manager, image->shape);
	}
}

static bool has_focus(struct cursor_image *image, struct wlr_seat_client *client) {
	return image->server->seat->wlr->pointer_state.focused_client == client;
}

static void handle_request_set_cursor(struct wl_listener *listener, void *data) {
	struct cursor_image *image = wl_container_of(listener, image, request_set_cursor);
	const struct wlr_seat_pointer_request_set_cursor_event *event = data;
	if (has_focus(image, event->seat_client) && image->shown) {
		image->shape[0] = '\0';
		wlr_cursor_set_surface(image->cursor->wlr, event->surface, event->hotspot_x,
			event->hotspot_y);
	}
}

static void handle_request_set_shape(struct wl_listener *listener, void *data) {
	struct cursor_image *image = wl_container_of(listener, image, request_set_shape);
	const struct wlr_cursor_shape_manager_v1_request_set_shape_event *event = data;
	if (event->device_type == WLR_CURSOR_SHAPE_MANAGER_V1_DEVICE_TYPE_POINTER &&
			has_focus(image, event->seat_client)) {
		cursor_image_set(image->cursor, wlr_cursor_shape_v1_name(event->shape));
	}
}

static struct wl_client *client_of(struct wlr_surface *surface) {
	return surface ? wl_resource_get_client(surface->resource) : NULL;
}

/* A client's cursor must not stay when the client has lost the pointer. */
static void handle_focus_change(struct wl_listener *listener, void *data) {
	struct cursor_image *image = wl_container_of(listener, image, focus_change);
	const struct wlr_seat_pointer_focus_change_event *event = data;
	if (!event->new_surface || client_of(event->new_surface) != client_of(event->old_surface)) {
		cursor_image_set(image->cursor, "default");
	}
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct cursor_image *image = wl_container_of(listener, image, configured);
	load(image);
}

struct cursor_image *cursor_image_create(struct server *server, struct cursor *cursor) {
	struct cursor_image *image = calloc(1, sizeof(*image));
	if (!image) {
		return NULL;
	}
	image->server = server;
	image->cursor = cursor;
	cursor->image = image;
	if (!load(image)) {
		free(image);
		cursor->image = NULL;
		return NULL;
	}
	struct wlr_seat *seat = server->seat->wlr;
	image->request_set_cursor.notify = handle_request_set_cursor;
	wl_signal_add(&seat->events.request_set_cursor, &image->request_set_cursor);
	image->focus_change.notify = handle_focus_change;
	wl_signal_add(&seat->pointer_state.events.focus_change, &image->focus_change);
	image->request_set_shape.notify = handle_request_set_shape;
	wl_signal_add(&server->globals->cursor_shape->events.request_set_shape,
		&image->request_set_shape);
	image->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &image->configured);
	return image;
}

void cursor_image_destroy(struct cursor_image *image) {
	if (!image) {
		return;
	}
	wl_list_remove(&image->request_set_cursor.link);
	wl_list_remove(&image->focus_change.link);
	wl_list_remove(&image->request_set_shape.link);
	wl_list_remove(&image->configured.link);
	wlr_xcursor_manager_destroy(image->manager);
	free(image->theme);
	free(image);
}

const char *cursor_image_theme(struct cursor *cursor) {
	return cursor->image->theme;
}

int cursor_image_size(struct cursor *cursor) {
	return cursor->image->size;
}
