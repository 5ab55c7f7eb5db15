/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_CONVERT_H
#define BOXVIEW_CONVERT_H

#include <stdbool.h>

#include "boxview/picture.h"

/*
 * The visible part of a decoded picture as BGRx, which DRM and wl_shm call XRGB8888. By libyuv, whose blue of
 * BT.709 limited is too weak by up to 13 levels; boxcast sends BT.601.
 */
void convert_picture(const struct picture *picture, uint8_t *bgrx, int stride);
/* The same as large as the window. false: no memory. */
bool convert_scaled(const struct picture *picture, uint8_t *bgrx, int stride);

#endif
