/* SPDX-License-Identifier: MIT */
/*
 * layer_shell.c - wlr-layer-shell: surfaces that stick to an output.
 *
 * Their popups are popup.c.
 */
#include "layer_shell.h"

#include <stdlib.h>

#include "cursor.h"
#include "output.h"
#include "popup.h"
#include "seat.h"
#include "server.h"

#define LOG_MODULE "layer-shell"
#include "base/log.h"

#define LAYER_SHELL_VERSION 4

struct layer_shell {
	struct server *server;
	struct wlr_layer_shell_v1 *wlr;
	struct layer_surface *clicked; // has the keyboard since it was clicked; NULL: none
	struct wl_listener new_surface, output_removed;
};

struct layer_surface *layer_surface_from_owner(struct owner *owner) {
	if (!owner || owner->kind != OWNER_LAYER_SURFACE) {
		return NULL;
	}
	struct layer_surface *surface = wl_container_of(owner, surface, owner);
	return surface;
}

static bool wants_keyboard_alone(const struct layer_surface *surface) {
	return surface->wlr->surface->mapped && surface->wlr->current.keyboard_interactive ==
		ZWLR_LAYER_SURFACE_V1_KEYBOARD_INTERACTIVITY_EXCLUSIVE &&
		surface->wlr->current.layer >= ZWLR_LAYER_SHELL_V1_LAYER_TOP;
}

static enum layer scene_layer(const struct layer_surface *surface) {
	switch (surface->wlr->current.layer) {
	case ZWLR_LAYER_SHELL_V1_LAYER_BACKGROUND:
		return LAYER_BACKGROUND;
	case ZWLR_LAYER_SHELL_V1_LAYER_BOTTOM:
		return LAYER_BOTTOM;
	case ZWLR_LAYER_SHELL_V1_LAYER_TOP:
		// What takes the keyboard must be seen, over a fullscreen window too.
		return wants_keyboard_alone(surface) ? LAYER_OVERLAY : LAYER_TOP;
	case ZWLR_LAYER_SHELL_V1_LAYER_OVERLAY:
		break;
	}
	return LAYER_OVERLAY;
}

static void put_in_layer(struct layer_surface *surface) {
	struct wlr_scene_tree *layer = surface->shell->server->layers[scene_layer(surface)];
	if (surface->scene && surface->scene->tree->node.parent != layer) {
		wlr_scene_node_reparent(&surface->scene->tree->node, layer);
	}
}

static void configure(struct layer_surface *surface, struct wlr_box *usable) {
	if (!surface->scene || !surface->wlr->initialized || surface->leaving) {
		return;
	}
	wlr_scene_layer_surface_v1_configure(surface->scene, &surface->output->geom, usable);
	wlr_scene_node_set_position(&surface->popups->node, surface->scene->tree->node.x,
		surface->scene->tree->node.y);
}

/* The uppermost layer first, and in each those first that keep a part for themselves. */
struct wlr_box layer_shell_arrange(struct output *output) {
	struct wlr_box usable = output->geom;
	for (int exclusive = 1; exclusive >= 0; exclusive--) {
		for (int layer = ZWLR_LAYER_SHELL_V1_LAYER_OVERLAY; layer >= 0; layer--) {
			struct layer_surface *surface;
			wl_list_for_each(surface, &output->layer_surfaces, link) {
				const struct wlr_layer_surface_v1_state *state = &surface->wlr->current;
				if ((int)state->layer == layer && (state->exclusive_zone > 0) == exclusive) {
					configure(surface, &usable);
				}
			}
		}
	}
	return usable;
}

static void arrange(struct output *output) {
	struct wlr_box usable = layer_shell_arrange(output);
	output_set_usable(output, &usable);
}

struct wlr_surface *layer_shell_focus(struct layer_shell *shell) {
	struct layer_surface *best = NULL;
	struct output *output;
	wl_list_for_each(output, &shell->server->outputs->list, link) {
		struct layer_surface *surface;
		wl_list_for_each(surface, &output->layer_surfaces, link) {
			if (wants_keyboard_alone(surface) &&
					(!best || surface->wlr->current.layer >= best->wlr->current.layer)) {
				best = surface;
			}
		}
	}
	if (!best && shell->clicked && shell->clicked->wlr->surface->mapped) {
		best = shell->clicked;
	}
	return best ? best->wlr->surface : NULL;
}

void layer_shell_click(struct layer_shell *shell, struct layer_surface *surface) {
	if (surface && surface->wlr->current.keyboard_interactive ==
			ZWLR_LAYER_SURFACE_V1_KEYBOARD_INTERACTIVITY_NONE) {
		return; // a click on a panel takes the keyboard from nobody
	}
	if (shell->clicked != surface) {
		shell->clicked = surface;
		seat_update_focus(shell->server->seat);
	}
}

static void refresh(struct layer_surface *surface) {
	seat_update_focus(surface->shell->server->seat);
	cursor_update(surface->shell->server->cursor);
}

static void handle_map(struct wl_listener *listener, void *data) {
	struct layer_surface *surface = wl_container_of(listener, surface, map);
	put_in_layer(surface);
	if (surface->output) {
		arrange(surface->output);
	}
	refresh(surface);
}

static void handle_unmap(struct wl_listener *listener, void *data) {
	struct layer_surface *surface = wl_container_of(listener, surface, unmap);
	surface->leaving = true;
	if (surface->shell->clicked == surface) {
		surface->shell->clicked = NULL;
	}
	if (surface->output) {
		arrange(surface->output);
	}
	refresh(surface);
}

