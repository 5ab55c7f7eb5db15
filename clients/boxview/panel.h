/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_PANEL_H
#define BOXVIEW_PANEL_H

#include <cairo.h>
#include <stdbool.h>

#include "boxview/globals.h"
#include "boxview/shm.h"
#include "boxview/source.h"

struct wl_subsurface;
struct wl_surface;
struct wp_viewport;

/*
 * A small panel over the picture that says by what path it comes and where the time of its frames goes.
 * While it is not shown there is nothing of it.
 */

/* What it says. */
struct panel_facts {
	const char *from;  // NODE/win/N
	const char *codec; // "h264", or "lossless"
	int width, height; // of the window, in pixels; 0: not known
	double fps;        // shown; below 0: not known
	const char *decoder, *presenter;
	const struct source_stages *stages; // NULL: the source has not said
};

struct panel {
	const struct globals *globals;
	struct wl_surface *surface; // NULL: not shown
	struct wl_subsurface *subsurface;
	struct wp_viewport *viewport;
	struct shm_buffer buffer;
	bool drawn; // fonts were loaded
};

void panel_init(struct panel *panel, const struct globals *globals);
void panel_hide(struct panel *panel);
/*
 * Shows it above what parent has so far, or shows something else. It appears with the parent's next
 * commit. room: the window's size; scale: pixels to a unit of it.
 */
void panel_show(struct panel *panel, struct wl_surface *parent, const struct panel_facts *facts,
	int room_width, int room_height, double scale);

/* panel_draw.c: how it looks. */
#define PANEL_WIDTH 348 // units: a multiple of 12 is whole pixels at any scale of quarters and thirds

/* Draws it at 0, 0, and returns how high it is. */
int panel_draw(cairo_t *cairo, const struct panel_facts *facts);

#endif
