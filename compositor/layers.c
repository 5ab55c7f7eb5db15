/* SPDX-License-Identifier: MIT */
/*
 * layers.c - the scene, its layers, and what is under a point.
 *
 * What is drawn in a layer is its owner's business. Nothing here decides about focus.
 */
#include "layers.h"

#include <wlr/types/wlr_compositor.h>

#include "server.h"

bool layers_init(struct server *server) {
	server->scene = wlr_scene_create();
	if (!server->scene) {
		return false;
	}
	for (size_t i = 0; i < LAYERS; i++) {
		server->layers[i] = wlr_scene_tree_create(&server->scene->tree);
		if (!server->layers[i]) {
			layers_finish(server);
			return false;
		}
	}
	return true;
}

void layers_finish(struct server *server) {
	if (server->scene) {
		wlr_scene_node_destroy(&server->scene->tree.node);
		server->scene = NULL;
	}
}

struct owner *owner_of(struct wlr_scene_node *node) {
	while (node) {
		if (node->data) {
			return node->data;
		}
		node = node->parent ? &node->parent->node : NULL;
	}
	return NULL;
}

struct hit layers_hit(struct server *server, double lx, double ly) {
	struct hit hit = {0};
	struct wlr_scene_node *node =
		wlr_scene_node_at(&server->scene->tree.node, lx, ly, &hit.sx, &hit.sy);
	if (!node) {
		return hit;
	}
	hit.owner = owner_of(node);
	if (node->type == WLR_SCENE_NODE_BUFFER) {
		struct wlr_scene_buffer *buffer = wlr_scene_buffer_from_node(node);
		struct wlr_scene_surface *surface = wlr_scene_surface_try_from_buffer(buffer);
		if (surface) {
			hit.surface = surface->surface;
		}
	}
	return hit;
}
