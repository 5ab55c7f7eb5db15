/* SPDX-License-Identifier: MIT */
#ifndef PICTURE_H
#define PICTURE_H

#include <cairo.h>
#include <stdbool.h>
#include <wlr/types/wlr_scene.h>

struct server;

/*
 * A drawing of ours in the scene that stays sharp: it is drawn in the device pixels of the output
 * with the largest scale that shows it, and again when that changes.
 */

struct picture;

/* Draws in logical pixels on a transparent ground; width and height are those of picture_set_size. */
typedef void (*picture_draw)(void *data, cairo_t *cr, int width, int height);

/*
 * A picture of no size yet in a tree of the scene; destroyed with the tree or by picture_destroy,
 * whichever comes first. The pointer goes through it unless asked otherwise. NULL: no memory.
 */
struct picture *picture_create(struct server *server, struct wlr_scene_tree *parent,
	picture_draw draw, void *data);
/* NULL is fine. */
void picture_destroy(struct picture *picture);

/* Its size in logical pixels; draws it if that is new, and says whether it did. */
bool picture_set_size(struct picture *picture, int width, int height);
/* What it shows has changed: draws it again. */
void picture_redraw(struct picture *picture);
/* Whether the pointer stops at it, all over its size. */
void picture_accept_input(struct picture *picture, bool accept);
/* Its node, to place, show and hide. */
struct wlr_scene_node *picture_node(struct picture *picture);

#endif
