/* SPDX-License-Identifier: MIT */
/*
 * picture.c - how long a picture lives. What it is made of is decoder.c's and canvas.c's.
 */
#include "boxview/picture.h"

#include <stddef.h>

struct picture *picture_ref(struct picture *picture) {
	picture->refs++;
	return picture;
}

void picture_unref(struct picture *picture) {
	if (picture && --picture->refs == 0) {
		picture->destroy(picture);
	}
}
