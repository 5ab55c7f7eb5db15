/* SPDX-License-Identifier: MIT */
/*
 * wallpaper.c - a background on every output, painted anew when its size or scale changes.
 *
 * Our own picture is wallpaper_paint.c.
 */
#include "wallpaper.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "notice.h"
#include "output.h"
#include "paint.h"
#include "server.h"

#define LOG_MODULE "wallpaper"
#include "base/log.h"

struct wallpapers {
	struct server *server;
	struct wl_list list; // wallpaper.link
	cairo_surface_t *picture; // the person's; NULL: none
	struct wl_listener added, changed, removed, configured;
};

struct wallpaper {
	struct wl_list link;
	struct output *output;
	struct wlr_scene_buffer *node;
	int width, height; // of what is painted, in device pixels; 0: nothing
	double scale;
};

/* A picture larger than it shows: as much of its middle as has the output's shape. */
static struct wlr_buffer *paint_picture(cairo_surface_t *picture, int width, int height) {
	struct wlr_buffer *buffer;
	cairo_t *cr = paint_begin(width, height, 1, &buffer);
	if (!cr) {
		return NULL;
	}
	double from_width = cairo_image_surface_get_width(picture);
	double from_height = cairo_image_surface_get_height(picture);
	double zoom = fmax(width / from_width, height / from_height);
	cairo_set_source_rgb(cr, 0, 0, 0);
	cairo_paint(cr);
	cairo_translate(cr, (width - from_width * zoom) / 2, (height - from_height * zoom) / 2);
	cairo_scale(cr, zoom, zoom);
	cairo_set_source_surface(cr, picture, 0, 0);
	cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_GOOD);
	cairo_paint(cr);
	paint_end(cr);
	paint_set_opaque(buffer);
	return buffer;
}

static struct wlr_buffer *paint_colour_only(uint32_t rgba) {
	struct wlr_buffer *buffer;
	cairo_t *cr = paint_begin(1, 1, 1, &buffer);
	if (!cr) {
		return NULL;
	}
	paint_colour(cr, rgba);
	cairo_paint(cr);
	paint_end(cr);
	paint_set_opaque(buffer);
	return buffer;
}

static void repaint(struct wallpapers *wallpapers, struct wallpaper *wallpaper) {
	const struct config *config = wallpapers->server->config;
	struct wlr_buffer *buffer;
	if (wallpapers->picture) {
		buffer = paint_picture(wallpapers->picture, wallpaper->width, wallpaper->height);
	} else if (config->background.has_colour) {
		buffer = paint_colour_only(config->background.colour);
	} else {
		buffer = wallpaper_paint(wallpaper->width, wallpaper->height, wallpaper->scale);
	}
	if (buffer) {
		wlr_scene_buffer_set_buffer(wallpaper->node, buffer);
		wlr_buffer_drop(buffer);
	}
}

static void update(struct wallpapers *wallpapers, struct wallpaper *wallpaper) {
	const struct output *output = wallpaper->output;
	int width, height;
	wlr_output_transformed_resolution(output->wlr, &width, &height);
	wlr_scene_node_set_position(&wallpaper->node->node, output->geom.x, output->geom.y);
	wlr_scene_buffer_set_dest_size(wallpaper->node, output->geom.width, output->geom.height);
	if (width <= 0 || height <= 0 || (width == wallpaper->width && height == wallpaper->height &&
			output->wlr->scale == wallpaper->scale)) {
		return;
	}
	wallpaper->width = width;
	wallpaper->height = height;
	wallpaper->scale = output->wlr->scale;
	repaint(wallpapers, wallpaper);
}

static struct wallpaper *find(struct wallpapers *wallpapers, const struct output *output) {
	struct wallpaper *wallpaper;
	wl_list_for_each(wallpaper, &wallpapers->list, link) {
		if (wallpaper->output == output) {
			return wallpaper;
		}
	}
	return NULL;
}

static void wallpaper_destroy(struct wallpaper *wallpaper) {
	wl_list_remove(&wallpaper->link);
	wlr_scene_node_destroy(&wallpaper->node->node);
	free(wallpaper);
}

