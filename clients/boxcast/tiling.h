/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_TILING_H
#define BOXCAST_TILING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boxcast/picture.h"
#include "media/tiles.h"

/*
 * What a viewer has of a window, tile by tile, and what it has to be told of a capture so that it has
 * that. A tile is exact, or near: a video frame showed something like it. Pure.
 */

#define TILING_WIDTH 64 // pixels of a tile
#define TILING_HEIGHT 16
#define TILING_MOVES 16 // in one payload

struct tiling {
	struct picture_size size;
	int columns, rows;
	uint8_t *shown;  // BGRx: what the viewer has, where it is exact
	uint8_t *states; // of each tile
	size_t near;     // tiles that are not exact
	size_t next_near; // where the search for them goes on
	size_t near_bytes; // what one of them took lately
	struct tiles_rect *rects;
	uint64_t *hashes; // of rows, shown and captured
};

void tiling_init(struct tiling *tiling);
void tiling_finish(struct tiling *tiling);
/* Another size begins with nothing exact. false: no memory, or the lane does not take this size. */
bool tiling_fit(struct tiling *tiling, struct picture_size size);
/* A video frame was sent, or what was sent is lost: nothing is exact. */
void tiling_blur(struct tiling *tiling);
/* Tiles that are not exact yet. */
size_t tiling_near(const struct tiling *tiling);

struct tiling_capture {
	const uint8_t *pixels; // BGRx
	size_t stride;
	const struct tiles_rect *damage; // since the last capture
	size_t damage_count;
};

/*
 * Appends the payload that tells of what is new in a capture, and of near tiles, about `spare` bytes of
 * them. whole: of all, for a viewer that has nothing. Nothing is appended if there is nothing to tell.
 * TILES_LARGE, TILES_FAILED: nothing is appended; and nothing is exact any more, unless it was near tiles
 * alone that were too large: they will be fewer.
 */
enum tiles_result tiling_encode(struct tiling *tiling, struct tiles_coder *coder,
	const struct tiling_capture *capture, bool whole, size_t max, size_t spare, struct buf *out);

#endif
