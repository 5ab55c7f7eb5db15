/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_CANVAS_H
#define BOXVIEW_CANVAS_H

#include <stdbool.h>

#include "boxview/order.h"
#include "boxview/picture.h"

/*
 * The picture as tiles make it: over the last one that was decoded, or whole. Pure.
 */
struct canvas {
	struct tiles_canvas pixels;
	struct tiles_coder *coder;
	struct picture *video; // newer than the pixels; NULL: there is none
};

bool canvas_init(struct canvas *canvas); // false: no memory
void canvas_finish(struct canvas *canvas); // no picture of it is used any more
/* Tiles that come now are for this picture. */
void canvas_set_video(struct canvas *canvas, struct picture *picture);
/*
 * Applies a frame of tiles: a picture, which shows the canvas as it is when it is drawn. NULL and why (at
 * most 80 bytes): it is malformed, or not for what is on the canvas; or no memory.
 */
struct picture *canvas_apply(struct canvas *canvas, const struct order_frame *frame,
	const char **why);

#endif
