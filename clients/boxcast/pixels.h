/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PIXELS_H
#define BOXCAST_PIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxcast/picture.h"

/*
 * Pixels of captures: mapped for reading, converted to planes of 4:2:0 video.
 */

#define PIXELS_KEPT 8 // mappings; a swapchain has fewer buffers

/* Mappings of the buffers that come again and again, so that each is mapped once. */
struct pixels {
	struct pixels_map {
		dev_t device;
		ino_t inode;
		const uint8_t *bytes; // NULL: free
		size_t size;
		uint64_t used; // the oldest gives way
	} maps[PIXELS_KEPT];
	uint64_t uses;
	uint8_t *scaled; // room for a capture that is made smaller; NULL: none was
	size_t scaled_size;
};

void pixels_init(struct pixels *pixels);
void pixels_finish(struct pixels *pixels);

/*
 * The first `extent` bytes of what fd refers to, readable until pixels_finish or PIXELS_KEPT other
 * calls. NULL and errno: it is smaller (EINVAL), or cannot be mapped. fd may be closed behind it.
 */
const uint8_t *pixels_map(struct pixels *pixels, int fd, uint64_t extent);

/* A dmabuf must be readable by the CPU from `true` to `false`. Errors are no matter: it may be coherent. */
void pixels_sync(int fd, bool begin);

/*
 * BGRx pixels made smaller, rows of 4 * to.width bytes, valid until the next call. NULL and errno: no
 * memory, or sizes that libyuv refuses.
 */
const uint8_t *pixels_scale(struct pixels *pixels, const uint8_t *bgrx, uint32_t stride,
	struct picture_size from, struct picture_size to);

struct pixels_planes {
	uint8_t *y, *u, *v; // v NULL: u holds both, interleaved (NV12)
	int y_stride, u_stride, v_stride;
	struct picture_size size; // picture_padded() of the window
};
/*
 * Converts BGRx (what DRM calls XRGB8888 or ARGB8888) to BT.601 limited, and pads. false: the
 * conversion refused its arguments.
 */
bool pixels_convert(const uint8_t *bgrx, uint32_t stride, struct picture_size window,
	const struct pixels_planes *planes);

#endif
