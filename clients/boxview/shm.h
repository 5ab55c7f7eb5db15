/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_SHM_H
#define BOXVIEW_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boxview/globals.h"

struct wl_buffer;

/* A buffer of shared memory, 4 bytes a pixel. */
struct shm_buffer {
	struct wl_buffer *buffer; // NULL: not allocated
	uint8_t *bytes;
	size_t size;
	int width, height, stride;
};

/* format: of enum wl_shm_format, 4 bytes a pixel. false and errno; then it is as if finished. */
bool shm_buffer_init(struct shm_buffer *buffer, const struct globals *globals, int width, int height,
	uint32_t format);
void shm_buffer_finish(struct shm_buffer *buffer);

#endif
