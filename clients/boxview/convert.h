/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_CONVERT_H
#define BOXVIEW_CONVERT_H

#include "boxview/decoder.h"

/* The visible part of a picture as BGRx, which DRM and wl_shm call XRGB8888. By libyuv. */
void convert_picture(const struct picture *picture, uint8_t *bgrx, int stride);

#endif
