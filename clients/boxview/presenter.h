/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_PRESENTER_H
#define BOXVIEW_PRESENTER_H

#include <stdbool.h>

#include "boxview/globals.h"
#include "boxview/picture.h"

struct wl_surface;

/*
 * Draws pictures into buffers of a surface. Two ways: OpenGL ES where it is hardware, which scales sharply to
 * the pixels of the screen; libyuv into shared memory where it is not, as they are: then scaling is the
 * compositor's (wp_viewport). What needs no drawing is direct.c's.
 */
struct presenter;

struct presenter_impl {
	const char *name; // for stats
	/* A buffer is free. */
	bool (*ready)(const struct presenter *presenter);
	/*
	 * Draws the visible part, where it can for that many pixels of the screen; attaches and commits the
	 * surface; ready() was true. false, logged: it cannot, and never will.
	 */
	bool (*draw)(struct presenter *presenter, const struct picture *picture, int width, int height);
	/* The last one, for other pixels. NULL, or false: it is as it is, and nothing was committed. */
	bool (*draw_again)(struct presenter *presenter, int width, int height);
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
