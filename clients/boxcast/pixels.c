/* SPDX-License-Identifier: MIT */
/*
 * pixels.c - maps captures and makes 4:2:0 of them, by libyuv. What becomes of the planes is the
 * encoder's; nothing here knows it.
 */
#include "boxcast/pixels.h"

#include <errno.h>
#include <libyuv.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void pixels_init(struct pixels *pixels) {
	*pixels = (struct pixels){0};
}

static void map_finish(struct pixels_map *map) {
	if (map->bytes) {
		munmap((void *)map->bytes, map->size);
		map->bytes = NULL;
	}
}

void pixels_finish(struct pixels *pixels) {
	for (size_t i = 0; i < PIXELS_KEPT; i++) {
		map_finish(&pixels->maps[i]);
	}
	free(pixels->scaled);
	pixels->scaled = NULL;
}

const uint8_t *pixels_map(struct pixels *pixels, int fd, uint64_t extent) {
	struct stat stat;
	if (fstat(fd, &stat) < 0) {
		return NULL;
	}
	// a dmabuf's size is told by lseek only
	off_t end = stat.st_size > 0 ? stat.st_size : lseek(fd, 0, SEEK_END);
	if (end <= 0 || extent == 0 || (uint64_t)end < extent) {
		errno = EINVAL;
		return NULL;
	}
	struct pixels_map *oldest = &pixels->maps[0];
	for (size_t i = 0; i < PIXELS_KEPT; i++) {
		struct pixels_map *map = &pixels->maps[i];
		// while it is mapped its inode cannot become another file's
		if (map->bytes && map->device == stat.st_dev && map->inode == stat.st_ino &&
				map->size == (size_t)end) {
			map->used = ++pixels->uses;
			return map->bytes;
		}
		if (!map->bytes || (oldest->bytes && map->used < oldest->used)) {
			oldest = map;
		}
	}
	void *bytes = mmap(NULL, (size_t)end, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		return NULL;
	}
	map_finish(oldest);
	*oldest = (struct pixels_map){
		.device = stat.st_dev,
		.inode = stat.st_ino,
		.bytes = bytes,
		.size = (size_t)end,
		.used = ++pixels->uses,
	};
	return bytes;
}

void pixels_sync(int fd, bool begin) {
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_READ | (begin ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END),
	};
	while (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) < 0 && (errno == EINTR || errno == EAGAIN)) {
	}
}

const uint8_t *pixels_scale(struct pixels *pixels, const uint8_t *bgrx, uint32_t stride,
		struct picture_size from, struct picture_size to) {
	size_t size = (size_t)to.width * (size_t)to.height * 4;
	if (size > pixels->scaled_size) {
		uint8_t *room = realloc(pixels->scaled, size);
		if (!room) {
			return NULL;
		}
		pixels->scaled = room;
		pixels->scaled_size = size;
	}
	if (ARGBScale(bgrx, (int)stride, from.width, from.height, pixels->scaled, to.width * 4, to.width,
			to.height, kFilterBox)) {
		errno = EINVAL;
		return NULL;
	}
	return pixels->scaled;
}

/* Repeats the last column and the last row of a plane whose samples are `unit` bytes. */
static void pad(uint8_t *plane, int stride, int unit, struct picture_size from,
		struct picture_size to) {
	for (int x = from.width; x < to.width; x++) {
		for (int y = 0; y < from.height; y++) {
			uint8_t *row = plane + (ptrdiff_t)y * stride;
			memcpy(row + x * unit, row + (from.width - 1) * unit, (size_t)unit);
		}
	}
	for (int y = from.height; y < to.height; y++) {
		memcpy(plane + (ptrdiff_t)y * stride, plane + (ptrdiff_t)(from.height - 1) * stride,
			(size_t)to.width * (size_t)unit);
	}
}

bool pixels_convert(const uint8_t *bgrx, uint32_t stride, struct picture_size window,
		const struct pixels_planes *planes) {
	int failed;
	if (planes->v) {
		failed = ARGBToI420(bgrx, (int)stride, planes->y, planes->y_stride, planes->u,
			planes->u_stride, planes->v, planes->v_stride, window.width, window.height);
	} else {
		failed = ARGBToNV12(bgrx, (int)stride, planes->y, planes->y_stride, planes->u,
			planes->u_stride, window.width, window.height);
	}
	if (failed) {
		return false;
	}
	const struct picture_size to = planes->size;
	const struct picture_size chroma = {(window.width + 1) / 2, (window.height + 1) / 2};
	const struct picture_size chroma_to = {to.width / 2, to.height / 2};
	pad(planes->y, planes->y_stride, 1, window, to);
	if (planes->v) {
		pad(planes->u, planes->u_stride, 1, chroma, chroma_to);
		pad(planes->v, planes->v_stride, 1, chroma, chroma_to);
	} else {
		pad(planes->u, planes->u_stride, 2, chroma, chroma_to);
	}
	return true;
}
