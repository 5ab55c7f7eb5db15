/* SPDX-License-Identifier: MIT */
#ifndef LAYER_SHELL_H
#define LAYER_SHELL_H

#include <wayland-server-core.h>
#include <wlr/types/wlr_layer_shell_v1.h>
#include <wlr/types/wlr_scene.h>
#include <wlr/util/box.h>

#include "layers.h"

/* Panels, launchers, backgrounds: surfaces that stick to an output, in layers around the windows. */

struct layer_shell;
struct output;
struct server;

struct layer_surface {
	struct wl_list link; // output.layer_surfaces, oldest first
	struct layer_shell *shell;
	struct output *output; // NULL: it went, the surface is closing
	struct wlr_layer_surface_v1 *wlr;

	// private state
	struct owner owner;
	bool leaving; // unmapped, and not begun anew
	struct wlr_scene_layer_surface_v1 *scene;
	struct wlr_scene_tree *popups; // above all windows, where the surface is
	struct wl_listener map, unmap, commit, new_popup, node_destroy, destroy;
};

struct layer_shell *layer_shell_create(struct server *server);
void layer_shell_destroy(struct layer_shell *shell);

/* Places all surfaces of an output; what is left for windows, in the layout. */
struct wlr_box layer_shell_arrange(struct output *output);
/* The surface that has the keyboard because it wants it alone or was clicked; NULL: none. */
struct wlr_surface *layer_shell_focus(struct layer_shell *shell);
/* Something was clicked: a layer surface, or (NULL) something else. */
void layer_shell_click(struct layer_shell *shell, struct layer_surface *surface);
/* NULL if the owner is none, or NULL. */
struct layer_surface *layer_surface_from_owner(struct owner *owner);

#endif
