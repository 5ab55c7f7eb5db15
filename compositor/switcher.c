/* SPDX-License-Identifier: MIT */
/*
 * switcher.c - the list of windows that Alt+Tab walks.
 *
 * Which keys open it is bindings.c.
 */
#include "switcher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wlr/types/wlr_keyboard.h>

#include "keyboard.h"
#include "output.h"
#include "paint.h"
#include "picture.h"
#include "server.h"
#include "text.h"
#include "theme.h"
#include "toplevel.h"

#define ENTRIES 64 // windows beyond are not offered
#define ROW 44
#define WIDTH 520
#define PADDING 10
#define HALO 24
#define RADIUS 14
#define BADGE 26

struct entry {
	struct switcher *switcher;
	struct toplevel *toplevel; // NULL: gone
	struct wl_listener gone, title;
};

struct switcher {
	struct server *server;
	struct picture *picture; // NULL: closed
	struct entry entries[ENTRIES];
	size_t size, chosen, first; // first: uppermost row shown
	size_t rows;                // shown at once
	uint32_t held;              // modifiers that keep it open
};

static void close_switcher(struct switcher *switcher) {
	if (!switcher->picture) {
		return;
	}
	picture_destroy(switcher->picture);
	switcher->picture = NULL;
	for (size_t i = 0; i < switcher->size; i++) {
		if (switcher->entries[i].toplevel) {
			wl_list_remove(&switcher->entries[i].gone.link);
			wl_list_remove(&switcher->entries[i].title.link);
		}
	}
	switcher->size = 0;
}

static void take(struct switcher *switcher) {
	struct toplevel *toplevel =
		switcher->chosen < switcher->size ? switcher->entries[switcher->chosen].toplevel : NULL;
	close_switcher(switcher);
	if (toplevel) {
		toplevel_focus(toplevel);
	}
}

static void draw_panel(cairo_t *cr, double x, double y, double w, double h) {
	for (int i = HALO; i > 0; i -= 2) {
		paint_rounded(cr, x - i, y - i + 6, w + 2 * i, h + 2 * i - 6, RADIUS + i);
		cairo_set_source_rgba(cr, 0, 0, 0, 0.028);
		cairo_fill(cr);
	}
	paint_rounded(cr, x, y, w, h, RADIUS);
	paint_colour(cr, THEME_PANEL);
	cairo_fill(cr);
	paint_rounded(cr, x + 0.5, y + 0.5, w - 1, h - 1, RADIUS - 0.5);
	cairo_set_line_width(cr, 1);
	paint_colour(cr, THEME_PANEL_EDGE);
	cairo_stroke(cr);
}

/* A tile with the first letter of the program's name, in a colour that is always the same for it. */
static void draw_badge(struct text *text, cairo_t *cr, const char *app_id, double x, double y,
		bool dim) {
	static const uint32_t colours[] = {0x2f8f88ffu, 0x3f74b5ffu, 0x7a63b8ffu, 0xb0596fffu,
		0xa9793affu, 0x5a8a45ffu, 0x4a7f9effu, 0x93557fffu};
	const char *name = strrchr(app_id, '.');
	name = name && name[1] ? name + 1 : app_id;
	uint32_t sum = 0;
	for (const char *at = app_id; *at; at++) {
		sum = sum * 31 + (unsigned char)*at;
	}
	uint32_t colour = colours[sum % (sizeof(colours) / sizeof(colours[0]))];
	paint_rounded(cr, x, y - BADGE / 2.0, BADGE, BADGE, 7);
	paint_colour(cr, dim ? (colour & 0xffffff00u) | 0x80u : colour);
	cairo_fill(cr);
	char letter[8] = "?";
	size_t bytes = 1;
	while (name[0] && bytes < 4 && ((unsigned char)name[bytes] & 0xc0) == 0x80) {
		bytes++; // of one character in UTF-8
	}
	if (name[0]) {
		memcpy(letter, name, bytes);
		letter[bytes] = '\0';
		letter[0] = letter[0] >= 'a' && letter[0] <= 'z' ? (char)(letter[0] - 32) : letter[0];
	}
	struct text_style style = {.size = 14, .bold = true};
	int width;
	text_measure(text, letter, &style, &width, NULL);
	text_draw(text, cr, letter, &style, dim ? 0xffffffa0u : 0xffffffffu, x + (BADGE - width) / 2.0,
		y);
}

