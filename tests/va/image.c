/* SPDX-License-Identifier: MIT */
/*
 * image.c - surfaces as who has no graphics processor sees them: derived in place, or copied.
 */
#include "va/driver.h"

#include <string.h>

static const VAImageFormat formats[] = {
	{.fourcc = VA_FOURCC_NV12, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 12},
	{.fourcc = VA_FOURCC_BGRX, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 32, .depth = 24,
		.red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff},
	{.fourcc = VA_FOURCC_BGRA, .byte_order = VA_LSB_FIRST, .bits_per_pixel = 32, .depth = 32,
		.red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff, .alpha_mask = 0xff000000},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static const VAImageFormat *find_format(uint32_t fourcc) {
	for (size_t i = 0; i < FORMATS; i++) {
		if (formats[i].fourcc == fourcc) {
			return &formats[i];
		}
	}
	return NULL;
}

static VAStatus query_formats(VADriverContextP va, VAImageFormat *list, int *count) {
	memcpy(list, formats, sizeof(formats));
	*count = (int)FORMATS;
	return VA_STATUS_SUCCESS;
}

/* Takes the buffer over. */
static VAStatus image_create(VADriverContextP va, struct buffer *buffer, VAImage *image) {
	struct image *made = buffer ? object_create(va, OBJECT_IMAGE, sizeof(*made)) : NULL;
	if (!made) {
		buffer_destroy(va, buffer);
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	image->image_id = made->object.id;
	image->buf = buffer->object.id;
	image->data_size = buffer->size;
	image->num_planes = is_rgb(image->format.fourcc) ? 1 : 2;
	made->image = *image;
	return VA_STATUS_SUCCESS;
}

static VAStatus create(VADriverContextP va, VAImageFormat *wanted, int width, int height,
		VAImage *image) {
	const VAImageFormat *format = find_format(wanted->fourcc);
	if (!format) {
		return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
	}
	if (width <= 0 || height <= 0 || width > VA_SIDE_MAX || height > VA_SIDE_MAX) {
		return VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
	}
	uint32_t pitch = (uint32_t)(width + 15) / 16 * 16 * (is_rgb(format->fourcc) ? 4 : 1);
	uint32_t rows = (uint32_t)(height + 1) / 2 * 2;
	uint32_t size = pitch * rows;
	*image = (VAImage){
		.format = *format,
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.pitches = {pitch, pitch},
		.offsets = {0, size},
	};
	size += is_rgb(format->fourcc) ? 0 : size / 2;
	return image_create(va, buffer_create(va, VAImageBufferType, size, 1, NULL), image);
}

static VAStatus derive(VADriverContextP va, VASurfaceID id, VAImage *image) {
	struct surface *surface = object_find(va, OBJECT_SURFACE, id);
	if (!surface) {
		return VA_STATUS_ERROR_INVALID_SURFACE;
	}
	struct buffer *buffer = object_create(va, OBJECT_BUFFER, sizeof(*buffer));
	if (buffer) {
		buffer->type = VAImageBufferType;
		buffer->borrowed = true;
		buffer->bytes = surface->bytes;
		buffer->size = (uint32_t)surface->size;
		buffer->count = 1;
	}
	*image = (VAImage){
		.format = *find_format(surface->fourcc),
		.width = (uint16_t)surface->width,
		.height = (uint16_t)surface->height,
		.pitches = {surface->pitch[0], surface->pitch[1]},
		.offsets = {surface->offset[0], surface->offset[1]},
	};
	return image_create(va, buffer, image);
}

static VAStatus destroy(VADriverContextP va, VAImageID id) {
	struct image *image = object_find(va, OBJECT_IMAGE, id);
	if (!image) {
		return VA_STATUS_ERROR_INVALID_IMAGE;
	}
	buffer_destroy(va, object_find(va, OBJECT_BUFFER, image->image.buf));
	object_destroy(va, image);
	return VA_STATUS_SUCCESS;
}

/* A rectangle of one plane, from or to. */
static void copy_plane(uint8_t *to, uint32_t to_pitch, const uint8_t *from, uint32_t from_pitch,
		uint32_t width, uint32_t height) {
	for (uint32_t y = 0; y < height; y++) {
		memcpy(to + (size_t)y * to_pitch, from + (size_t)y * from_pitch, width);
	}
}

/* The whole of the smaller; that is all that is ever asked for. put: image to surface. */
static VAStatus copy(VADriverContextP va, VASurfaceID surface_id, VAImageID image_id, bool put) {
	struct surface *surface = object_find(va, OBJECT_SURFACE, surface_id);
	struct image *image = object_find(va, OBJECT_IMAGE, image_id);
	if (!surface || !image) {
		return surface ? VA_STATUS_ERROR_INVALID_IMAGE : VA_STATUS_ERROR_INVALID_SURFACE;
	}
	struct buffer *buffer = object_find(va, OBJECT_BUFFER, image->image.buf);
	if (!buffer || image->image.format.fourcc != surface->fourcc) {
		return VA_STATUS_ERROR_INVALID_IMAGE_FORMAT;
	}
	bool rgb = is_rgb(surface->fourcc);
	uint32_t width = (uint32_t)surface->width, height = (uint32_t)surface->height;
	width = image->image.width < width ? image->image.width : width;
	height = image->image.height < height ? image->image.height : height;
	for (int plane = 0; plane < (rgb ? 1 : 2); plane++) {
		uint8_t *a = surface->bytes + surface->offset[plane];
		uint8_t *b = buffer->bytes + image->image.offsets[plane];
		uint32_t a_pitch = surface->pitch[plane], b_pitch = image->image.pitches[plane];
		uint32_t bytes = rgb ? width * 4 : plane > 0 ? (width + 1) / 2 * 2 : width;
		uint32_t rows = plane > 0 ? (height + 1) / 2 : height;
		copy_plane(put ? a : b, put ? a_pitch : b_pitch, put ? b : a, put ? b_pitch : a_pitch,
			bytes, rows);
	}
	return VA_STATUS_SUCCESS;
}

static VAStatus get(VADriverContextP va, VASurfaceID surface, int x, int y, unsigned int width,
		unsigned int height, VAImageID image) {
	return x != 0 || y != 0 ? VA_STATUS_ERROR_UNIMPLEMENTED : copy(va, surface, image, false);
}

static VAStatus put(VADriverContextP va, VASurfaceID surface, VAImageID image, int src_x, int src_y,
		unsigned int src_width, unsigned int src_height, int dest_x, int dest_y,
		unsigned int dest_width, unsigned int dest_height) {
	if (src_x != 0 || src_y != 0 || dest_x != 0 || dest_y != 0 || src_width != dest_width ||
			src_height != dest_height) {
		return VA_STATUS_ERROR_UNIMPLEMENTED;
	}
	return copy(va, surface, image, true);
}

void image_fill(struct VADriverVTable *vtable) {
	vtable->vaQueryImageFormats = query_formats;
	vtable->vaCreateImage = create;
	vtable->vaDeriveImage = derive;
	vtable->vaDestroyImage = destroy;
	vtable->vaGetImage = get;
	vtable->vaPutImage = put;
}
