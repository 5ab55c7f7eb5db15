/* SPDX-License-Identifier: MIT */
/*
 * hint.c - the keys to know, drawn as keycaps on the desktop below all windows.
 *
 * It says what is bound, not what was bound once: the keys come from bindings.c.
 */
#include "hint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings.h"
#include "config.h"
#include "output.h"
#include "paint.h"
#include "picture.h"
#include "server.h"
#include "text.h"
#include "theme.h"

#define MARGIN 20 // from the corner of what panels leave
#define PADDING_X 18 // of the panel behind
#define PADDING_Y 10
#define RADIUS 14
#define ROW 30
#define CAP_HEIGHT 22
#define CAP_PADDING 8
#define CAP_GAP 5
#define GAP 16 // between keys and words
#define FONT 12.5
#define CAP_FONT 11.5

static const struct {
	const char *action, *words;
} rows[] = {
	{"launcher", "Start a program"},
	{"terminal", "Open a terminal"},
	{"next-window", "Go to another window"},
	{"close", "Close the window"},
	{"quit", "End the session"},
	{"hint", "Hide these keys"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define KEYS 5 // the last row is not one of them, and is drawn fainter

struct hints {
	struct server *server;
	bool shown;
	struct wl_list list; // hint.link
	struct wl_listener added, changed, removed, configured;
};

struct hint {
	struct hints *hints;
	struct wl_list link;
	struct output *output;
	struct picture *picture;
	double caps_width; // of the widest row
};

static double cap_width(struct text *text, const char *key) {
	struct text_style style = {.size = CAP_FONT, .bold = true};
	int width;
	text_measure(text, key, &style, &width, NULL);
	return fmax(CAP_HEIGHT, width + 2 * CAP_PADDING);
}

/* Draws a chord as a row of keycaps that ends at right, or (no cr) only measures it. */
static double draw_chord(struct text *text, cairo_t *cr, const char *chord, double right, double y,
		double strength) {
	char keys[64];
	snprintf(keys, sizeof(keys), "%s", chord);
	double total = 0;
	// From the last key to the first, since they are set flush right.
	for (char *plus; keys[0]; *(plus ? plus : keys) = '\0') {
		plus = strrchr(keys, '+');
		plus = plus && plus > keys && plus[1] ? plus : NULL;
		const char *key = plus ? plus + 1 : keys;
		double width = cap_width(text, key);
		if (cr) {
			double x = right - total - width;
			paint_rounded(cr, x + 0.5, y - CAP_HEIGHT / 2.0 + 1.5, width - 1, CAP_HEIGHT - 1, 5);
			cairo_set_source_rgba(cr, 0, 0, 0, 0.30 * strength);
			cairo_fill(cr);
			paint_rounded(cr, x + 0.5, y - CAP_HEIGHT / 2.0 + 0.5, width - 1, CAP_HEIGHT - 2, 5);
			cairo_set_source_rgba(cr, 0.86, 0.95, 0.98, 0.13 * strength);
			cairo_fill_preserve(cr);
			cairo_set_source_rgba(cr, 0.86, 0.95, 0.98, 0.34 * strength);
			cairo_set_line_width(cr, 1);
			cairo_stroke(cr);
			struct text_style style = {.size = CAP_FONT, .bold = true};
			int natural;
			text_measure(text, key, &style, &natural, NULL);
			text_draw(text, cr, key, &style, 0xeef6fa00u | (uint32_t)(0xf0 * strength),
				x + (width - natural) / 2, y - 0.5);
		}
		total += width + CAP_GAP;
	}
	return total > 0 ? total - CAP_GAP : 0;
}

static void draw(void *data, cairo_t *cr, int width, int height) {
	struct hint *hint = data;
	struct server *server = hint->hints->server;
	// Dark glass, so that the words can be read on any background.
	paint_rounded(cr, 0.5, 0.5, width - 1, height - 1, RADIUS);
	cairo_set_source_rgba(cr, 0.03, 0.07, 0.11, 0.42);
	cairo_fill_preserve(cr);
	cairo_set_source_rgba(cr, 0.80, 0.94, 0.98, 0.10);
	cairo_set_line_width(cr, 1);
	cairo_stroke(cr);
	double y = PADDING_Y + ROW / 2.0, middle = PADDING_X + hint->caps_width;
	for (size_t i = 0; i < ROWS; i++) {
		char chord[64];
		bindings_describe(server->bindings, rows[i].action, chord, sizeof(chord));
		if (!chord[0]) {
			continue;
		}
		double strength = i < KEYS ? 1 : 0.6;
		struct text_style style = {.size = FONT};
		draw_chord(server->text, cr, chord, middle, y, strength);
		text_draw(server->text, cr, rows[i].words, &style,
			0xe4eff500u | (uint32_t)(0xd8 * strength), middle + GAP, y);
		y += ROW;
	}
}

static void update(struct hint *hint) {
	struct server *server = hint->hints->server;
	double caps = 0, words = 0;
	int count = 0;
	for (size_t i = 0; i < ROWS; i++) {
		char chord[64];
		bindings_describe(server->bindings, rows[i].action, chord, sizeof(chord));
		if (!chord[0]) {
			continue;
		}
		struct text_style style = {.size = FONT};
		int width;
		text_measure(server->text, rows[i].words, &style, &width, NULL);
		caps = fmax(caps, draw_chord(server->text, NULL, chord, 0, 0, 1));
		words = fmax(words, width);
		count++;
	}
	hint->caps_width = ceil(caps);
	int width = (int)ceil(hint->caps_width + GAP + words) + 2 * PADDING_X;
	int height = count * ROW + 2 * PADDING_Y;
	const struct wlr_box *area = &hint->output->usable;
	bool fits = width + 2 * MARGIN < area->width && height + 2 * MARGIN < area->height;
	wlr_scene_node_set_enabled(picture_node(hint->picture), hint->hints->shown && fits);
	wlr_scene_node_set_position(picture_node(hint->picture),
		area->x + area->width - width - MARGIN, area->y + area->height - height - MARGIN);
	picture_set_size(hint->picture, width, height);
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct hints *hints = wl_container_of(listener, hints, added);
	struct hint *hint = calloc(1, sizeof(*hint));
	if (!hint) {
		return;
	}
	hint->hints = hints;
	hint->output = data;
	hint->picture =
		picture_create(hints->server, hints->server->layers[LAYER_HINT], draw, hint);
	if (!hint->picture) {
		free(hint);
		return;
	}
	wl_list_insert(&hints->list, &hint->link);
	update(hint);
}

static struct hint *find(struct hints *hints, const struct output *output) {
	struct hint *hint;
	wl_list_for_each(hint, &hints->list, link) {
		if (hint->output == output) {
			return hint;
		}
	}
	return NULL;
}

static void handle_changed(struct wl_listener *listener, void *data) {
	struct hints *hints = wl_container_of(listener, hints, changed);
	struct hint *hint = find(hints, data);
	if (hint) {
		update(hint);
	}
}

static void hint_destroy(struct hint *hint) {
	wl_list_remove(&hint->link);
	picture_destroy(hint->picture);
	free(hint);
}

static void handle_removed(struct wl_listener *listener, void *data) {
	struct hints *hints = wl_container_of(listener, hints, removed);
	struct hint *hint = find(hints, data);
	if (hint) {
		hint_destroy(hint);
	}
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct hints *hints = wl_container_of(listener, hints, configured);
	hints->shown = hints->server->config->hint;
	struct hint *hint;
	wl_list_for_each(hint, &hints->list, link) {
		update(hint);
		picture_redraw(hint->picture);
	}
}

void hints_toggle(struct hints *hints) {
	hints->shown = !hints->shown;
	struct hint *hint;
	wl_list_for_each(hint, &hints->list, link) {
		update(hint);
	}
}

struct hints *hints_create(struct server *server) {
	struct hints *hints = calloc(1, sizeof(*hints));
	if (!hints) {
		return NULL;
	}
	hints->server = server;
	hints->shown = server->config->hint;
	wl_list_init(&hints->list);
	hints->added.notify = handle_added;
	wl_signal_add(&server->outputs->events.added, &hints->added);
	hints->changed.notify = handle_changed;
	wl_signal_add(&server->outputs->events.changed, &hints->changed);
	hints->removed.notify = handle_removed;
	wl_signal_add(&server->outputs->events.removed, &hints->removed);
	hints->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &hints->configured);
	return hints;
}

void hints_destroy(struct hints *hints) {
	if (!hints) {
		return;
	}
	struct hint *hint, *next;
	wl_list_for_each_safe(hint, next, &hints->list, link) {
		hint_destroy(hint);
	}
	wl_list_remove(&hints->added.link);
	wl_list_remove(&hints->changed.link);
	wl_list_remove(&hints->removed.link);
	wl_list_remove(&hints->configured.link);
	free(hints);
}
