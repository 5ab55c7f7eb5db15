/* SPDX-License-Identifier: MIT */
#ifndef TEXT_H
#define TEXT_H

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Lines of text in our font. Whatever the bytes are, a line comes out: invalid UTF-8 is replaced,
 * line breaks become blanks.
 */

struct text;

struct text_style {
	double size; // px
	bool bold;
	int width; // ellipsised at the end beyond this; 0: as wide as it comes
};

/* The fonts, shared by all that draws text. NULL: no memory. */
struct text *text_create(void);
void text_destroy(struct text *text);

/* Size of a line in logical pixels, rounded up; either pointer may be NULL. */
void text_measure(struct text *text, const char *string, const struct text_style *style,
	int *width, int *height);
/* Draws a line with its left edge at x and centred vertically on y; returns its width. */
double text_draw(struct text *text, cairo_t *cr, const char *string,
	const struct text_style *style, uint32_t rgba, double x, double y);

#endif
