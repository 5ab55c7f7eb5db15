/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_PICTURE_H
#define BOXVIEW_PICTURE_H

#include <stdint.h>

#include "boxview/colour.h"
#include "media/tiles.h"

/*
 * What is to be shown next: a decoded picture, three planes of 8 bits with chroma of half size both
 * ways; or what a canvas holds when it is drawn.
 */
struct picture {
	const uint8_t *y, *u, *v; // NULL: of the canvas
	int y_stride, u_stride, v_stride;
	int width, height; // decoded; what is seen may be less
	const struct tiles_canvas *canvas;
	struct tiles_rect changed; // of the canvas, since the picture before
	// set by who knows (view.c)
	int visible_width, visible_height; // from the left top corner
	int window_width, window_height;   // to which it is scaled
	uint32_t scale;                    // of the window, in 120ths
	struct colour colour;
	// what it was made of
	uint32_t sequence;
	uint64_t capture_ns;
	uint32_t waited_us, decoding_us;
	int64_t decoded_ns; // CLOCK_MONOTONIC

	int refs; // 1 when it is made
	void (*destroy)(struct picture *picture);
};

struct picture *picture_ref(struct picture *picture);
void picture_unref(struct picture *picture); // NULL is fine

#endif
