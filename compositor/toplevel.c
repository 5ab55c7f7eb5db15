/* SPDX-License-Identifier: MIT */
/*
 * toplevel.c - the windows: listed, stacked, focused, placed.
 *
 * Their sizes and states are toplevel_state.c; the protocol that brings them is xdg_shell.c; the
 * frame is frame.c; where a new one goes is placement.c.
 */
#include "toplevel.h"

#include <assert.h>
#include <stdlib.h>

#include "frame.h"
#include "output.h"
#include "placement.h"
#include "seat.h"
#include "server.h"
#include "theme.h"
#include "toplevel_state.h"

#define LOG_MODULE "toplevel"
#include "base/log.h"

struct toplevel *toplevel_from_owner(struct owner *owner) {
	if (!owner || owner->kind != OWNER_TOPLEVEL) {
		return NULL;
	}
	struct toplevel *toplevel = wl_container_of(owner, toplevel, owner);
	return toplevel;
}

struct toplevel *toplevel_from_surface(struct wlr_surface *surface) {
	if (!surface) {
		return NULL;
	}
	struct wlr_xdg_surface *xdg =
		wlr_xdg_surface_try_from_wlr_surface(wlr_surface_get_root_surface(surface));
	struct wlr_scene_tree *tree = xdg ? xdg->data : NULL;
	return tree ? toplevel_from_owner(owner_of(&tree->node)) : NULL;
}

struct toplevel *toplevels_focused(struct toplevels *toplevels) {
	struct toplevel *toplevel;
	wl_list_for_each(toplevel, &toplevels->recent, recent) {
		if (!toplevel->minimised) {
			return toplevel;
		}
	}
	return NULL;
}

const char *toplevel_title(const struct toplevel *toplevel) {
	return toplevel->xdg->title ? toplevel->xdg->title : "";
}

const char *toplevel_app_id(const struct toplevel *toplevel) {
	return toplevel->xdg->app_id ? toplevel->xdg->app_id : "";
}

struct wlr_box toplevel_outer(const struct toplevel *toplevel) {
	struct wlr_box outer = toplevel->geom;
	if (toplevel->frame && !toplevel->fullscreen) {
		outer.y -= THEME_TITLE_HEIGHT;
		outer.height += THEME_TITLE_HEIGHT;
	}
	return outer;
}

struct output *toplevel_output(const struct toplevel *toplevel) {
	if (toplevel->fullscreen && toplevel->fullscreen_output) {
		return toplevel->fullscreen_output;
	}
	return outputs_showing(toplevel->toplevels->server->outputs, &toplevel->geom);
}

struct toplevel *toplevel_create(struct toplevels *toplevels, struct wlr_xdg_toplevel *xdg) {
	struct server *server = toplevels->server;
	struct toplevel *toplevel = calloc(1, sizeof(*toplevel));
	if (!toplevel) {
		return NULL;
	}
	toplevel->toplevels = toplevels;
	toplevel->xdg = xdg;
	toplevel->id = ++toplevels->last_id;
	toplevel->owner.kind = OWNER_TOPLEVEL;
	wl_list_init(&toplevel->link);
	wl_list_init(&toplevel->recent);
	wl_signal_init(&toplevel->events.title);
	wl_signal_init(&toplevel->events.app_id);
	wl_signal_init(&toplevel->events.parent);
	wl_signal_init(&toplevel->events.geom);
	wl_signal_init(&toplevel->events.activated);
	wl_signal_init(&toplevel->events.state);
	wl_signal_init(&toplevel->events.gone);

	toplevel->tree = wlr_scene_tree_create(server->layers[LAYER_WINDOWS]);
	toplevel->content =
		toplevel->tree ? wlr_scene_xdg_surface_create(toplevel->tree, xdg->base) : NULL;
	if (!toplevel->content) {
		if (toplevel->tree) {
			wlr_scene_node_destroy(&toplevel->tree->node);
		}
		free(toplevel);
		return NULL;
	}
	toplevel->tree->node.data = &toplevel->owner;
	wlr_scene_node_set_enabled(&toplevel->tree->node, false);
	xdg->base->data = toplevel->content; // the parent of its popups
	return toplevel;
}

void toplevel_destroy(struct toplevel *toplevel) {
	if (toplevel->mapped) {
		toplevel_unmap(toplevel);
	}
	assert(wl_list_empty(&toplevel->events.gone.listener_list));
	frame_destroy(toplevel->frame);
	wlr_scene_node_destroy(&toplevel->tree->node);
	free(toplevel);
}

