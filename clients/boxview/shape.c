/* SPDX-License-Identifier: MIT */
/*
 * shape.c - the window's size, between what the compositor and what the remote window want.
 */
#include "boxview/shape.h"

/* Where nobody else decides, the window is as large as the picture. */
static void follow_picture(struct shape *shape) {
	bool own = !shape->bound && shape->asked_width == 0;
	if (shape->picture_width > 0 && (own || shape->width == 0)) {
		shape->width = shape->picture_width;
		shape->height = shape->picture_height;
	}
}

void shape_configure(struct shape *shape, int width, int height, bool bound, int64_t now) {
	shape->bound = bound && width > 0 && height > 0;
	shape->asked_width = 0;
	if (width > 0 && height > 0) {
		shape->width = width;
		shape->height = height;
		if (width != shape->picture_width || height != shape->picture_height) {
			// the old picture stands in it until one of the new size comes, or none
			shape->asked_width = width;
			shape->asked_height = height;
			shape->asked_until = now + SHAPE_PATIENCE_NS;
		}
	}
	follow_picture(shape);
}

void shape_picture(struct shape *shape, int width, int height, int64_t now) {
	bool changed = width != shape->picture_width || height != shape->picture_height;
	bool first = shape->picture_width == 0;
	shape->picture_width = width;
	shape->picture_height = height;
	bool as_asked = width == shape->asked_width && height == shape->asked_height;
	// the first one was captured before the window heard of our size
	if (as_asked || (changed && !first)) {
		shape->asked_width = 0;
	}
	shape_check(shape, now);
	follow_picture(shape);
}

int64_t shape_deadline(const struct shape *shape) {
	return shape->asked_width > 0 && shape->picture_width > 0 ? shape->asked_until : 0;
}

void shape_check(struct shape *shape, int64_t now) {
	if (shape->asked_width > 0 && now >= shape->asked_until) {
		shape->asked_width = 0;
		follow_picture(shape);
	}
}
