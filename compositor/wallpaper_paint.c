/* SPDX-License-Identifier: MIT */
/*
 * wallpaper_paint.c - our own background: a calm night sky from dark blue to teal, and in its lower
 * part a field of boxes, some of them lit and linked.
 *
 * It is computed, so that it is sharp at any size. Nothing in it is random: the same size gives the
 * same picture.
 */
#include <math.h>
#include <stdint.h>

#include "paint.h"
#include "wallpaper.h"

struct colour {
	double r, g, b;
};

static const struct colour night = {9, 17, 31}, blue = {16, 38, 62}, teal = {18, 92, 100},
	violet = {34, 34, 74};

static double clamp01(double value) {
	return value < 0 ? 0 : value > 1 ? 1 : value;
}

static double smooth(double value) {
	value = clamp01(value);
	return value * value * (3 - 2 * value);
}

static void mix(struct colour *base, const struct colour *other, double part) {
	base->r += (other->r - base->r) * part;
	base->g += (other->g - base->g) * part;
	base->b += (other->b - base->b) * part;
}

/* Light that falls off from a point; x and y count in heights of the picture. */
static double glow(double x, double y, double cx, double cy, double radius) {
	double d2 = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / (radius * radius);
	return exp(-d2 * 2);
}

static struct colour sky(double x, double y, double aspect) {
	struct colour colour = night;
	mix(&colour, &blue, smooth(y * 0.85 + 0.1 * x / aspect));
	mix(&colour, &violet, 0.55 * glow(x, y, aspect * 0.16, 0.12, 0.75));
	mix(&colour, &teal, 0.92 * glow(x, y, aspect * 0.84, 1.02, 0.95));
	return colour;
}

/*
 * Eight bits a channel are too few for so slow a gradient: a little noise, finer than one step, makes
 * the steps disappear. This one is Jimenez' interleaved gradient noise.
 */
static double noise(int x, int y) {
	double inner = 0.06711056 * x + 0.00583715 * y;
	inner -= floor(inner);
	double outer = 52.9829189 * inner;
	return outer - floor(outer);
}

static uint32_t quantise(const struct colour *colour, double dither) {
	uint32_t r = (uint32_t)(colour->r + dither), g = (uint32_t)(colour->g + dither),
		b = (uint32_t)(colour->b + dither);
	return 0xff000000u | r << 16 | g << 8 | b;
}

/* The sky at the corners of cells of 8x8 pixels, straight lines between. */
static void paint_sky(uint32_t *pixels, size_t stride, int width, int height) {
	const int cell = 8;
	double aspect = (double)width / height;
	for (int y0 = 0; y0 < height; y0 += cell) {
		for (int x0 = 0; x0 < width; x0 += cell) {
			double u0 = (double)x0 / height, u1 = (double)(x0 + cell) / height;
			double v0 = (double)y0 / height, v1 = (double)(y0 + cell) / height;
			struct colour a = sky(u0, v0, aspect), b = sky(u1, v0, aspect);
			struct colour c = sky(u0, v1, aspect), d = sky(u1, v1, aspect);
			for (int y = y0; y < y0 + cell && y < height; y++) {
				struct colour left = a, right = b;
				mix(&left, &c, (y - y0) / (double)cell);
				mix(&right, &d, (y - y0) / (double)cell);
				for (int x = x0; x < x0 + cell && x < width; x++) {
					struct colour here = left;
					mix(&here, &right, (x - x0) / (double)cell);
					pixels[(size_t)y * stride + (size_t)x] = quantise(&here, noise(x, y));
				}
			}
		}
	}
}

/* A number from 0 to 1 for a place of the grid. */
static double hash(int x, int y) {
	uint32_t h = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u;
	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	h ^= h >> 12;
	h *= 0x297a2d39u;
	h ^= h >> 15;
	return h / 4294967296.0;
}

struct grid {
	double pitch, box, radius; // from one box to the next, its side, its corners
	double width, height;
};

