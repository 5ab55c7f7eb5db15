/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_TILES_H
#define CLIENTS_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * The lossless lane: the payload of a frame of kind tiles. It says what is different in one capture
 * from what the frames before it made: first parts that moved, then parts that are new. Big-endian:
 *
 *     u16 width, u16 height          of the picture
 *     u16 moves, u16 rects           how many
 *     moves times                    each after the one before it
 *         u16 x, y, width, height    where to
 *         u16 from_x, from_y         where from, of the same size; the two may overlap
 *     rects times
 *         u16 x, y, width, height
 *     one zstd frame                 the pixels of the rects one after the other, row by row, 4 bytes
 *                                    each: blue, green, red, any; none if there are no rects
 */

#define TILES_SIDE_MAX 8192
#define TILES_AREA_MAX (4096 * 4096) // of a picture
#define TILES_PARTS_MAX 8192 // moves; rects

struct tiles_rect {
	uint16_t x, y, width, height;
};

/* all becomes what bounds both; an empty one counts for nothing. */
void tiles_unite(struct tiles_rect *all, const struct tiles_rect *rect);

struct tiles_move {
	struct tiles_rect to;
	uint16_t from_x, from_y;
};

struct tiles_set {
	uint16_t width, height;
	const struct tiles_move *moves;
	const struct tiles_rect *rects; // within the picture; better not overlapping
	size_t move_count, rect_count;
};

/* What is kept between payloads: memory, no contents. */
struct tiles_coder;
struct tiles_coder *tiles_coder_create(void); // NULL: no memory
void tiles_coder_destroy(struct tiles_coder *coder); // NULL is fine

enum tiles_result {
	TILES_DONE,
	TILES_LARGE,  // it would be more bytes than are allowed
	TILES_FAILED, // no memory
};
/*
 * Appends a payload of at most max bytes, of pixels of the picture, rows `stride` bytes apart. What is
 * too large is found out soon, without compressing all of it; then nothing is appended.
 */
enum tiles_result tiles_encode(struct tiles_coder *coder, const struct tiles_set *set,
	const uint8_t *pixels, size_t stride, size_t max, struct buf *out);

/* A picture that payloads are applied to. */
struct tiles_canvas {
	uint8_t *pixels; // BGRx, rows width * 4 bytes apart
	int width, height;
};

void tiles_canvas_finish(struct tiles_canvas *canvas);
/* Makes it this size, its contents undefined if that is another. false: no memory; as it was. */
bool tiles_canvas_resize(struct tiles_canvas *canvas, int width, int height);

/*
 * Applies a stranger's payload. It is checked whole before a pixel changes; *damage is what bounds the
 * change. whole: the payload needs nothing, the canvas takes its size and it must cover it; else its
 * size must be the canvas's. False and why (at most 80 bytes): it is malformed or there is no memory.
 */
bool tiles_apply(struct tiles_coder *coder, struct tiles_canvas *canvas, const void *payload,
	size_t size, bool whole, struct tiles_rect *damage, const char **why);

#endif
