/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_FIT_H
#define BOXVIEW_FIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Where a picture lies in a window of another size, and what a point of the window is in the picture.
 * Pure.
 */

struct fit {
	int width, height; // of the window, in its own units
	int x, y, shown_width, shown_height; // of the picture in it
	int picture_width, picture_height;   // of the picture, in its pixels
};

/*
 * As large as it can be with its proportions kept, in the middle; the whole window if the proportions
 * differ by less than one part in fifty: a strip of so little is no gain. All sizes are above 0.
 */
void fit_compute(struct fit *fit, int window_width, int window_height, int picture_width,
	int picture_height);
/* 16.16 both; what lies beside the picture becomes its nearest edge. */
void fit_point(const struct fit *fit, int32_t x, int32_t y, int32_t *picture_x, int32_t *picture_y);

#endif
