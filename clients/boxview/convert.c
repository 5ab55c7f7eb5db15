/* SPDX-License-Identifier: MIT */
/*
 * convert.c - pictures to RGB without GL. Pure.
 */
#include "boxview/convert.h"

#include <libyuv.h>
#include <stdlib.h>

void convert_picture(const struct picture *picture, uint8_t *bgrx, int stride) {
	const struct YuvConstants *constants;
	if (picture->colour.bt709) {
		constants = picture->colour.full ? &kYuvF709Constants : &kYuvH709Constants;
	} else {
		constants = picture->colour.full ? &kYuvJPEGConstants : &kYuvI601Constants;
	}
	I420ToARGBMatrix(picture->y, picture->y_stride, picture->u, picture->u_stride, picture->v,
		picture->v_stride, bgrx, stride, constants, picture->visible_width,
		picture->visible_height);
}

bool convert_scaled(const struct picture *picture, uint8_t *bgrx, int stride) {
	int width = picture->visible_width, height = picture->visible_height;
	if (width == picture->window_width && height == picture->window_height) {
		convert_picture(picture, bgrx, stride);
		return true;
	}
	uint8_t *small = malloc((size_t)width * (size_t)height * 4);
	if (!small) {
		return false;
	}
	convert_picture(picture, small, width * 4);
	ARGBScale(small, width * 4, width, height, bgrx, stride, picture->window_width,
		picture->window_height, kFilterBilinear);
	free(small);
	return true;
}
