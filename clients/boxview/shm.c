/* SPDX-License-Identifier: MIT */
/*
 * shm.c - buffers of shared memory. What is drawn into them is presenter_shm.c's and overlay.c's.
 */
#include "boxview/shm.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

bool shm_buffer_init(struct shm_buffer *buffer, const struct globals *globals, int width, int height,
		uint32_t format) {
	*buffer = (struct shm_buffer){0};
	if (width <= 0 || height <= 0 || width > INT_MAX / 4 / height) {
		errno = EINVAL;
		return false;
	}
	size_t size = (size_t)width * 4 * (size_t)height;
	int fd = memfd_create("boxview", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0) {
		return false;
	}
	void *bytes = MAP_FAILED;
	if (ftruncate(fd, (off_t)size) == 0) {
		bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (bytes == MAP_FAILED) {
		int error = errno;
		close(fd);
		errno = error;
		return false;
	}
	struct wl_shm_pool *pool = wl_shm_create_pool(globals->shm, fd, (int32_t)size);
	buffer->buffer = wl_shm_pool_create_buffer(pool, 0, width, height, width * 4, format);
	wl_shm_pool_destroy(pool);
	close(fd);
	buffer->bytes = bytes;
	buffer->size = size;
	buffer->width = width;
	buffer->height = height;
	buffer->stride = width * 4;
	return true;
}

void shm_buffer_finish(struct shm_buffer *buffer) {
	if (buffer->buffer) {
		wl_buffer_destroy(buffer->buffer);
		munmap(buffer->bytes, buffer->size);
		buffer->buffer = NULL;
	}
}