static void handle_commit(struct wl_listener *listener, void *data) {
	struct layer_surface *surface = wl_container_of(listener, surface, commit);
	struct server *server = surface->shell->server;
	if (!surface->output || !surface->scene) {
		return;
	}
	uint32_t changed = surface->wlr->current.committed;
	surface->leaving &= !surface->wlr->initial_commit;
	if (surface->wlr->initial_commit || changed) {
		put_in_layer(surface);
		arrange(surface->output);
	}
	if (changed & WLR_LAYER_SURFACE_V1_STATE_KEYBOARD_INTERACTIVITY) {
		seat_update_focus(server->seat);
	}
}

static void handle_new_popup(struct wl_listener *listener, void *data) {
	struct layer_surface *surface = wl_container_of(listener, surface, new_popup);
	popup_adopt(data, surface->popups);
}

static void handle_node_destroy(struct wl_listener *listener, void *data) {
	struct layer_surface *surface = wl_container_of(listener, surface, node_destroy);
	wl_list_remove(&surface->node_destroy.link);
	wl_list_init(&surface->node_destroy.link);
	surface->scene = NULL;
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct layer_surface *surface = wl_container_of(listener, surface, destroy);
	if (surface->shell->clicked == surface) {
		surface->shell->clicked = NULL;
	}
	wl_list_remove(&surface->link);
	wl_list_remove(&surface->map.link);
	wl_list_remove(&surface->unmap.link);
	wl_list_remove(&surface->commit.link);
	wl_list_remove(&surface->new_popup.link);
	wl_list_remove(&surface->node_destroy.link);
	wl_list_remove(&surface->destroy.link);
	wlr_scene_node_destroy(&surface->popups->node);
	struct output *output = surface->output;
	free(surface);
	if (output) {
		arrange(output);
	}
}

static void listen(struct wl_signal *signal, struct wl_listener *listener,
		wl_notify_func_t notify) {
	listener->notify = notify;
	wl_signal_add(signal, listener);
}

static bool make_scene(struct layer_surface *surface) {
	struct server *server = surface->shell->server;
	surface->popups = wlr_scene_tree_create(server->layers[LAYER_POPUPS]);
	if (!surface->popups) {
		return false;
	}
	surface->scene = wlr_scene_layer_surface_v1_create(server->layers[LAYER_TOP], surface->wlr);
	if (!surface->scene) {
		wlr_scene_node_destroy(&surface->popups->node);
		return false;
	}
	surface->scene->tree->node.data = &surface->owner;
	surface->popups->node.data = &surface->owner;
	return true;
}

static void handle_new_surface(struct wl_listener *listener, void *data) {
	struct layer_shell *shell = wl_container_of(listener, shell, new_surface);
	struct wlr_layer_surface_v1 *wlr = data;
	struct output *output = wlr->output ? output_from_wlr(wlr->output) :
		outputs_focused(shell->server->outputs);
	if (!output || !output->in_layout) {
		wlr_layer_surface_v1_destroy(wlr);
		return;
	}
	struct layer_surface *surface = calloc(1, sizeof(*surface));
	if (!surface) {
		wlr_layer_surface_v1_destroy(wlr);
		return;
	}
	wlr->output = output->wlr;
	surface->shell = shell;
	surface->output = output;
	surface->wlr = wlr;
	surface->owner.kind = OWNER_LAYER_SURFACE;
	if (!make_scene(surface)) {
		free(surface);
		wlr_layer_surface_v1_destroy(wlr);
		return;
	}
	wl_list_insert(output->layer_surfaces.prev, &surface->link);
	listen(&wlr->surface->events.map, &surface->map, handle_map);
	listen(&wlr->surface->events.unmap, &surface->unmap, handle_unmap);
	listen(&wlr->surface->events.commit, &surface->commit, handle_commit);
	listen(&wlr->events.new_popup, &surface->new_popup, handle_new_popup);
	listen(&surface->scene->tree->node.events.destroy, &surface->node_destroy,
		handle_node_destroy);
	listen(&wlr->events.destroy, &surface->destroy, handle_destroy);
}

/* Surfaces of an output that goes are closed; their clients make new ones where they like. */
static void handle_output_removed(struct wl_listener *listener, void *data) {
	struct output *output = data;
	struct layer_surface *surface, *next;
	wl_list_for_each_safe(surface, next, &output->layer_surfaces, link) {
		surface->output = NULL;
		wlr_layer_surface_v1_destroy(surface->wlr);
	}
}

struct layer_shell *layer_shell_create(struct server *server) {
	struct layer_shell *shell = calloc(1, sizeof(*shell));
	if (!shell) {
		return NULL;
	}
	shell->server = server;
	shell->wlr = wlr_layer_shell_v1_create(server->display, LAYER_SHELL_VERSION);
	if (!shell->wlr) {
		free(shell);
		return NULL;
	}
	listen(&shell->wlr->events.new_surface, &shell->new_surface, handle_new_surface);
	listen(&server->outputs->events.removed, &shell->output_removed, handle_output_removed);
	return shell;
}

void layer_shell_destroy(struct layer_shell *shell) {
	if (!shell) {
		return;
	}
	wl_list_remove(&shell->new_surface.link);
	wl_list_remove(&shell->output_removed.link);
	free(shell);
}