static bool accepts_nothing(struct wlr_scene_buffer *buffer, double *sx, double *sy) {
	return false;
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct wallpapers *wallpapers = wl_container_of(listener, wallpapers, added);
	struct wallpaper *wallpaper = calloc(1, sizeof(*wallpaper));
	if (!wallpaper) {
		return;
	}
	wallpaper->output = data;
	wallpaper->node =
		wlr_scene_buffer_create(wallpapers->server->layers[LAYER_WALLPAPER], NULL);
	if (!wallpaper->node) {
		free(wallpaper);
		return;
	}
	wallpaper->node->point_accepts_input = accepts_nothing;
	// It has the pixels of the output; a colour is one pixel, which must not fade at its rim.
	wlr_scene_buffer_set_filter_mode(wallpaper->node, WLR_SCALE_FILTER_NEAREST);
	wl_list_insert(&wallpapers->list, &wallpaper->link);
	update(wallpapers, wallpaper);
}

static void handle_changed(struct wl_listener *listener, void *data) {
	struct wallpapers *wallpapers = wl_container_of(listener, wallpapers, changed);
	struct wallpaper *wallpaper = find(wallpapers, data);
	if (wallpaper) {
		update(wallpapers, wallpaper);
	}
}

static void handle_removed(struct wl_listener *listener, void *data) {
	struct wallpapers *wallpapers = wl_container_of(listener, wallpapers, removed);
	struct wallpaper *wallpaper = find(wallpapers, data);
	if (wallpaper) {
		wallpaper_destroy(wallpaper);
	}
}

static char *expand_home(const char *path) {
	const char *home = getenv("HOME");
	char *full = NULL;
	if (strncmp(path, "~/", 2) == 0 && home) {
		return asprintf(&full, "%s%s", home, path + 1) < 0 ? NULL : full;
	}
	return strdup(path);
}

static void load_picture(struct wallpapers *wallpapers) {
	if (wallpapers->picture) {
		cairo_surface_destroy(wallpapers->picture);
		wallpapers->picture = NULL;
	}
	const char *said = wallpapers->server->config->background.picture;
	char *path = said ? expand_home(said) : NULL;
	if (!path) {
		return;
	}
	cairo_surface_t *picture = cairo_image_surface_create_from_png(path);
	cairo_status_t status = cairo_surface_status(picture);
	if (status == CAIRO_STATUS_SUCCESS) {
		wallpapers->picture = picture;
	} else {
		char text[600];
		snprintf(text, sizeof(text), "%s cannot be the background: %s (it takes PNG files)", path,
			cairo_status_to_string(status));
		log_error("%s", text);
		notice_show(wallpapers->server->notices, NOTICE_WARNING, 10000, text);
		cairo_surface_destroy(picture);
	}
	free(path);
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct wallpapers *wallpapers = wl_container_of(listener, wallpapers, configured);
	load_picture(wallpapers);
	struct wallpaper *wallpaper;
	wl_list_for_each(wallpaper, &wallpapers->list, link) {
		repaint(wallpapers, wallpaper);
	}
}

struct wallpapers *wallpapers_create(struct server *server) {
	struct wallpapers *wallpapers = calloc(1, sizeof(*wallpapers));
	if (!wallpapers) {
		return NULL;
	}
	wallpapers->server = server;
	wl_list_init(&wallpapers->list);
	load_picture(wallpapers);
	wallpapers->added.notify = handle_added;
	wl_signal_add(&server->outputs->events.added, &wallpapers->added);
	wallpapers->changed.notify = handle_changed;
	wl_signal_add(&server->outputs->events.changed, &wallpapers->changed);
	wallpapers->removed.notify = handle_removed;
	wl_signal_add(&server->outputs->events.removed, &wallpapers->removed);
	wallpapers->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &wallpapers->configured);
	return wallpapers;
}

void wallpapers_destroy(struct wallpapers *wallpapers) {
	if (!wallpapers) {
		return;
	}
	struct wallpaper *wallpaper, *next;
	wl_list_for_each_safe(wallpaper, next, &wallpapers->list, link) {
		wallpaper_destroy(wallpaper);
	}
	wl_list_remove(&wallpapers->added.link);
	wl_list_remove(&wallpapers->changed.link);
	wl_list_remove(&wallpapers->removed.link);
	wl_list_remove(&wallpapers->configured.link);
	if (wallpapers->picture) {
		cairo_surface_destroy(wallpapers->picture);
	}
	free(wallpapers);
}