static void draw_row(struct switcher *switcher, cairo_t *cr, const struct entry *entry, double x,
		double y, double width, bool chosen) {
	struct text *text = switcher->server->text;
	const struct toplevel *toplevel = entry->toplevel;
	if (!toplevel) {
		return;
	}
	if (chosen) {
		paint_rounded(cr, x, y - ROW / 2.0 + 1, width, ROW - 2, 9);
		paint_colour(cr, 0x4fd1c52eu);
		cairo_fill_preserve(cr);
		paint_colour(cr, 0x4fd1c58cu);
		cairo_set_line_width(cr, 1);
		cairo_stroke(cr);
	}
	const char *title = toplevel_title(toplevel), *app_id = toplevel_app_id(toplevel);
	draw_badge(text, cr, app_id, x + 12, y, toplevel->minimised);
	double from = x + 12 + BADGE + 12, room = x + width - 14 - from;
	const char *aside = toplevel->minimised ? "minimised" : app_id;
	struct text_style aside_style = {.size = 12, .width = 150};
	int aside_width;
	text_measure(text, aside, &aside_style, &aside_width, NULL);
	aside_width = aside_width < 150 ? aside_width : 150;
	struct text_style style = {.size = 14, .width = (int)(room - aside_width - 16)};
	text_draw(text, cr, *title ? title : app_id, &style,
		toplevel->minimised ? THEME_PANEL_DIM : THEME_PANEL_TEXT, from, y);
	text_draw(text, cr, aside, &aside_style, THEME_PANEL_DIM, x + width - 14 - aside_width, y);
}

static void draw(void *data, cairo_t *cr, int width, int height) {
	struct switcher *switcher = data;
	double x = HALO, y = HALO, w = width - 2 * HALO, h = height - 2 * HALO;
	draw_panel(cr, x, y, w, h);
	for (size_t i = 0; i < switcher->rows; i++) {
		size_t which = switcher->first + i;
		if (which < switcher->size) {
			draw_row(switcher, cr, &switcher->entries[which], x + PADDING,
				y + PADDING + ((double)i + 0.5) * ROW, w - 2 * PADDING,
				which == switcher->chosen);
		}
	}
}

static void handle_gone(struct wl_listener *listener, void *data) {
	struct entry *entry = wl_container_of(listener, entry, gone);
	struct switcher *switcher = entry->switcher;
	wl_list_remove(&entry->gone.link);
	wl_list_remove(&entry->title.link);
	entry->toplevel = NULL;
	bool any = false;
	for (size_t i = 0; i < switcher->size; i++) {
		any |= switcher->entries[i].toplevel != NULL;
	}
	if (any) {
		picture_redraw(switcher->picture);
	} else {
		close_switcher(switcher);
	}
}

static void handle_title(struct wl_listener *listener, void *data) {
	struct entry *entry = wl_container_of(listener, entry, title);
	picture_redraw(entry->switcher->picture);
}

static void collect(struct switcher *switcher) {
	struct toplevel *toplevel;
	wl_list_for_each(toplevel, &switcher->server->toplevels->recent, recent) {
		if (switcher->size == ENTRIES) {
			break;
		}
		struct entry *entry = &switcher->entries[switcher->size++];
		*entry = (struct entry){.switcher = switcher, .toplevel = toplevel};
		entry->gone.notify = handle_gone;
		wl_signal_add(&toplevel->events.gone, &entry->gone);
		entry->title.notify = handle_title;
		wl_signal_add(&toplevel->events.title, &entry->title);
	}
}

