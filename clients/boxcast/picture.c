/* SPDX-License-Identifier: MIT */
/*
 * picture.c - sizes and rates of what is encoded. Pure; pixels are moved in convert.c.
 */
#include "boxcast/picture.h"

#define RATE_MIN 500000
#define RATE_MAX 60000000
#define PATIENCE_NS 2000000000 // with a picture of
#define PATIENCE_AREA (1920 * 1080) // or less

static int padded(int side) {
	side += side & 1;
	return side < PICTURE_SIDE_MIN ? PICTURE_SIDE_MIN : side;
}

struct picture_size picture_padded(struct picture_size window) {
	return (struct picture_size){padded(window.width), padded(window.height)};
}

struct picture_size picture_cropped(struct picture_size window) {
	return (struct picture_size){window.width & ~1, window.height & ~1};
}

bool picture_valid(struct picture_size window) {
	return window.width > 0 && window.width <= PICTURE_SIDE_MAX &&
		window.height > 0 && window.height <= PICTURE_SIDE_MAX;
}

uint64_t picture_extent(struct picture_size window, uint32_t offset, uint32_t stride) {
	if (!picture_valid(window) || stride / 4 < (uint32_t)window.width || stride % 4 != 0) {
		return 0;
	}
	return (uint64_t)offset + (uint64_t)stride * ((uint32_t)window.height - 1) +
		(uint64_t)window.width * 4;
}

uint32_t picture_rate_bounded(uint64_t bits) {
	if (bits < RATE_MIN) {
		return RATE_MIN;
	}
	return bits < RATE_MAX ? (uint32_t)bits : RATE_MAX;
}

uint32_t picture_rate(struct picture_size window, uint32_t refresh_mhz) {
	uint64_t pixels = (uint64_t)window.width * (uint64_t)window.height;
	uint64_t bits = pixels * refresh_mhz / 1000 * 145 / 1000;
	return picture_rate_bounded(bits < 4000000 ? 4000000 : bits);
}

int64_t picture_patience(struct picture_size window) {
	int64_t area = (int64_t)window.width * window.height;
	return area > PATIENCE_AREA ? PATIENCE_NS * area / PATIENCE_AREA : PATIENCE_NS;
}
