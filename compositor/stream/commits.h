/* SPDX-License-Identifier: MIT */
#ifndef STREAM_COMMITS_H
#define STREAM_COMMITS_H

#include <stdint.h>
#include <wayland-server-core.h>

struct wlr_surface;

/*
 * When the surfaces of a window, its subsurfaces and popups, were last given something to show.
 */
struct commits {
	struct wl_list surfaces; // watched.link, of commits.c
	int64_t last_ns; // CLOCK_MONOTONIC; 0: not since it was last taken
};

void commits_init(struct commits *commits);
/* This one, with its subsurfaces, until it is destroyed. */
void commits_watch(struct commits *commits, struct wlr_surface *surface);
/* And forgets it. */
int64_t commits_take(struct commits *commits);
void commits_finish(struct commits *commits);

#endif
