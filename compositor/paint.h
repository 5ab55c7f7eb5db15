/* SPDX-License-Identifier: MIT */
#ifndef PAINT_H
#define PAINT_H

#include <cairo.h>
#include <stddef.h>
#include <stdint.h>
#include <wlr/types/wlr_buffer.h>

/* Drawing with cairo into buffers that the scene can show. */

/*
 * A cairo context over a new buffer of so many device pixels, scaled so that its user space is in
 * logical pixels. The buffer is born with the caller's reference: give it to the scene, then
 * wlr_buffer_drop(). Finish with paint_end(). NULL: no memory.
 */
cairo_t *paint_begin(int width, int height, double scale, struct wlr_buffer **buffer);
void paint_end(cairo_t *cr);

/* The pixels of a buffer made by paint_begin(): premultiplied ARGB in native order. */
uint32_t *paint_pixels(struct wlr_buffer *buffer, size_t *stride_bytes);
/* Says that no pixel of the buffer is translucent, so that what is behind need not be drawn. */
void paint_set_opaque(struct wlr_buffer *buffer);

/* Sets the source colour from 0xRRGGBBAA. */
void paint_colour(cairo_t *cr, uint32_t rgba);
/* A rectangle with rounded corners as the path; radius is cut to what fits. */
void paint_rounded(cairo_t *cr, double x, double y, double width, double height, double radius);
/* As paint_rounded, with only the upper two corners round. */
void paint_rounded_top(cairo_t *cr, double x, double y, double width, double height, double radius);

#endif
