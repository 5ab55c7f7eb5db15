/* SPDX-License-Identifier: MIT */
#ifndef SHADOW_H
#define SHADOW_H

#include <stdbool.h>
#include <wlr/types/wlr_scene.h>

/*
 * Soft shadows behind windows. One small picture of a shadow is made and shared by all of them, cut
 * into corners and stretched edges.
 */

struct server;
struct shadow;
struct shadows;

#define SHADOW_EXTENT 40 // how far it reaches beyond a window, in logical pixels

struct shadows *shadows_create(struct server *server);
void shadows_destroy(struct shadows *shadows);

/* In a tree, behind what is there; it goes with the tree and takes no input. NULL: no memory. */
struct shadow *shadow_create(struct shadows *shadows, struct wlr_scene_tree *parent);
/* Of a window with its upper left corner there and that size; active ones are deeper. */
void shadow_set(struct shadow *shadow, int x, int y, int width, int height, bool active);
void shadow_set_enabled(struct shadow *shadow, bool enabled);

#endif
