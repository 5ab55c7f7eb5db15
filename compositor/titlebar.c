/* SPDX-License-Identifier: MIT */
/*
 * titlebar.c - drawing a titlebar: a rounded bar, the title in its middle, three buttons.
 */
#include "titlebar.h"

#include <math.h>
#include <string.h>

#include "paint.h"
#include "text.h"
#include "theme.h"

#define BUTTONS 3

static const enum frame_part buttons[BUTTONS] = {FRAME_CLOSE, FRAME_MAXIMISE, FRAME_MINIMISE};

bool titlebar_equal(const struct titlebar *a, const struct titlebar *b) {
	return strcmp(a->title, b->title) == 0 && a->active == b->active &&
		a->maximised == b->maximised && a->urgent == b->urgent && a->hover == b->hover &&
		a->pressed == b->pressed;
}

/* The middle of the i-th button from the right. */
static double button_x(int i, int width) {
	return width - THEME_BUTTON_MARGIN - (i + 0.5) * THEME_BUTTON_PITCH;
}

/* A narrow window has fewer buttons, the last to go is close. */
static int buttons_shown(int width) {
	int fit = (width - THEME_BUTTON_MARGIN - THEME_TITLE_PADDING) / THEME_BUTTON_PITCH;
	return fit < 0 ? 0 : fit > BUTTONS ? BUTTONS : fit;
}

enum frame_part titlebar_part_at(int x, int width) {
	for (int i = 0; i < buttons_shown(width); i++) {
		// The margin right of the last belongs to it: one may throw the pointer into the corner.
		double right = i == 0 ? width : button_x(i, width) + THEME_BUTTON_PITCH / 2.0;
		if (x >= button_x(i, width) - THEME_BUTTON_PITCH / 2.0 && x < right) {
			return buttons[i];
		}
	}
	return FRAME_TITLE;
}

static void draw_ground(const struct titlebar *bar, cairo_t *cr, int width, int height) {
	double radius = bar->maximised ? 0 : THEME_TITLE_RADIUS;
	// The border's line around the rounded part; the straight part has its own.
	if (!bar->maximised) {
		paint_rounded_top(cr, 0, 0, width, height, radius);
		paint_colour(cr, THEME_BORDER);
		cairo_fill(cr);
	}
	cairo_save(cr);
	paint_rounded_top(cr, 0, 0, width, height, radius);
	cairo_clip(cr);
	if (bar->active) {
		cairo_pattern_t *shade = cairo_pattern_create_linear(0, 0, 0, height);
		uint32_t ends[2] = {THEME_BAR_ACTIVE_TOP, THEME_BAR_ACTIVE};
		for (int i = 0; i < 2; i++) {
			cairo_pattern_add_color_stop_rgb(shade, i, (ends[i] >> 24) / 255.0,
				(ends[i] >> 16 & 0xff) / 255.0, (ends[i] >> 8 & 0xff) / 255.0);
		}
		cairo_set_source(cr, shade);
		cairo_pattern_destroy(shade);
	} else {
		paint_colour(cr, THEME_BAR_INACTIVE);
	}
	cairo_paint(cr);
	// Light from above catches the upper edge; along the window runs a darker line.
	paint_rounded_top(cr, 0.5, 0.5, width - 1, height + radius, radius - 0.5);
	cairo_set_line_width(cr, 1);
	paint_colour(cr, bar->active ? THEME_BAR_LIGHT : THEME_BAR_LIGHT_INACTIVE);
	cairo_stroke(cr);
	paint_colour(cr, THEME_BAR_LINE);
	cairo_rectangle(cr, 0, height - 1, width, 1);
	cairo_fill(cr);
	cairo_restore(cr);
}

static void icon_path(enum frame_part part, cairo_t *cr, double x, double y, bool maximised) {
	double r = 4.5;
	switch (part) {
	case FRAME_CLOSE:
		r = 4;
		cairo_move_to(cr, x - r, y - r);
		cairo_line_to(cr, x + r, y + r);
		cairo_move_to(cr, x + r, y - r);
		cairo_line_to(cr, x - r, y + r);
		break;
	case FRAME_MAXIMISE:
		if (maximised) {
			paint_rounded(cr, x - 4.5, y - 2.5, 7, 7, 1.5);
			cairo_move_to(cr, x - 2, y - 4.5);
			cairo_line_to(cr, x + 3, y - 4.5);
			cairo_arc(cr, x + 3, y - 3, 1.5, -M_PI_2, 0);
			cairo_line_to(cr, x + 4.5, y + 2);
		} else {
			paint_rounded(cr, x - 4.5, y - 4.5, 9, 9, 2);
		}
		break;
	case FRAME_MINIMISE:
		cairo_move_to(cr, x - r, y);
		cairo_line_to(cr, x + r, y);
		break;
	default:
		break;
	}
}

static void draw_button(const struct titlebar *bar, cairo_t *cr, int i, int width, int height) {
	enum frame_part part = buttons[i];
	bool hover = bar->hover == part;
	// On the middle of a pixel, where one-pixel lines are sharp.
	double x = floor(button_x(i, width)) + 0.5, y = floor(height / 2.0) + 0.5;
	if (hover) {
		cairo_arc(cr, x, y, THEME_BUTTON_SIZE / 2.0 + 0.5, 0, 2 * M_PI);
		paint_colour(cr, part == FRAME_CLOSE ? THEME_CLOSE_HOVER : THEME_HOVER);
		cairo_fill_preserve(cr);
		paint_colour(cr, bar->pressed ? 0x00000050u : 0x00000000u);
		cairo_fill(cr);
	}
	icon_path(part, cr, x, y, bar->maximised);
	cairo_set_line_width(cr, part == FRAME_MINIMISE ? 1.4 : 1.3);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	paint_colour(cr, hover && part == FRAME_CLOSE ? 0xffffffffu :
		bar->active || hover ? THEME_ICON_ACTIVE : THEME_ICON_INACTIVE);
	cairo_stroke(cr);
}

static void draw_title(const struct titlebar *bar, struct text *text, cairo_t *cr, int width,
		int height) {
	int taken = THEME_BUTTON_MARGIN + buttons_shown(width) * THEME_BUTTON_PITCH + 6;
	int room = width - taken - THEME_TITLE_PADDING;
	if (room < 20) {
		return;
	}
	struct text_style style = {.size = THEME_TITLE_FONT_SIZE, .bold = true, .width = room};
	int natural;
	text_measure(text, bar->title, &style, &natural, NULL);
	// In the middle of the bar if that leaves the buttons alone, else left of them.
	double x = (width - natural) / 2.0;
	x = fmin(x, width - taken - natural);
	x = fmax(x, THEME_TITLE_PADDING);
	text_draw(text, cr, bar->title, &style,
		bar->active ? THEME_TITLE_ACTIVE : bar->urgent ? THEME_URGENT : THEME_TITLE_INACTIVE,
		round(x), height / 2.0);
}

void titlebar_draw(const struct titlebar *bar, struct text *text, cairo_t *cr, int width,
		int height) {
	draw_ground(bar, cr, width, height);
	for (int i = 0; i < buttons_shown(width); i++) {
		draw_button(bar, cr, i, width, height);
	}
	draw_title(bar, text, cr, width, height);
}
