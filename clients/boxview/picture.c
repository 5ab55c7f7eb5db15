/* SPDX-License-Identifier: MIT */
/*
 * picture.c - how long a picture lives, and where. What it is made of is decoded.c's and canvas.c's.
 */
#include "boxview/picture.h"

#include <stddef.h>
#include <unistd.h>

struct picture *picture_ref(struct picture *picture) {
	picture->refs++;
	return picture;
}

void picture_unref(struct picture *picture) {
	if (picture && --picture->refs == 0) {
		picture->destroy(picture);
	}
}

bool picture_map(struct picture *picture) {
	return picture->y || picture->canvas || (picture->map && picture->map(picture));
}

bool picture_hand_out(struct picture *picture, struct picture_dmabuf *out) {
	return picture->hand_out && picture->hand_out(picture, out);
}

void picture_dmabuf_finish(struct picture_dmabuf *dmabuf) {
	for (int i = 0; i < 4 && dmabuf->fds[i] >= 0; i++) {
		close(dmabuf->fds[i]);
		dmabuf->fds[i] = -1;
	}
}
