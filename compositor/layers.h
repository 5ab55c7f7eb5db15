/* SPDX-License-Identifier: MIT */
#ifndef LAYERS_H
#define LAYERS_H

#include <stdbool.h>
#include <wlr/types/wlr_scene.h>

struct server;

/*
 * The scene and its layers, and what is found at a point of it. Every tree that belongs to a window
 * or a layer surface carries its owner in node.data, so that whatever is hit can be traced to it.
 */

enum layer { // from the bottom up
	LAYER_WALLPAPER,
	LAYER_BACKGROUND, // layer-shell
	LAYER_HINT,
	LAYER_BOTTOM, // layer-shell
	LAYER_WINDOWS,
	LAYER_TOP, // layer-shell
	LAYER_FULLSCREEN,
	LAYER_OVERLAY, // layer-shell
	LAYER_POPUPS,  // of layer surfaces; those of windows are in the window's tree
	LAYER_SWITCHER,
	LAYER_NOTICES,
	LAYER_DRAG,
	LAYERS,
};

enum owner_kind {
	OWNER_TOPLEVEL,
	OWNER_LAYER_SURFACE,
};

/* Embedded in what it stands for; the tree's node.data points to it. */
struct owner {
	enum owner_kind kind;
};

struct hit {
	struct owner *owner;         // NULL: the bare desktop, or something of ours
	struct wlr_surface *surface; // NULL: a frame, or nothing
	double sx, sy;               // in the surface
};

/* Makes server->scene and server->layers. false: no memory. */
bool layers_init(struct server *server);
/* Destroys the scene with everything in it. */
void layers_finish(struct server *server);

/* What takes input at a point of the layout. */
struct hit layers_hit(struct server *server, double lx, double ly);
/* The owner of a node, found upwards from it; NULL if it has none. */
struct owner *owner_of(struct wlr_scene_node *node);

#endif
