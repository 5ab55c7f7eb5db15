/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_PRESENTER_H
#define BOXVIEW_PRESENTER_H

#include <stdbool.h>

#include "boxview/globals.h"
#include "boxview/picture.h"

struct wl_surface;

/*
 * Draws pictures, as they are, into buffers of a surface. Two ways: OpenGL ES where it is hardware,
 * libyuv into shared memory where it is not. Scaling is the compositor's (wp_viewport).
 */
struct presenter;

struct presenter_impl {
	const char *name; // for stats
	/* A buffer is free. */
	bool (*ready)(const struct presenter *presenter);
	/*
	 * Draws the visible part, attaches and commits the surface; ready() was true. false, logged: it
	 * cannot, and never will.
	 */
	bool (*draw)(struct presenter *presenter, const struct picture *picture);
	void (*destroy)(struct presenter *presenter);
};

struct presenter_events {
	void (*ready)(void *data); // a buffer is free again
};

struct presenter {
	const struct presenter_impl *impl;
	const struct presenter_events *events;
	void *data;
};

enum presenter_choice {
	PRESENTER_BEST,
	PRESENTER_GLES,
	PRESENTER_SHM,
};

/* NULL, logged. */
struct presenter *presenter_create(enum presenter_choice choice, const struct globals *globals,
	struct wl_surface *surface, const struct presenter_events *events, void *data);
void presenter_destroy(struct presenter *presenter); // NULL is fine

/* NULL: no GL, or only in software and not insisted on; logged if insisted on. */
struct presenter *presenter_gles_create(bool insist, const struct globals *globals,
	struct wl_surface *surface);
struct presenter *presenter_shm_create(const struct globals *globals, struct wl_surface *surface);

#endif
