/* SPDX-License-Identifier: MIT */
/*
 * fit.c - the arithmetic of a picture in a window.
 */
#include "boxview/fit.h"

int fit_units(int pixels, uint32_t scale) {
	int units = (int)(((int64_t)pixels * 240 + scale) / (2 * (int64_t)scale));
	return units > 0 ? units : 1;
}

int fit_pixels(int units, uint32_t scale, int picture_pixels) {
	int64_t pixels = ((int64_t)units * scale * 2 + 120) / 240;
	int64_t differ = pixels > picture_pixels ? pixels - picture_pixels : picture_pixels - pixels;
	bool rounded = differ * 240 <= (int64_t)scale + 120; // half a unit, and half a pixel
	return rounded || pixels < 1 ? picture_pixels : (int)pixels;
}

static int clamp_side(int64_t side, int max) {
	return side < 1 ? 1 : side > max ? max : (int)side;
}

void fit_compute(struct fit *fit, int window_width, int window_height, int picture_width,
		int picture_height, bool larger) {
	*fit = (struct fit){
		.width = window_width,
		.height = window_height,
		.shown_width = window_width,
		.shown_height = window_height,
		.picture_width = picture_width,
		.picture_height = picture_height,
		.larger = larger,
	};
	int room_x = window_width - picture_width, room_y = window_height - picture_height;
	// w/h of one against w/h of the other, multiplied out
	int64_t wide = (int64_t)window_width * picture_height;
	int64_t high = (int64_t)window_height * picture_width;
	if (room_x >= 0 && room_y >= 0 && (!larger || (room_x < FIT_STEP && room_y < FIT_STEP))) {
		fit->shown_width = picture_width;
		fit->shown_height = picture_height;
	} else if (wide > high) {
		fit->shown_width = clamp_side((high + picture_height / 2) / picture_height, window_width);
	} else {
		fit->shown_height = clamp_side((wide + picture_width / 2) / picture_width, window_height);
	}
	fit->x = (window_width - fit->shown_width) / 2;
	fit->y = (window_height - fit->shown_height) / 2;
}

static int32_t along(int32_t at, int offset, int shown, int picture) {
	int64_t scaled = ((int64_t)at - (int64_t)offset * 65536) * picture / shown;
	int64_t last = (int64_t)picture * 65536 - 1;
	return scaled < 0 ? 0 : scaled > last ? (int32_t)last : (int32_t)scaled;
}

void fit_point(const struct fit *fit, int32_t x, int32_t y, int32_t *picture_x, int32_t *picture_y) {
	*picture_x = along(x, fit->x, fit->shown_width, fit->picture_width);
	*picture_y = along(y, fit->y, fit->shown_height, fit->picture_height);
}
