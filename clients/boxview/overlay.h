/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_OVERLAY_H
#define BOXVIEW_OVERLAY_H

#include <stdbool.h>

#include "boxview/globals.h"
#include "boxview/shm.h"

struct wl_subsurface;
struct wl_surface;
struct wp_viewport;

/*
 * A veil over the picture with a sentence on it, for when the other side does not answer.
 */
struct overlay {
	const struct globals *globals;
	struct wl_surface *surface;
	struct wl_subsurface *subsurface;
	struct wp_viewport *viewport;
	struct shm_buffer buffer;
	char *sentence; // NULL: hidden
	int width, height;
	double scale;
	bool drawn; // fonts were loaded
};

/* Above what parent has so far. Shown only once it has a sentence. */
void overlay_init(struct overlay *overlay, const struct globals *globals, struct wl_surface *parent);
void overlay_finish(struct overlay *overlay);
/*
 * sentence NULL: hides. Takes effect with the parent's next commit. scale: pixels to a unit of the
 * window.
 */
void overlay_set(struct overlay *overlay, const char *sentence, int width, int height, double scale);

#endif
