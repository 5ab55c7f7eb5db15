/* SPDX-License-Identifier: MIT */
/*
 * paint.c - cairo images as wlr_buffers.
 *
 * What is painted, and when again, is the caller's business; text is text.c.
 */
#include "paint.h"

#include <assert.h>
#include <drm_fourcc.h>
#include <math.h>
#include <stdlib.h>
#include <wlr/interfaces/wlr_buffer.h>

struct paint_buffer {
	struct wlr_buffer base;
	cairo_surface_t *surface;
	bool opaque;
};

static const struct wlr_buffer_impl buffer_impl;

static struct paint_buffer *paint_buffer_from(struct wlr_buffer *base) {
	assert(base->impl == &buffer_impl);
	struct paint_buffer *buffer = wl_container_of(base, buffer, base);
	return buffer;
}

static void buffer_destroy(struct wlr_buffer *base) {
	struct paint_buffer *buffer = paint_buffer_from(base);
	cairo_surface_destroy(buffer->surface);
	free(buffer);
}

static bool buffer_begin_data_ptr_access(struct wlr_buffer *base, uint32_t flags, void **data,
		uint32_t *format, size_t *stride) {
	struct paint_buffer *buffer = paint_buffer_from(base);
	if (flags & WLR_BUFFER_DATA_PTR_ACCESS_WRITE) {
		return false;
	}
	*data = cairo_image_surface_get_data(buffer->surface);
	*stride = (size_t)cairo_image_surface_get_stride(buffer->surface);
	*format = buffer->opaque ? DRM_FORMAT_XRGB8888 : DRM_FORMAT_ARGB8888;
	return true;
}

static void buffer_end_data_ptr_access(struct wlr_buffer *base) {
}

static const struct wlr_buffer_impl buffer_impl = {
	.destroy = buffer_destroy,
	.begin_data_ptr_access = buffer_begin_data_ptr_access,
	.end_data_ptr_access = buffer_end_data_ptr_access,
};

cairo_t *paint_begin(int width, int height, double scale, struct wlr_buffer **out) {
	struct paint_buffer *buffer = calloc(1, sizeof(*buffer));
	if (!buffer) {
		return NULL;
	}
	buffer->surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
	if (cairo_surface_status(buffer->surface) != CAIRO_STATUS_SUCCESS) {
		cairo_surface_destroy(buffer->surface);
		free(buffer);
		return NULL;
	}
	wlr_buffer_init(&buffer->base, &buffer_impl, width, height);
	cairo_t *cr = cairo_create(buffer->surface);
	cairo_scale(cr, scale, scale);
	*out = &buffer->base;
	return cr;
}

void paint_end(cairo_t *cr) {
	cairo_surface_flush(cairo_get_target(cr));
	cairo_destroy(cr);
}

uint32_t *paint_pixels(struct wlr_buffer *base, size_t *stride_bytes) {
	struct paint_buffer *buffer = paint_buffer_from(base);
	*stride_bytes = (size_t)cairo_image_surface_get_stride(buffer->surface);
	return (uint32_t *)(void *)cairo_image_surface_get_data(buffer->surface);
}

void paint_set_opaque(struct wlr_buffer *base) {
	paint_buffer_from(base)->opaque = true;
}

void paint_colour(cairo_t *cr, uint32_t rgba) {
	cairo_set_source_rgba(cr, (rgba >> 24) / 255.0, (rgba >> 16 & 0xff) / 255.0,
		(rgba >> 8 & 0xff) / 255.0, (rgba & 0xff) / 255.0);
}

void paint_rounded(cairo_t *cr, double x, double y, double width, double height, double radius) {
	double r = fmin(radius, fmin(width, height) / 2);
	cairo_new_sub_path(cr);
	cairo_arc(cr, x + width - r, y + r, r, -M_PI_2, 0);
	cairo_arc(cr, x + width - r, y + height - r, r, 0, M_PI_2);
	cairo_arc(cr, x + r, y + height - r, r, M_PI_2, M_PI);
	cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI_2);
	cairo_close_path(cr);
}

void paint_rounded_top(cairo_t *cr, double x, double y, double width, double height,
		double radius) {
	double r = fmin(radius, fmin(width / 2, height));
	cairo_new_sub_path(cr);
	cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI_2);
	cairo_arc(cr, x + width - r, y + r, r, -M_PI_2, 0);
	cairo_line_to(cr, x + width, y + height);
	cairo_line_to(cr, x, y + height);
	cairo_close_path(cr);
}
