/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A queue of bytes: appended at the end, taken from the front. Memory is given back when it is
 * empty and was large. Appending fails only for want of memory; then nothing was appended.
 */
struct buf {
	uint8_t *data; // start of the allocation; the bytes are data[at, at + size)
	size_t at, size, capacity;
};

void buf_init(struct buf *buf);
void buf_finish(struct buf *buf);

/* The first byte held; valid until the next append. */
uint8_t *buf_front(struct buf *buf);
bool buf_append(struct buf *buf, const void *bytes, size_t size);
bool buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *buf, const char *fmt, va_list args);
/* Room for size more bytes at the end; the caller writes them, then buf_grew(). NULL: no memory. */
uint8_t *buf_room(struct buf *buf, size_t size);
void buf_grew(struct buf *buf, size_t size);
void buf_drop(struct buf *buf, size_t size); // size <= buf->size

/* Big-endian numbers, as the wire has them. */
void put_u16(uint8_t *at, uint16_t value);
void put_u32(uint8_t *at, uint32_t value);
void put_u64(uint8_t *at, uint64_t value);
uint16_t get_u16(const uint8_t *at);
uint32_t get_u32(const uint8_t *at);
uint64_t get_u64(const uint8_t *at);

/*
 * A cursor over bytes that somebody else wrote. It owns the bounds: a read past the end makes it
 * bad, it stays bad, and everything read from it then is 0. Callers check once, at the end.
 */
struct bytes {
	const uint8_t *at, *end;
	bool bad;
};

void bytes_init(struct bytes *in, const void *bytes, size_t size);
/* The next size bytes, or NULL. */
const uint8_t *bytes_take(struct bytes *in, size_t size);
uint8_t bytes_u8(struct bytes *in);
uint16_t bytes_u16(struct bytes *in);
uint32_t bytes_u32(struct bytes *in);
uint64_t bytes_u64(struct bytes *in);
/* Good, and nothing is left: trailing bytes are an error. */
bool bytes_done(const struct bytes *in);

#endif
