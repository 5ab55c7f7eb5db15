/* SPDX-License-Identifier: MIT */
/*
 * convert.c - pictures to RGB without GL. Pure.
 */
#include "boxview/convert.h"

#include <libyuv.h>

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
