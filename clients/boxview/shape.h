/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_SHAPE_H
#define BOXVIEW_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How large a view's window is. The compositor may decide (tiled, maximized, full screen); else the remote window does, which may not take every size it is asked for. Pure: times
 * are given by the caller.
 */

#define SHAPE_PATIENCE_NS 1000000000 // for a picture of the size that was asked for

struct shape {
	int width, height; // of the window; 0: not known yet
	int picture_width, picture_height; // 0: none yet
	bool bound;        // the compositor decides
	int asked_width, asked_height; // 0: nothing is awaited
	int64_t asked_until;
};

/* A configure; width and height 0: as we like. bound: tiled, maximized, full screen. */
void shape_configure(struct shape *shape, int width, int height, bool bound, int64_t now);
/* The visible size of a picture that is about to be shown. */
void shape_picture(struct shape *shape, int width, int height, int64_t now);
/* When shape_check has to be called, 0: not. */
int64_t shape_deadline(const struct shape *shape);
void shape_check(struct shape *shape, int64_t now);

#endif
