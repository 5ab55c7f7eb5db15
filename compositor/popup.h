/* SPDX-License-Identifier: MIT */
#ifndef POPUP_H
#define POPUP_H

#include <wlr/types/wlr_scene.h>
#include <wlr/types/wlr_xdg_shell.h>

/* Menus and tooltips, kept on the part of the screen that is free for windows. */

struct server;

/*
 * Takes a new popup. One of a window or of another popup is shown in its parent's tree; one of a
 * layer surface waits for popup_adopt. It goes with the client's popup.
 */
void popup_create(struct server *server, struct wlr_xdg_popup *xdg);
/* Shows a popup that waited, in a tree whose corner is its parent's. */
void popup_adopt(struct wlr_xdg_popup *xdg, struct wlr_scene_tree *parent);

#endif
