/* SPDX-License-Identifier: MIT */
/*
 * picture.c - drawings in the scene that follow the scale of the outputs they are on.
 *
 * What is drawn is the caller's function; how a buffer is made is paint.c.
 */
#include "picture.h"

#include <math.h>
#include <stdlib.h>

#include "output.h"
#include "paint.h"
#include "server.h"

struct picture {
	struct server *server;
	struct wlr_scene_buffer *node;
	picture_draw draw;
	void *data;
	int width, height;
	double scale; // of the buffer shown

	struct wl_listener outputs_update, destroy;
};

static bool accepts_nothing(struct wlr_scene_buffer *buffer, double *sx, double *sy) {
	return false;
}

/*
 * The smallest n for which n logical pixels are whole device pixels. A buffer whose size is a
 * multiple of it is shown texel by pixel wherever it stands; any other is blurred by resampling.
 */
static int grain(double scale) {
	for (int n = 1; n <= 20; n++) {
		double device = n * scale;
		if (fabs(device - round(device)) < 1e-3) {
			return n;
		}
	}
	return 1;
}

static int round_up(int value, int step) {
	return (value + step - 1) / step * step;
}

static void draw(struct picture *picture) {
	if (picture->width <= 0 || picture->height <= 0) {
		wlr_scene_buffer_set_buffer(picture->node, NULL);
		return;
	}
	int step = grain(picture->scale);
	int width = round_up(picture->width, step), height = round_up(picture->height, step);
	struct wlr_buffer *buffer;
	cairo_t *cr = paint_begin((int)ceil(width * picture->scale - 1e-3),
		(int)ceil(height * picture->scale - 1e-3), picture->scale, &buffer);
	if (!cr) {
		return; // the old drawing stays
	}
	picture->draw(picture->data, cr, picture->width, picture->height);
	paint_end(cr);
	wlr_scene_buffer_set_dest_size(picture->node, width, height);
	wlr_scene_buffer_set_buffer(picture->node, buffer);
	wlr_buffer_drop(buffer);
}

static void handle_outputs_update(struct wl_listener *listener, void *data) {
	struct picture *picture = wl_container_of(listener, picture, outputs_update);
	const struct wlr_scene_outputs_update_event *event = data;
	double scale = 0;
	for (size_t i = 0; i < event->size; i++) {
		scale = fmax(scale, event->active[i]->output->scale);
	}
	if (scale > 0 && scale != picture->scale) {
		picture->scale = scale;
		draw(picture);
	}
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct picture *picture = wl_container_of(listener, picture, destroy);
	wl_list_remove(&picture->outputs_update.link);
	wl_list_remove(&picture->destroy.link);
	free(picture);
}

struct picture *picture_create(struct server *server, struct wlr_scene_tree *parent,
		picture_draw draw_fn, void *data) {
	struct picture *picture = calloc(1, sizeof(*picture));
	if (!picture) {
		return NULL;
	}
	picture->node = wlr_scene_buffer_create(parent, NULL);
	if (!picture->node) {
		free(picture);
		return NULL;
	}
	picture->server = server;
	picture->draw = draw_fn;
	picture->data = data;
	picture->scale = outputs_scale_max(server->outputs);
	picture->node->point_accepts_input = accepts_nothing;

	picture->outputs_update.notify = handle_outputs_update;
	wl_signal_add(&picture->node->events.outputs_update, &picture->outputs_update);
	picture->destroy.notify = handle_destroy;
	wl_signal_add(&picture->node->node.events.destroy, &picture->destroy);
	return picture;
}

void picture_destroy(struct picture *picture) {
	if (picture) {
		wlr_scene_node_destroy(&picture->node->node);
	}
}

bool picture_set_size(struct picture *picture, int width, int height) {
	if (picture->width == width && picture->height == height) {
		return false;
	}
	picture->width = width;
	picture->height = height;
	draw(picture);
	return true;
}

void picture_redraw(struct picture *picture) {
	draw(picture);
}

void picture_accept_input(struct picture *picture, bool accept) {
	picture->node->point_accepts_input = accept ? NULL : accepts_nothing;
}

struct wlr_scene_node *picture_node(struct picture *picture) {
	return &picture->node->node;
}