/* How much of the grid shows at a point: most near the lower right, nothing in the upper left. */
static double presence(const struct grid *grid, double x, double y) {
	double aspect = grid->width / grid->height;
	return smooth(1.25 * glow(x / grid->height, y / grid->height, aspect * 0.86, 0.98, 0.86) - 0.08);
}

static void grid_place(const struct grid *grid, int column, int row, double *x, double *y) {
	*x = grid->width - (column + 0.5) * grid->pitch;
	*y = grid->height - (row + 0.5) * grid->pitch;
}

static void paint_box(cairo_t *cr, const struct grid *grid, int column, int row) {
	double x, y, chance = hash(column, row);
	grid_place(grid, column, row, &x, &y);
	double seen = presence(grid, x, y);
	if (seen < 0.01) {
		return;
	}
	double half = grid->box / 2;
	paint_rounded(cr, x - half, y - half, grid->box, grid->box, grid->radius);
	if (chance > 0.86) {
		// A lit one.
		cairo_set_source_rgba(cr, 0.31, 0.82, 0.77, 0.20 * seen);
		cairo_fill_preserve(cr);
		cairo_set_source_rgba(cr, 0.45, 0.92, 0.86, 0.42 * seen);
	} else {
		cairo_set_source_rgba(cr, 0.62, 0.86, 0.95, (0.020 + 0.045 * chance) * seen);
		cairo_fill_preserve(cr);
		cairo_set_source_rgba(cr, 0.70, 0.90, 0.97, 0.085 * seen);
	}
	cairo_set_line_width(cr, 1);
	cairo_stroke(cr);
}

/* From a lit box to the next lit one in its row or column, if that is near. */
static void paint_link(cairo_t *cr, const struct grid *grid, int column, int row) {
	static const int steps[2][2] = {{1, 0}, {0, 1}};
	for (size_t i = 0; i < 2; i++) {
		for (int n = 1; n <= 3; n++) {
			int c = column + n * steps[i][0], r = row + n * steps[i][1];
			if (hash(c, r) <= 0.86) {
				continue;
			}
			double x0, y0, x1, y1, half = grid->box / 2;
			grid_place(grid, column, row, &x0, &y0);
			grid_place(grid, c, r, &x1, &y1);
			double seen = fmin(presence(grid, x0, y0), presence(grid, x1, y1));
			cairo_move_to(cr, x0 - steps[i][0] * half, y0 - steps[i][1] * half);
			cairo_line_to(cr, x1 + steps[i][0] * half, y1 + steps[i][1] * half);
			cairo_set_source_rgba(cr, 0.45, 0.92, 0.86, 0.34 * seen);
			cairo_set_line_width(cr, 1.5);
			cairo_stroke(cr);
			break;
		}
	}
}

static void paint_grid(cairo_t *cr, double width, double height) {
	// About fifteen rows on any screen.
	double pitch = round(fmax(40, height / 15));
	struct grid grid = {
		.pitch = pitch,
		.box = round(pitch * 0.72),
		.radius = round(pitch * 0.16),
		.width = width,
		.height = height,
	};
	int columns = (int)(width / pitch) + 1, rows = (int)(height / pitch) + 1;
	for (int row = 0; row < rows; row++) {
		for (int column = 0; column < columns; column++) {
			if (hash(column, row) > 0.86) {
				paint_link(cr, &grid, column, row);
			}
			paint_box(cr, &grid, column, row);
		}
	}
}

struct wlr_buffer *wallpaper_paint(int width, int height, double scale) {
	struct wlr_buffer *buffer;
	cairo_t *cr = paint_begin(width, height, scale, &buffer);
	if (!cr) {
		return NULL;
	}
	size_t stride_bytes;
	uint32_t *pixels = paint_pixels(buffer, &stride_bytes);
	cairo_surface_flush(cairo_get_target(cr));
	paint_sky(pixels, stride_bytes / sizeof(*pixels), width, height);
	cairo_surface_mark_dirty(cairo_get_target(cr));
	paint_grid(cr, width / scale, height / scale);
	paint_end(cr);
	paint_set_opaque(buffer);
	return buffer;
}
