/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - parameters, coded pictures and the bytes of images.
 */
#include "va/driver.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_BYTES (64u << 20)

struct buffer *buffer_create(VADriverContextP va, VABufferType type, uint32_t size, uint32_t count,
		const void *bytes) {
	if (size == 0 || count == 0 || size > SIZE_MAX_BYTES / count) {
		return NULL;
	}
	struct buffer *buffer = object_create(va, OBJECT_BUFFER, sizeof(*buffer));
	if (!buffer) {
		return NULL;
	}
	buffer->type = type;
	buffer->size = size;
	buffer->count = count;
	buffer->bytes = calloc(count, size);
	if (!buffer->bytes) {
		object_destroy(va, buffer);
		return NULL;
	}
	if (bytes) {
		memcpy(buffer->bytes, bytes, (size_t)size * count);
	}
	buffer->coded.buf = buffer->bytes;
	return buffer;
}

void buffer_destroy(VADriverContextP va, struct buffer *buffer) {
	if (buffer && !buffer->borrowed) {
		free(buffer->bytes);
	}
	object_destroy(va, buffer);
}

static VAStatus create(VADriverContextP va, VAContextID context, VABufferType type,
		unsigned int size, unsigned int count, void *bytes, VABufferID *id) {
	struct buffer *buffer = buffer_create(va, type, size, count, bytes);
	if (!buffer) {
		return VA_STATUS_ERROR_ALLOCATION_FAILED;
	}
	*id = buffer->object.id;
	return VA_STATUS_SUCCESS;
}

static VAStatus set_count(VADriverContextP va, VABufferID id, unsigned int count) {
	struct buffer *buffer = object_find(va, OBJECT_BUFFER, id);
	if (!buffer || count > buffer->count) {
		return VA_STATUS_ERROR_INVALID_BUFFER;
	}
	buffer->count = count;
	return VA_STATUS_SUCCESS;
}

static VAStatus map(VADriverContextP va, VABufferID id, void **bytes) {
	struct buffer *buffer = object_find(va, OBJECT_BUFFER, id);
	if (!buffer) {
		return VA_STATUS_ERROR_INVALID_BUFFER;
	}
	*bytes = buffer->type == VAEncCodedBufferType ? (void *)&buffer->coded : buffer->bytes;
	return VA_STATUS_SUCCESS;
}

static VAStatus unmap(VADriverContextP va, VABufferID id) {
	return object_find(va, OBJECT_BUFFER, id) ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

static VAStatus sync_buffer(VADriverContextP va, VABufferID id, uint64_t timeout_ns) {
	return unmap(va, id);
}

static VAStatus destroy(VADriverContextP va, VABufferID id) {
	struct buffer *buffer = object_find(va, OBJECT_BUFFER, id);
	buffer_destroy(va, buffer);
	return buffer ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_BUFFER;
}

void buffer_fill(struct VADriverVTable *vtable) {
	vtable->vaCreateBuffer = create;
	vtable->vaBufferSetNumElements = set_count;
	vtable->vaMapBuffer = map;
	vtable->vaUnmapBuffer = unmap;
	vtable->vaSyncBuffer = sync_buffer;
	vtable->vaDestroyBuffer = destroy;
}