static void place(struct toplevel *toplevel) {
	struct toplevels *toplevels = toplevel->toplevels;
	struct output *output = outputs_focused(toplevels->server->outputs);
	struct wlr_box outer = toplevel_outer(toplevel);
	struct toplevel *parent = toplevel->xdg->parent ?
		toplevel_from_surface(toplevel->xdg->parent->base->surface) : NULL;
	if (!output) {
		return;
	}
	if (parent && parent->mapped) {
		struct wlr_box over = toplevel_outer(parent);
		output = toplevel_output(parent);
		placement_over(&output->usable, &over, &outer);
	} else {
		size_t size = 0;
		struct wlr_box *others =
			calloc((size_t)wl_list_length(&toplevels->list) + 1, sizeof(*others));
		struct toplevel *other;
		wl_list_for_each(other, &toplevels->list, link) {
			if (others && !other->minimised) {
				others[size++] = toplevel_outer(other);
			}
		}
		placement_new(&output->usable, others, size, &outer);
		free(others);
	}
	struct wlr_box empty_frame = toplevel_outer(toplevel);
	toplevel->geom.x = outer.x + toplevel->geom.x - empty_frame.x;
	toplevel->geom.y = outer.y + toplevel->geom.y - empty_frame.y;
	toplevel->placed = toplevel->geom;
}

/* A window that opens larger than the screen is asked to fit. */
static void fit(struct toplevel *toplevel) {
	struct output *output = toplevel_output(toplevel);
	struct wlr_box outer = toplevel_outer(toplevel);
	if (!output || (outer.width <= output->usable.width &&
			outer.height <= output->usable.height)) {
		return;
	}
	int bar = outer.height - toplevel->geom.height;
	int width = toplevel->geom.width, height = toplevel->geom.height;
	width = width < output->usable.width ? width : output->usable.width;
	height = height < output->usable.height - bar ? height : output->usable.height - bar;
	toplevel_resize(toplevel, width, height, WLR_EDGE_NONE);
}

void toplevel_map(struct toplevel *toplevel) {
	struct toplevels *toplevels = toplevel->toplevels;
	assert(!toplevel->mapped);
	toplevel->mapped = true;
	struct wlr_box content;
	wlr_xdg_surface_get_geometry(toplevel->xdg->base, &content);
	toplevel->geom.width = content.width;
	toplevel->geom.height = content.height;
	toplevel_state_frame(toplevel);
	if (!toplevel->fullscreen && !toplevel->maximised) {
		place(toplevel);
		fit(toplevel);
	}
	toplevel_state_show(toplevel);
	wl_list_insert(&toplevels->list, &toplevel->link);
	wl_list_insert(&toplevels->recent, &toplevel->recent);
	wlr_scene_node_set_enabled(&toplevel->tree->node, true);
	log_debug("window %ju \"%s\" (%s) %dx%d at %d,%d", (uintmax_t)toplevel->id,
		toplevel_title(toplevel), toplevel_app_id(toplevel), toplevel->geom.width,
		toplevel->geom.height, toplevel->geom.x, toplevel->geom.y);
	wl_signal_emit_mutable(&toplevels->events.added, toplevel);
	toplevel_focus(toplevel);
}

void toplevel_join(struct toplevel *toplevel) {
	struct toplevel *parent = toplevel->xdg->parent ?
		toplevel_from_surface(toplevel->xdg->parent->base->surface) : NULL;
	bool left = toplevel->geom.x == toplevel->placed.x && toplevel->geom.y == toplevel->placed.y;
	if (parent && parent->mapped && left && !toplevel->fullscreen && !toplevel->maximised) {
		struct wlr_box was = toplevel->geom;
		place(toplevel);
		toplevel->geom = was;
		toplevel_move(toplevel, toplevel->placed.x, toplevel->placed.y);
	}
	toplevel_raise(toplevel);
}

void toplevel_unmap(struct toplevel *toplevel) {
	struct server *server = toplevel->toplevels->server;
	toplevel->mapped = false;
	toplevel->activated = false;
	wlr_scene_node_set_enabled(&toplevel->tree->node, false);
	wl_list_remove(&toplevel->link);
	wl_list_init(&toplevel->link);
	wl_list_remove(&toplevel->recent);
	wl_list_init(&toplevel->recent);
	struct toplevel *parent = toplevel->xdg->parent ?
		toplevel_from_surface(toplevel->xdg->parent->base->surface) : NULL;
	if (parent && parent->mapped) {
		wl_list_remove(&parent->recent);
		wl_list_insert(&toplevel->toplevels->recent, &parent->recent);
	}
	wl_signal_emit_mutable(&toplevel->events.gone, toplevel);
	// Mapped again it is a new window.
	toplevel->minimised = toplevel->maximised = toplevel->fullscreen = toplevel->urgent = false;
	toplevel->asked.active = false;
	seat_update_focus(server->seat);
}

