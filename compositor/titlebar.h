/* SPDX-License-Identifier: MIT */
#ifndef TITLEBAR_H
#define TITLEBAR_H

#include <cairo.h>
#include <stdbool.h>

#include "frame.h"

/* How a titlebar looks, and where its buttons are. */

struct text;

struct titlebar {
	const char *title;
	bool active, maximised, urgent;
	enum frame_part hover;
	bool pressed;
};

bool titlebar_equal(const struct titlebar *a, const struct titlebar *b);
void titlebar_draw(const struct titlebar *bar, struct text *text, cairo_t *cr, int width,
	int height);
/* Which part is at a distance from the bar's left end: a button or the title. */
enum frame_part titlebar_part_at(int x, int width);

#endif
