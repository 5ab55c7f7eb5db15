/* SPDX-License-Identifier: MIT */
/*
 * popup.c - popups: shown with their parent, and moved so that they can be seen whole.
 *
 * Their grabs are wlroots' business.
 */
#include "popup.h"

#include <stdlib.h>
#include <wlr/types/wlr_compositor.h>

#include "layer_shell.h"
#include "layers.h"
#include "output.h"
#include "server.h"
#include "toplevel.h"

#define LOG_MODULE "popup"
#include "base/log.h"

struct popup {
	struct server *server;
	struct wlr_xdg_popup *xdg;
	struct wl_listener commit, reposition, destroy;
};

/*
 * Keeps it in the usable part of the output its parent is on; of the whole output if the parent is
 * a panel or fullscreen; within its window if that is seen elsewhere too, where nothing around it is.
 * wlroots wants the place relative to the root surface.
 */
static void keep_on_screen(struct popup *popup) {
	struct wlr_scene_tree *tree = popup->xdg->base->data;
	struct owner *owner = tree ? owner_of(&tree->node) : NULL;
	struct toplevel *toplevel = toplevel_from_owner(owner);
	struct layer_surface *layer = layer_surface_from_owner(owner);
	struct wlr_box box;
	if (toplevel) {
		struct output *output = toplevel_output(toplevel);
		struct wlr_box content;
		if (!output) {
			return;
		}
		wlr_xdg_surface_get_geometry(toplevel->xdg->base, &content);
		box = toplevel->viewers > 0 ? toplevel->geom :
			toplevel->fullscreen ? output->geom : output->usable;
		box.x -= toplevel->geom.x - content.x;
		box.y -= toplevel->geom.y - content.y;
	} else if (layer && layer->output) {
		box = layer->output->geom;
		box.x -= layer->popups->node.x;
		box.y -= layer->popups->node.y;
	} else {
		return;
	}
	wlr_xdg_popup_unconstrain_from_box(popup->xdg, &box);
}

static void handle_commit(struct wl_listener *listener, void *data) {
	struct popup *popup = wl_container_of(listener, popup, commit);
	if (popup->xdg->base->initial_commit) {
		keep_on_screen(popup); // and thereby configures it
		wlr_xdg_surface_schedule_configure(popup->xdg->base);
	}
}

static void handle_reposition(struct wl_listener *listener, void *data) {
	struct popup *popup = wl_container_of(listener, popup, reposition);
	keep_on_screen(popup);
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct popup *popup = wl_container_of(listener, popup, destroy);
	wl_list_remove(&popup->commit.link);
	wl_list_remove(&popup->reposition.link);
	wl_list_remove(&popup->destroy.link);
	free(popup);
}

void popup_adopt(struct wlr_xdg_popup *xdg, struct wlr_scene_tree *parent) {
	xdg->base->data = wlr_scene_xdg_surface_create(parent, xdg->base);
	if (!xdg->base->data) {
		wl_resource_post_no_memory(xdg->resource);
	}
}

void popup_create(struct server *server, struct wlr_xdg_popup *xdg) {
	struct popup *popup = calloc(1, sizeof(*popup));
	if (!popup) {
		wl_resource_post_no_memory(xdg->resource);
		return;
	}
	popup->server = server;
	popup->xdg = xdg;
	popup->commit.notify = handle_commit;
	wl_signal_add(&xdg->base->surface->events.commit, &popup->commit);
	popup->reposition.notify = handle_reposition;
	wl_signal_add(&xdg->events.reposition, &popup->reposition);
	popup->destroy.notify = handle_destroy;
	wl_signal_add(&xdg->events.destroy, &popup->destroy);

	struct wlr_xdg_surface *parent =
		xdg->parent ? wlr_xdg_surface_try_from_wlr_surface(xdg->parent) : NULL;
	if (parent && parent->data) {
		popup_adopt(xdg, parent->data);
	}
}