static bool stands_over(const struct toplevel *toplevel, const struct toplevel *base) {
	for (struct wlr_xdg_toplevel *xdg = toplevel->xdg; xdg; xdg = xdg->parent) {
		if (xdg == base->xdg) {
			return true;
		}
	}
	return false;
}

/* Above its siblings, with what stands over it; the one asked for comes last of its branch. */
static void raise_branch(struct toplevel *toplevel, struct toplevel *last) {
	struct toplevels *toplevels = toplevel->toplevels;
	wlr_scene_node_raise_to_top(&toplevel->tree->node);
	wl_list_remove(&toplevel->link);
	wl_list_insert(&toplevels->list, &toplevel->link);
	// From the lowest up, so that they keep their order. Raising moves the listed one to the front,
	// so they are counted instead of walked.
	int count = wl_list_length(&toplevels->list);
	struct toplevel **children = calloc((size_t)count, sizeof(*children));
	size_t size = 0;
	struct toplevel *child, *final = NULL;
	wl_list_for_each_reverse(child, &toplevels->list, link) {
		if (children && child->xdg->parent == toplevel->xdg) {
			if (stands_over(last, child)) {
				final = child;
			} else {
				children[size++] = child;
			}
		}
	}
	for (size_t i = 0; i < size; i++) {
		raise_branch(children[i], last);
	}
	if (final) {
		raise_branch(final, last);
	}
	free(children);
}

void toplevel_raise(struct toplevel *toplevel) {
	struct toplevel *root = toplevel;
	for (struct wlr_xdg_toplevel *up = toplevel->xdg->parent; up; up = up->parent) {
		struct toplevel *parent = toplevel_from_surface(up->base->surface);
		if (parent && parent->mapped) {
			root = parent;
		}
	}
	raise_branch(root, toplevel);
}

void toplevel_focus(struct toplevel *toplevel) {
	if (!toplevel->mapped) {
		return;
	}
	if (toplevel->minimised) {
		toplevel_state_unhide(toplevel);
	}
	toplevel_raise(toplevel);
	toplevel_focus_only(toplevel);
}

void toplevel_focus_only(struct toplevel *toplevel) {
	if (!toplevel->mapped || toplevel->minimised) {
		return;
	}
	wl_list_remove(&toplevel->recent);
	wl_list_insert(&toplevel->toplevels->recent, &toplevel->recent);
	toplevel_set_urgent(toplevel, false);
	seat_update_focus(toplevel->toplevels->server->seat);
}

void toplevels_show_active(struct toplevels *toplevels, struct toplevel *active) {
	struct toplevel *toplevel, *next;
	wl_list_for_each_safe(toplevel, next, &toplevels->list, link) {
		bool is = toplevel == active;
		if (toplevel->activated == is) {
			continue;
		}
		toplevel->activated = is;
		wlr_xdg_toplevel_set_activated(toplevel->xdg, is);
		frame_update(toplevel->frame);
		wl_signal_emit_mutable(&toplevel->events.activated, toplevel);
	}
	// A fullscreen window covers the panels only while nothing else on its screen is looked at.
	wl_list_for_each(toplevel, &toplevels->list, link) {
		if (toplevel->fullscreen) {
			toplevel_state_show(toplevel);
		}
	}
	wl_list_for_each_reverse(toplevel, &toplevels->list, link) {
		wlr_scene_node_raise_to_top(&toplevel->tree->node);
	}
}

void toplevel_close(struct toplevel *toplevel) {
	wlr_xdg_toplevel_send_close(toplevel->xdg);
}

void toplevel_set_urgent(struct toplevel *toplevel, bool urgent) {
	if (toplevel->urgent != urgent) {
		toplevel->urgent = urgent;
		frame_update(toplevel->frame);
		wl_signal_emit_mutable(&toplevel->events.state, toplevel);
	}
}

struct toplevels *toplevels_create(struct server *server) {
	struct toplevels *toplevels = calloc(1, sizeof(*toplevels));
	if (!toplevels) {
		return NULL;
	}
	toplevels->server = server;
	wl_list_init(&toplevels->list);
	wl_list_init(&toplevels->recent);
	wl_signal_init(&toplevels->events.added);
	toplevel_state_watch(toplevels);
	return toplevels;
}

void toplevels_destroy(struct toplevels *toplevels) {
	if (!toplevels) {
		return;
	}
	assert(wl_list_empty(&toplevels->list));
	toplevel_state_unwatch(toplevels);
	free(toplevels);
}
