/* SPDX-License-Identifier: MIT */
/*
 * shadow.c - soft shadows, as nine-patches of one computed picture.
 *
 * A rectangle's shadow is the rectangle convolved with a Gaussian; as both separate into x and y, so
 * does the shadow: its darkness is the product of two differences of error functions.
 */
#include "shadow.h"

#include <math.h>
#include <stdlib.h>

#include "paint.h"
#include "server.h"

/*
 * The picture shows the shadow of a square so large that its corners do not reach one another: a
 * corner of CORNER texels, one texel of edge, a corner. The edge texel is what is stretched.
 */
#define CORNER (2 * SHADOW_EXTENT)
#define PICTURE (2 * CORNER + 1)
#define DROP 7 // the light comes from above

struct shadows {
	struct wlr_buffer *active, *inactive;
};

enum piece {
	TOP_LEFT,
	TOP,
	TOP_RIGHT,
	LEFT,
	RIGHT,
	BOTTOM_LEFT,
	BOTTOM,
	BOTTOM_RIGHT,
	PIECES,
};

struct shadow {
	struct shadows *shadows;
	struct wlr_scene_tree *tree;
	struct wlr_scene_buffer *pieces[PIECES];
	int width, height;
	bool active;
	struct wl_listener destroy;
};

/* How much of a long edge's shadow falls at a distance inside (positive) of the edge. */
static double edge(double inside, double sigma) {
	return 0.5 * (1 + erf(inside / (sigma * M_SQRT2)));
}

static struct wlr_buffer *make_picture(double strength, double sigma) {
	struct wlr_buffer *buffer;
	cairo_t *cr = paint_begin(PICTURE, PICTURE, 1, &buffer);
	if (!cr) {
		return NULL;
	}
	size_t stride;
	uint32_t *pixels = paint_pixels(buffer, &stride);
	for (int y = 0; y < PICTURE; y++) {
		for (int x = 0; x < PICTURE; x++) {
			double from_x = fmin(x, PICTURE - 1 - x) + 0.5 - SHADOW_EXTENT;
			double from_y = fmin(y, PICTURE - 1 - y) + 0.5 - SHADOW_EXTENT;
			double dark = strength * edge(from_x, sigma) * edge(from_y, sigma);
			// Fade out to nothing at the rim, where a Gaussian has not quite ended.
			double rim = fmin(fmin(x, PICTURE - 1 - x), fmin(y, PICTURE - 1 - y)) / 8.0;
			dark *= fmin(rim, 1);
			pixels[(size_t)y * (stride / 4) + (size_t)x] = (uint32_t)(dark * 255 + 0.5) << 24;
		}
	}
	cairo_surface_mark_dirty(cairo_get_target(cr));
	paint_end(cr);
	return buffer;
}

struct shadows *shadows_create(struct server *server) {
	struct shadows *shadows = calloc(1, sizeof(*shadows));
	if (!shadows) {
		return NULL;
	}
	shadows->active = make_picture(0.62, 13);
	shadows->inactive = make_picture(0.38, 10);
	if (!shadows->active || !shadows->inactive) {
		shadows_destroy(shadows);
		return NULL;
	}
	return shadows;
}

void shadows_destroy(struct shadows *shadows) {
	if (shadows) {
		wlr_buffer_drop(shadows->active);
		wlr_buffer_drop(shadows->inactive);
		free(shadows);
	}
}

static bool accepts_nothing(struct wlr_scene_buffer *piece, double *sx, double *sy) {
	return false;
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct shadow *shadow = wl_container_of(listener, shadow, destroy);
	wl_list_remove(&shadow->destroy.link);
	free(shadow);
}

struct shadow *shadow_create(struct shadows *shadows, struct wlr_scene_tree *parent) {
	struct shadow *shadow = calloc(1, sizeof(*shadow));
	if (!shadow) {
		return NULL;
	}
	shadow->shadows = shadows;
	shadow->tree = wlr_scene_tree_create(parent);
	if (!shadow->tree) {
		free(shadow);
		return NULL;
	}
	wlr_scene_node_lower_to_bottom(&shadow->tree->node);
	shadow->destroy.notify = handle_destroy;
	wl_signal_add(&shadow->tree->node.events.destroy, &shadow->destroy);
	shadow->active = true;
	for (size_t i = 0; i < PIECES; i++) {
		shadow->pieces[i] = wlr_scene_buffer_create(shadow->tree, shadows->active);
		if (!shadow->pieces[i]) {
			wlr_scene_node_destroy(&shadow->tree->node);
			return NULL;
		}
		shadow->pieces[i]->point_accepts_input = accepts_nothing;
	}
	return shadow;
}

static void set_piece(struct shadow *shadow, enum piece which, const struct wlr_fbox *source,
		const struct wlr_box *target) {
	struct wlr_scene_buffer *piece = shadow->pieces[which];
	wlr_scene_node_set_enabled(&piece->node, target->width > 0 && target->height > 0);
	if (target->width > 0 && target->height > 0) {
		wlr_scene_buffer_set_source_box(piece, source);
		wlr_scene_buffer_set_dest_size(piece, target->width, target->height);
		wlr_scene_node_set_position(&piece->node, target->x, target->y);
	}
}

/* One direction of the nine-patch: where its three parts come from and go to. */
struct split {
	double from[3], from_size[3];
	int to[3], to_size[3];
};

static struct split split(int start, int size) {
	// A window smaller than two corners gets the outer parts of them.
	int corner = size + 2 * SHADOW_EXTENT < 2 * CORNER ? size / 2 + SHADOW_EXTENT : CORNER;
	int middle = size + 2 * SHADOW_EXTENT - 2 * corner;
	return (struct split){
		.from = {0, CORNER, PICTURE - corner},
		.from_size = {corner, 1, corner},
		.to = {start - SHADOW_EXTENT, start - SHADOW_EXTENT + corner,
			start - SHADOW_EXTENT + corner + middle},
		.to_size = {corner, middle, corner},
	};
}

void shadow_set(struct shadow *shadow, int x, int y, int width, int height, bool active) {
	static const struct {
		enum piece piece;
		int column, row;
	} places[] = {
		{TOP_LEFT, 0, 0}, {TOP, 1, 0}, {TOP_RIGHT, 2, 0}, {LEFT, 0, 1}, {RIGHT, 2, 1},
		{BOTTOM_LEFT, 0, 2}, {BOTTOM, 1, 2}, {BOTTOM_RIGHT, 2, 2},
	};
	wlr_scene_node_set_position(&shadow->tree->node, x, y);
	if (shadow->active != active) {
		shadow->active = active;
		for (size_t i = 0; i < PIECES; i++) {
			wlr_scene_buffer_set_buffer(shadow->pieces[i],
				active ? shadow->shadows->active : shadow->shadows->inactive);
		}
	}
	if (shadow->width == width && shadow->height == height) {
		return;
	}
	shadow->width = width;
	shadow->height = height;
	struct split columns = split(0, width), rows = split(DROP, height);
	for (size_t i = 0; i < PIECES; i++) {
		int c = places[i].column, r = places[i].row;
		struct wlr_fbox source = {columns.from[c], rows.from[r], columns.from_size[c],
			rows.from_size[r]};
		struct wlr_box target = {columns.to[c], rows.to[r], columns.to_size[c],
			rows.to_size[r]};
		set_piece(shadow, places[i].piece, &source, &target);
	}
}

void shadow_set_enabled(struct shadow *shadow, bool enabled) {
	wlr_scene_node_set_enabled(&shadow->tree->node, enabled);
}
