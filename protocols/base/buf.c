/* SPDX-License-Identifier: MIT */
/*
 * buf.c - bytes that wait, numbers as the wire has them, and the one bytes that owns bounds.
 *
 * Knows nothing of what the bytes mean, and no descriptor.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 256
#define LARGE (1024 * 1024) // an empty buffer keeps at most so much: what a bulk flow needs each turn

void buf_init(struct buf *buf) {
	*buf = (struct buf){0};
}

void buf_finish(struct buf *buf) {
	free(buf->data);
	*buf = (struct buf){0};
}

uint8_t *buf_front(struct buf *buf) {
	return buf->data ? buf->data + buf->at : NULL;
}

static void buf_compact(struct buf *buf) {
	if (buf->at > 0) {
		memmove(buf->data, buf->data + buf->at, buf->size);
		buf->at = 0;
	}
}

uint8_t *buf_room(struct buf *buf, size_t size) {
	if (size > SIZE_MAX / 4 - buf->size) {
		return NULL;
	}
	size_t needed = buf->size + size;
	if (buf->capacity - buf->at >= needed && buf->data) {
		return buf->data + buf->at + buf->size;
	}
	// Moving costs what is held; it pays when at least as much was taken from the front.
	if (buf->data && needed <= buf->capacity && buf->at >= buf->size) {
		buf_compact(buf);
		return buf->data + buf->size;
	}
	size_t capacity = buf->capacity > SMALLEST ? buf->capacity : SMALLEST;
	while (capacity < needed) {
		capacity *= 2;
	}
	uint8_t *data = malloc(capacity);
	if (!data) {
		return NULL;
	}
	if (buf->size > 0) {
		memcpy(data, buf->data + buf->at, buf->size);
	}
	free(buf->data);
	buf->data = data;
	buf->at = 0;
	buf->capacity = capacity;
	return data + buf->size;
}

void buf_grew(struct buf *buf, size_t size) {
	assert(size <= buf->capacity - buf->at - buf->size);
	buf->size += size;
}

bool buf_append(struct buf *buf, const void *bytes, size_t size) {
	if (size == 0) {
		return true;
	}
	uint8_t *room = buf_room(buf, size);
	if (!room) {
		return false;
	}
	memcpy(room, bytes, size);
	buf_grew(buf, size);
	return true;
}

bool buf_vprintf(struct buf *buf, const char *fmt, va_list args) {
	va_list again;
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, fmt, args);
	// vsnprintf ends with a 0 that is not part of the bytes.
	uint8_t *room = size < 0 ? NULL : buf_room(buf, (size_t)size + 1);
	if (room) {
		vsnprintf((char *)room, (size_t)size + 1, fmt, again);
		buf_grew(buf, (size_t)size);
	}
	va_end(again);
	return room;
}

bool buf_printf(struct buf *buf, const char *fmt, ...) {
	va_list args;
	va_start(args, fmt);
	bool good = buf_vprintf(buf, fmt, args);
	va_end(args);
	return good;
}

void buf_drop(struct buf *buf, size_t size) {
	assert(size <= buf->size);
	buf->at += size;
	buf->size -= size;
	if (buf->size == 0) {
		buf->at = 0;
		if (buf->capacity > LARGE) {
			buf_finish(buf);
		}
	}
}

void put_u16(uint8_t *at, uint16_t value) {
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void put_u32(uint8_t *at, uint32_t value) {
	put_u16(at, (uint16_t)(value >> 16));
	put_u16(at + 2, (uint16_t)value);
}

void put_u64(uint8_t *at, uint64_t value) {
	put_u32(at, (uint32_t)(value >> 32));
	put_u32(at + 4, (uint32_t)value);
}

uint16_t get_u16(const uint8_t *at) {
	return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t get_u32(const uint8_t *at) {
	return (uint32_t)get_u16(at) << 16 | get_u16(at + 2);
}

uint64_t get_u64(const uint8_t *at) {
	return (uint64_t)get_u32(at) << 32 | get_u32(at + 4);
}

void bytes_init(struct bytes *in, const void *bytes, size_t size) {
	in->at = bytes;
	in->end = size > 0 ? in->at + size : in->at;
	in->bad = false;
}

const uint8_t *bytes_take(struct bytes *in, size_t size) {
	if (in->bad || (size_t)(in->end - in->at) < size) {
		in->bad = true;
		return NULL;
	}
	const uint8_t *bytes = in->at;
	if (size > 0) {
		in->at += size;
	}
	return bytes;
}

uint8_t bytes_u8(struct bytes *in) {
	const uint8_t *at = bytes_take(in, 1);
	return at ? *at : 0;
}

uint16_t bytes_u16(struct bytes *in) {
	const uint8_t *at = bytes_take(in, 2);
	return at ? get_u16(at) : 0;
}

uint32_t bytes_u32(struct bytes *in) {
	const uint8_t *at = bytes_take(in, 4);
	return at ? get_u32(at) : 0;
}

uint64_t bytes_u64(struct bytes *in) {
	const uint8_t *at = bytes_take(in, 8);
	return at ? get_u64(at) : 0;
}

bool bytes_done(const struct bytes *in) {
	return !in->bad && in->at == in->end;
}
