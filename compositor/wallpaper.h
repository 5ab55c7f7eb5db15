/* SPDX-License-Identifier: MIT */
#ifndef WALLPAPER_H
#define WALLPAPER_H

#include <wlr/types/wlr_buffer.h>

/* What is behind everything: our own picture, the person's, or a colour. */

struct server;
struct wallpapers;

struct wallpapers *wallpapers_create(struct server *server);
void wallpapers_destroy(struct wallpapers *wallpapers);

/*
 * Our own picture in so many device pixels, for an output of that scale. The caller drops it.
 * NULL: no memory.
 */
struct wlr_buffer *wallpaper_paint(int width, int height, double scale);

#endif
