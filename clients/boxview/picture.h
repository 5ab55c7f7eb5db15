/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_PICTURE_H
#define BOXVIEW_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "boxview/colour.h"
#include "media/tiles.h"

/* A picture in a graphics processor's memory: for who can do with its planes as they are. */
struct picture_dmabuf {
	uint32_t format; // of DRM
	uint64_t modifier;
	int fds[4]; // -1: no more
	int count;
	struct {
		int fd;
		uint32_t offset, stride;
	} planes[4];
};

/*
 * What is to be shown next: a decoded picture, three planes of 8 bits with chroma of half size both
 * ways; or what a canvas holds when it is drawn.
 */
struct picture {
	const uint8_t *y, *u, *v; // NULL: of the canvas, or not mapped yet
	int y_stride, u_stride, v_stride;
	int width, height; // decoded; what is seen may be less
	const struct tiles_canvas *canvas;
	struct tiles_rect changed; // of the canvas, since the picture before
	// set by who knows (view_picture.c)
	int visible_width, visible_height; // from the left top corner
	int window_width, window_height;   // to which it is scaled
	uint32_t scale;                    // of the window, in 120ths
	struct colour colour;
	// what it was made of
	uint32_t sequence;
	uint64_t capture_ns;
	uint32_t waited_us, decoding_us;
	int64_t decoded_ns; // CLOCK_MONOTONIC

	bool (*map)(struct picture *picture); // NULL: it is
	bool (*hand_out)(struct picture *picture, struct picture_dmabuf *out); // NULL: it is in main memory
	int refs; // 1 when it is made
	void (*destroy)(struct picture *picture);
};

struct picture *picture_ref(struct picture *picture);
void picture_unref(struct picture *picture); // NULL is fine
/* Its planes can be read behind this. false: they cannot. */
bool picture_map(struct picture *picture);
/* The fds are the caller's, valid while it has the picture. false: it cannot be handed out. */
bool picture_hand_out(struct picture *picture, struct picture_dmabuf *out);
void picture_dmabuf_finish(struct picture_dmabuf *dmabuf); // closes them

#endif
