/* SPDX-License-Identifier: MIT */
/*
 * visible.c - which part of a decoded picture is the window's, and how large that is.
 */
#include "boxview/visible.h"

#include <stdbool.h>

#define PAD_MAX 16 // a picture is not padded by more columns or rows than this

static bool fits(const struct picture *picture, int width, int height) {
	return width > 0 && width <= picture->width && height <= picture->height &&
		picture->width - width < PAD_MAX && picture->height - height < PAD_MAX;
}

/* Smaller, with the window's proportions as far as whole pixels can have them. */
static bool is_smaller(const struct picture *picture, const struct source_video *video) {
	int64_t wide = (int64_t)picture->width * video->height;
	int64_t high = (int64_t)picture->height * video->width;
	int64_t differ = wide > high ? wide - high : high - wide;
	return picture->width * 4 >= video->width && picture->width < video->width &&
		picture->height < video->height && differ <= 2 * (int64_t)(video->width + video->height);
}

void visible_set(struct picture *picture, const struct source_video *video) {
	picture->visible_width = picture->width;
	picture->visible_height = picture->height;
	if (fits(picture, video->coded_width, video->coded_height)) {
		picture->visible_width = video->coded_width;
		picture->visible_height = video->coded_height;
	} else if (fits(picture, video->width, video->height)) {
		picture->visible_width = video->width;
		picture->visible_height = video->height;
	}
	picture->scale = video->scale;
	bool known = fits(picture, video->coded_width, video->coded_height);
	picture->window_width = picture->visible_width;
	picture->window_height = picture->visible_height;
	if (known || is_smaller(picture, video)) {
		picture->window_width = video->width;
		picture->window_height = video->height;
	}
}
