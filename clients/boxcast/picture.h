/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PICTURE_H
#define BOXCAST_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sizes of pictures. 4:2:0 video has even sides, windows have any: a converted picture is padded to
 * even sides by repeating its last column and row, an imported buffer (dmabuf) is scaled down to them.
 */

#define PICTURE_XRGB8888 0x34325258 // DRM's; box-cast-v1 names them too
#define PICTURE_ARGB8888 0x34325241

#define PICTURE_SIDE_MAX 8192 // of a window that is encoded
#define PICTURE_SIDE_MIN 16   // the least that encoders take; smaller is padded

struct picture_size {
	int width, height;
};

/* What is encoded for a window of this size. */
struct picture_size picture_padded(struct picture_size window);
struct picture_size picture_cropped(struct picture_size window);
bool picture_valid(struct picture_size window);

/* Bytes from the first to the last that is read, of `height` rows: 0 if the numbers make no sense. */
uint64_t picture_extent(struct picture_size window, uint32_t offset, uint32_t stride);

/*
 * Bits a second for a window of this size at this clock, when the viewer has not said a rate: what
 * gave 32 dB for a game at 720p60 (8 Mbit/s), in proportion, with room for text below.
 */
uint32_t picture_rate(struct picture_size window, uint32_t refresh_mhz);
/* A rate said by a viewer, brought into what encoders take. */
uint32_t picture_rate_bounded(uint64_t bits);
/* For so many ns an encoder may be silent: one of software, on a slow machine that has much to do, is. */
int64_t picture_patience(struct picture_size window);

#endif
