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
	int picture_width, picture_height;   // of the picture, in units of the remote window
	bool larger;
};

#define FIT_STEP 64 // a window that takes sizes in steps, as terminals do, misses less than this

/* What so many pixels are at a scale in 120ths. */
int fit_units(int pixels, uint32_t scale);
/*
 * The pixels of the screen, at its scale, on which so many units of a picture of that many pixels are drawn:
 * the picture's own where they are as many, but for the rounding to units.
 */
int fit_pixels(int units, uint32_t scale, int picture_pixels);
/*
 * In the middle with its proportions kept: as it is if it has room and there is no more than a step left
 * around it, or it may not be made larger; else as large as it can be. All sizes are above 0.
 */
void fit_compute(struct fit *fit, int window_width, int window_height, int picture_width,
	int picture_height, bool larger);
/* 16.16 both; what lies beside the picture becomes its nearest edge. */
void fit_point(const struct fit *fit, int32_t x, int32_t y, int32_t *picture_x, int32_t *picture_y);

#endif
