/* SPDX-License-Identifier: MIT */
#ifndef STREAM_POPUPS_H
#define STREAM_POPUPS_H

#include <wayland-server-core.h>

struct commits;
struct wlr_scene_tree;
struct wlr_xdg_surface;

/*
 * The popups of a window, and theirs, in a scene that is not the desktop's. wlroots draws a surface
 * with its subsurfaces; each popup is an xdg_surface of its own.
 */
struct popups {
	struct wl_list parents; // popup_parent.link
	struct commits *commits; // of what is in the scene
};

/*
 * Those there are, and from now on those that come, below the surface's own tree. The commits of all, and
 * of the surface, are watched.
 */
void popups_init(struct popups *popups, struct wlr_xdg_surface *surface,
	struct wlr_scene_tree *tree, struct commits *commits);
/* The scene may be there still, or not. */
void popups_finish(struct popups *popups);

#endif
