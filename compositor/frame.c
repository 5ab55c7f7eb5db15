/* SPDX-License-Identifier: MIT */
/*
 * frame.c - the frame around a window: its parts in the scene, and which is where.
 *
 * How the titlebar looks is titlebar.c; what a click on a part does is interact.c.
 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "server.h"
#include "shadow.h"
#include "theme.h"
#include "titlebar.h"
#include "toplevel.h"

struct frame {
	struct toplevel *toplevel;
	struct wlr_scene_tree *tree; // at the content's corner, below it
	struct wlr_scene_rect *grip; // not seen: what takes the pointer just outside
	struct shadow *shadow;
	struct wlr_scene_rect *border[3]; // left, right, bottom
	struct picture *bar;
	struct titlebar shown; // what the bar was drawn with
	char *shown_title;
};

static void draw_bar(void *data, cairo_t *cr, int width, int height) {
	struct frame *frame = data;
	titlebar_draw(&frame->shown, frame->toplevel->toplevels->server->text, cr, width, height);
}

static void set_colour(float out[4], uint32_t rgba) {
	float alpha = (float)(rgba & 0xff) / 255;
	out[0] = (float)(rgba >> 24) / 255 * alpha;
	out[1] = (float)(rgba >> 16 & 0xff) / 255 * alpha;
	out[2] = (float)(rgba >> 8 & 0xff) / 255 * alpha;
	out[3] = alpha;
}

struct frame *frame_create(struct toplevel *toplevel) {
	struct server *server = toplevel->toplevels->server;
	struct frame *frame = calloc(1, sizeof(*frame));
	if (!frame) {
		return NULL;
	}
	frame->toplevel = toplevel;
	frame->tree = wlr_scene_tree_create(toplevel->tree);
	if (!frame->tree) {
		free(frame);
		return NULL;
	}
	wlr_scene_node_place_below(&frame->tree->node, &toplevel->content->node);
	float nothing[4] = {0}, line[4];
	set_colour(line, THEME_BORDER);
	frame->grip = wlr_scene_rect_create(frame->tree, 0, 0, nothing);
	frame->shadow = shadow_create(server->shadows, frame->tree);
	bool good = frame->grip && frame->shadow;
	for (size_t i = 0; i < 3 && good; i++) {
		frame->border[i] = wlr_scene_rect_create(frame->tree, 0, 0, line);
		good = frame->border[i];
	}
	frame->bar = good ? picture_create(server, frame->tree, draw_bar, frame) : NULL;
	if (!frame->bar) {
		frame_destroy(frame);
		return NULL;
	}
	picture_accept_input(frame->bar, true);
	return frame;
}

void frame_destroy(struct frame *frame) {
	if (!frame) {
		return;
	}
	wlr_scene_node_destroy(&frame->tree->node);
	free(frame->shown_title);
	free(frame);
}

static void place_border(struct wlr_scene_rect *border, int x, int y, int width, int height) {
	wlr_scene_node_set_position(&border->node, x, y);
	wlr_scene_rect_set_size(border, width, height);
}

static void draw_if_changed(struct frame *frame, int width) {
	struct toplevel *toplevel = frame->toplevel;
	const char *title = toplevel_title(toplevel);
	if (!*title) {
		title = toplevel_app_id(toplevel);
	}
	struct titlebar now = frame->shown;
	now.title = title;
	now.active = toplevel->activated;
	now.maximised = toplevel->maximised;
	now.urgent = toplevel->urgent;
	if (frame->shown_title && titlebar_equal(&now, &frame->shown)) {
		picture_set_size(frame->bar, width, THEME_TITLE_HEIGHT);
		return;
	}
	char *copy = strdup(title);
	if (!copy) {
		return;
	}
	free(frame->shown_title);
	frame->shown_title = copy;
	now.title = copy;
	frame->shown = now;
	if (!picture_set_size(frame->bar, width, THEME_TITLE_HEIGHT)) {
		picture_redraw(frame->bar);
	}
}

void frame_update(struct frame *frame) {
	if (!frame) {
		return;
	}
	const struct toplevel *toplevel = frame->toplevel;
	int width = toplevel->geom.width, height = toplevel->geom.height;
	wlr_scene_node_set_enabled(&frame->tree->node, !toplevel->fullscreen);
	if (toplevel->fullscreen || width <= 0 || height <= 0) {
		return;
	}
	int outside = toplevel->maximised ? 0 : THEME_EDGE_OUTSIDE;
	int bar = THEME_TITLE_HEIGHT;
	wlr_scene_node_set_position(&frame->grip->node, -outside, -bar - outside);
	wlr_scene_rect_set_size(frame->grip, width + 2 * outside, height + bar + 2 * outside);
	shadow_set_enabled(frame->shadow, !toplevel->maximised);
	shadow_set(frame->shadow, 0, -bar, width, height + bar, toplevel->activated);
	for (size_t i = 0; i < 3; i++) {
		wlr_scene_node_set_enabled(&frame->border[i]->node, !toplevel->maximised);
	}
	// Beside the bar too, from where its corner has become straight.
	int top = -bar + THEME_TITLE_RADIUS;
	place_border(frame->border[0], -1, top, 1, height - top);
	place_border(frame->border[1], width, top, 1, height - top);
	place_border(frame->border[2], -1, height, width + 2, 1);
	wlr_scene_node_set_position(picture_node(frame->bar), 0, -bar);
	draw_if_changed(frame, width);
}

void frame_set_hover(struct frame *frame, enum frame_part part, bool pressed) {
	if (!frame || (frame->shown.hover == part && frame->shown.pressed == pressed)) {
		return;
	}
	bool was_button = frame->shown.hover >= FRAME_MINIMISE && frame->shown.hover <= FRAME_CLOSE;
	bool is_button = part >= FRAME_MINIMISE && part <= FRAME_CLOSE;
	frame->shown.hover = part;
	frame->shown.pressed = pressed;
	if (was_button || is_button) {
		picture_redraw(frame->bar);
	}
}

static uint32_t edges_at(int x, int y, int width, int height) {
	uint32_t edges = WLR_EDGE_NONE;
	bool near = x < 0 || y < 0 || x >= width || y >= height;
	if (!near) {
		return WLR_EDGE_NONE;
	}
	if (x < THEME_CORNER) {
		edges |= WLR_EDGE_LEFT;
	} else if (x >= width - THEME_CORNER) {
		edges |= WLR_EDGE_RIGHT;
	}
	if (y < THEME_CORNER) {
		edges |= WLR_EDGE_TOP;
	} else if (y >= height - THEME_CORNER) {
		edges |= WLR_EDGE_BOTTOM;
	}
	return edges;
}

enum frame_part frame_at(struct frame *frame, double lx, double ly, uint32_t *edges) {
	const struct toplevel *toplevel = frame->toplevel;
	int x = (int)lx - toplevel->geom.x;
	int y = (int)ly - toplevel->geom.y + THEME_TITLE_HEIGHT; // from the frame's corner
	int width = toplevel->geom.width, height = toplevel->geom.height + THEME_TITLE_HEIGHT;
	*edges = WLR_EDGE_NONE;
	if (toplevel->fullscreen) {
		return FRAME_NONE;
	}
	if (!toplevel->maximised) {
		// The two uppermost rows of the bar are its edge as well: that is where one aims.
		*edges = y < 2 && y >= 0 ? edges_at(x, -1, width, height) : edges_at(x, y, width, height);
		if (*edges) {
			return FRAME_EDGE;
		}
	}
	if (x < 0 || x >= width || y < 0 || y >= THEME_TITLE_HEIGHT) {
		return FRAME_NONE;
	}
	return titlebar_part_at(x, width);
}