static bool open_switcher(struct switcher *switcher) {
	struct server *server = switcher->server;
	struct output *output = outputs_focused(server->outputs);
	if (!output || wl_list_empty(&server->toplevels->recent)) {
		return false;
	}
	switcher->picture =
		picture_create(server, server->layers[LAYER_SWITCHER], draw, switcher);
	if (!switcher->picture) {
		return false;
	}
	switcher->size = switcher->chosen = switcher->first = 0;
	collect(switcher);
	// With no window in the focus, the first step goes to the first of the list.
	switcher->chosen = toplevels_focused(server->toplevels) ? 0 : switcher->size - 1;
	const struct wlr_box *area = &output->usable;
	int fit = (area->height - 2 * HALO - 2 * PADDING) / ROW;
	switcher->rows = (size_t)(fit < 1 ? 1 : fit);
	switcher->rows = switcher->rows < switcher->size ? switcher->rows : switcher->size;
	int width = (WIDTH < area->width - 40 ? WIDTH : area->width - 40) + 2 * HALO;
	int height = (int)switcher->rows * ROW + 2 * PADDING + 2 * HALO;
	wlr_scene_node_set_position(picture_node(switcher->picture),
		area->x + (area->width - width) / 2, area->y + (area->height - height) / 2);
	picture_set_size(switcher->picture, width, height);
	return true;
}

static void go(struct switcher *switcher, int by) {
	// Past those that went while it was open.
	for (size_t tries = 0; tries < switcher->size; tries++) {
		switcher->chosen = (switcher->chosen + switcher->size + (size_t)by) % switcher->size;
		if (switcher->entries[switcher->chosen].toplevel) {
			break;
		}
	}
	if (switcher->chosen < switcher->first) {
		switcher->first = switcher->chosen;
	} else if (switcher->chosen >= switcher->first + switcher->rows) {
		switcher->first = switcher->chosen + 1 - switcher->rows;
	}
	picture_redraw(switcher->picture);
}

void switcher_step(struct switcher *switcher, int by) {
	uint32_t modifiers = keyboard_modifiers(switcher->server->keyboard);
	if (!switcher->picture) {
		if (!open_switcher(switcher)) {
			return;
		}
		switcher->held = modifiers & (WLR_MODIFIER_ALT | WLR_MODIFIER_LOGO | WLR_MODIFIER_CTRL);
	}
	go(switcher, by);
	if (!switcher->held) {
		take(switcher); // nothing will be let go
	}
}

static bool is_modifier(xkb_keysym_t sym) {
	return (sym >= XKB_KEY_Shift_L && sym <= XKB_KEY_Hyper_R) ||
		(sym >= XKB_KEY_ISO_Lock && sym <= XKB_KEY_ISO_Level5_Lock);
}

bool switcher_key(struct switcher *switcher, xkb_keysym_t sym) {
	if (!switcher->picture || is_modifier(sym)) {
		return false;
	}
	switch (sym) {
	case XKB_KEY_Escape:
		close_switcher(switcher);
		break;
	case XKB_KEY_Return:
	case XKB_KEY_KP_Enter:
		take(switcher);
		break;
	case XKB_KEY_Down:
	case XKB_KEY_Right:
		go(switcher, 1);
		break;
	case XKB_KEY_Up:
	case XKB_KEY_Left:
		go(switcher, -1);
		break;
	default:
		break;
	}
	return true;
}

void switcher_modifiers(struct switcher *switcher, uint32_t modifiers) {
	if (switcher->picture && !(modifiers & switcher->held)) {
		take(switcher);
	}
}

struct switcher *switcher_create(struct server *server) {
	struct switcher *switcher = calloc(1, sizeof(*switcher));
	if (switcher) {
		switcher->server = server;
	}
	return switcher;
}

void switcher_destroy(struct switcher *switcher) {
	if (switcher) {
		close_switcher(switcher);
		free(switcher);
	}
}
