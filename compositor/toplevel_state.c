/* SPDX-License-Identifier: MIT */
/*
 * toplevel_state.c - the sizes and states of windows, and how they follow the outputs.
 *
 * A client takes a size when it pleases, so what was asked and what is are kept apart: geom is what
 * is, and follows with the client's commit.
 */
#include "toplevel_state.h"

#include <math.h>
#include <stdlib.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_fractional_scale_v1.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "frame.h"
#include "interact.h"
#include "output.h"
#include "placement.h"
#include "seat.h"
#include "server.h"
#include "theme.h"
#include "toplevel.h"

#define MIN_WIDTH 120 // of a framed window: its buttons and a letter of its title
#define MIN_HEIGHT 24
#define BARE_BAR 24 // how much of a window without our titlebar must stay in reach

static int bar_height(const struct toplevel *toplevel) {
	return toplevel->frame && !toplevel->fullscreen ? THEME_TITLE_HEIGHT : 0;
}

void toplevel_state_frame(struct toplevel *toplevel) {
	bool wanted = toplevel->decorated;
	if (wanted && !toplevel->frame) {
		toplevel->frame = frame_create(toplevel);
	} else if (!wanted && toplevel->frame) {
		frame_destroy(toplevel->frame);
		toplevel->frame = NULL;
	}
	frame_update(toplevel->frame);
}

/* It fills its output, and no other window there was focused since. */
static bool covers_output(const struct toplevel *toplevel) {
	struct output *output = toplevel_output(toplevel);
	struct toplevel *other;
	wl_list_for_each(other, &toplevel->toplevels->recent, recent) {
		if (other == toplevel) {
			return toplevel->fullscreen;
		}
		if (!other->minimised && toplevel_output(other) == output) {
			return false;
		}
	}
	return toplevel->fullscreen; // about to be listed
}

void toplevel_state_show(struct toplevel *toplevel) {
	struct server *server = toplevel->toplevels->server;
	struct wlr_scene_tree *layer =
		server->layers[covers_output(toplevel) ? LAYER_FULLSCREEN : LAYER_WINDOWS];
	if (toplevel->tree->node.parent != layer) {
		wlr_scene_node_reparent(&toplevel->tree->node, layer);
	}
	wlr_scene_node_set_position(&toplevel->tree->node, toplevel->geom.x, toplevel->geom.y);
	frame_update(toplevel->frame);

	struct output *output = toplevel->fullscreen ? toplevel_output(toplevel) : NULL;
	if (output && !toplevel->backdrop) {
		const float black[4] = {0, 0, 0, 1};
		toplevel->backdrop = wlr_scene_rect_create(toplevel->tree, 0, 0, black);
		if (toplevel->backdrop) {
			wlr_scene_node_lower_to_bottom(&toplevel->backdrop->node);
		}
	} else if (!output && toplevel->backdrop) {
		wlr_scene_node_destroy(&toplevel->backdrop->node);
		toplevel->backdrop = NULL;
	}
	if (toplevel->backdrop) {
		wlr_scene_rect_set_size(toplevel->backdrop, output->geom.width, output->geom.height);
		wlr_scene_node_set_position(&toplevel->backdrop->node,
			output->geom.x - toplevel->geom.x, output->geom.y - toplevel->geom.y);
	}
}

static void set_geom(struct toplevel *toplevel, const struct wlr_box *geom) {
	if (wlr_box_equal(geom, &toplevel->geom)) {
		return;
	}
	toplevel->geom = *geom;
	toplevel_state_show(toplevel);
	if (toplevel->mapped) {
		wl_signal_emit_mutable(&toplevel->events.geom, toplevel);
	}
}

/* Asks for a size; the place follows when the client has taken it. */
static void ask(struct toplevel *toplevel, const struct wlr_box *geom, uint32_t edges) {
	toplevel->asked.active = true;
	toplevel->asked.geom = *geom;
	toplevel->asked.edges = edges;
	toplevel->asked.serial =
		wlr_xdg_toplevel_set_size(toplevel->xdg, geom->width, geom->height);
	if (geom->width == toplevel->geom.width && geom->height == toplevel->geom.height) {
		toplevel->asked.active = false;
		set_geom(toplevel, geom);
	}
}

void toplevel_committed(struct toplevel *toplevel) {
	struct wlr_box content, geom = toplevel->geom;
	wlr_xdg_surface_get_geometry(toplevel->xdg->base, &content);
	geom.width = content.width;
	geom.height = content.height;
	if (toplevel->asked.active) {
		const struct wlr_box *asked = &toplevel->asked.geom;
		uint32_t edges = toplevel->asked.edges;
		uint32_t acked = toplevel->xdg->base->current.configure_serial;
		bool taken = (int32_t)(acked - toplevel->asked.serial) >= 0;
		if (edges) {
			// The other edge stays, whatever size the client makes of it.
			geom.x = edges & WLR_EDGE_LEFT ? asked->x + asked->width - geom.width : geom.x;
			geom.y = edges & WLR_EDGE_TOP ? asked->y + asked->height - geom.height : geom.y;
		} else if (taken) {
			geom.x = asked->x;
			geom.y = asked->y;
		}
		toplevel->asked.active = !taken || toplevel->xdg->scheduled.resizing;
	}
	struct output *output = toplevel->fullscreen ? toplevel_output(toplevel) : NULL;
	if (output) {
		geom.x = output->geom.x + (output->geom.width - geom.width) / 2;
		geom.y = output->geom.y + (output->geom.height - geom.height) / 2;
	}
	set_geom(toplevel, &geom);
}

void toplevel_clamp_size(struct toplevel *toplevel, int *width, int *height) {
	const struct wlr_xdg_toplevel_state *limits = &toplevel->xdg->current;
	int min_width = limits->min_width > 0 ? limits->min_width : 1;
	int min_height = limits->min_height > 0 ? limits->min_height : 1;
	if (min_width < MIN_WIDTH && limits->max_width != limits->min_width) {
		min_width = MIN_WIDTH;
	}
	if (min_height < MIN_HEIGHT && limits->max_height != limits->min_height) {
		min_height = MIN_HEIGHT;
	}
	if (limits->max_width > 0 && *width > limits->max_width) {
		*width = limits->max_width;
	}
	if (limits->max_height > 0 && *height > limits->max_height) {
		*height = limits->max_height;
	}
	*width = *width < min_width ? min_width : *width;
	*height = *height < min_height ? min_height : *height;
}

void toplevel_move(struct toplevel *toplevel, int x, int y) {
	struct outputs *outputs = toplevel->toplevels->server->outputs;
	struct wlr_box moved = toplevel->geom;
	moved.x = x;
	moved.y = y;
	struct output *output = outputs_showing(outputs, &moved);
	if (!output || toplevel->fullscreen || toplevel->maximised) {
		return;
	}
	// Sideways over all screens, or a window could not be pulled from one to the next.
	struct wlr_box area, outer = toplevel_outer(toplevel);
	wlr_output_layout_get_box(outputs->layout, NULL, &area);
	area.y = output->usable.y;
	area.height = output->usable.height;
	outer.x += x - toplevel->geom.x;
	outer.y += y - toplevel->geom.y;
	int bar = bar_height(toplevel);
	placement_reach(&area, bar ? bar : BARE_BAR, &outer);
	moved.x = outer.x;
	moved.y = outer.y + bar;
	toplevel->asked.active = false; // its place is this one now, whatever its size will be
	set_geom(toplevel, &moved);
}

void toplevel_resize(struct toplevel *toplevel, int width, int height, uint32_t edges) {
	if (toplevel->fullscreen || toplevel->maximised) {
		return;
	}
	toplevel_clamp_size(toplevel, &width, &height);
	struct wlr_box geom = toplevel->geom;
	if (edges & WLR_EDGE_LEFT) {
		geom.x += geom.width - width;
	}
	if (edges & WLR_EDGE_TOP) {
		geom.y += geom.height - height;
	}
	geom.width = width;
	geom.height = height;
	ask(toplevel, &geom, edges);
}

/* Where its state wants it, if that is nowhere of its own. */
static void arrange(struct toplevel *toplevel) {
	struct output *output = toplevel_output(toplevel);
	if (!output) {
		return;
	}
	if (toplevel->fullscreen) {
		ask(toplevel, &output->geom, WLR_EDGE_NONE);
	} else if (toplevel->maximised) {
		int bar = bar_height(toplevel);
		struct wlr_box geom = output->usable;
		geom.y += bar;
		geom.height -= bar;
		ask(toplevel, &geom, WLR_EDGE_NONE);
	} else {
		ask(toplevel, &toplevel->restore, WLR_EDGE_NONE);
	}
	toplevel_state_show(toplevel);
}

static void keep_place(struct toplevel *toplevel) {
	if (!toplevel->maximised && !toplevel->fullscreen) {
		toplevel->restore = toplevel->geom;
	}
}

static void state_changed(struct toplevel *toplevel) {
	frame_update(toplevel->frame);
	if (toplevel->mapped) {
		wl_signal_emit_mutable(&toplevel->events.state, toplevel);
	}
}

void toplevel_set_maximised(struct toplevel *toplevel, bool maximised) {
	if (toplevel->maximised == maximised) {
		wlr_xdg_surface_schedule_configure(toplevel->xdg->base);
		return;
	}
	interact_cancel(toplevel->toplevels->server->interact, toplevel);
	keep_place(toplevel);
	toplevel->maximised = maximised;
	wlr_xdg_toplevel_set_maximized(toplevel->xdg, maximised);
	if (!toplevel->fullscreen) {
		arrange(toplevel);
	}
	state_changed(toplevel);
}

void toplevel_set_fullscreen(struct toplevel *toplevel, bool fullscreen, struct output *output) {
	if (toplevel->fullscreen == fullscreen && (!output || toplevel_output(toplevel) == output)) {
		wlr_xdg_surface_schedule_configure(toplevel->xdg->base);
		return;
	}
	interact_cancel(toplevel->toplevels->server->interact, toplevel);
	keep_place(toplevel);
	toplevel->fullscreen_output = fullscreen ? output : NULL;
	if (fullscreen && !output) {
		toplevel->fullscreen_output = toplevel_output(toplevel);
	}
	toplevel->fullscreen = fullscreen;
	wlr_xdg_toplevel_set_fullscreen(toplevel->xdg, fullscreen);
	arrange(toplevel);
	if (toplevel->mapped && toplevel->activated) {
		toplevel_raise(toplevel);
	}
	state_changed(toplevel);
}

void toplevel_state_unhide(struct toplevel *toplevel) {
	toplevel->minimised = false;
	wlr_xdg_toplevel_set_suspended(toplevel->xdg, false);
	wlr_scene_node_set_enabled(&toplevel->tree->node, true);
	state_changed(toplevel);
}

void toplevel_set_minimised(struct toplevel *toplevel, bool minimised) {
	if (!toplevel->mapped || toplevel->minimised == minimised) {
		return;
	}
	if (!minimised) {
		toplevel_focus(toplevel);
		return;
	}
	interact_cancel(toplevel->toplevels->server->interact, toplevel);
	toplevel->minimised = true;
	wl_list_remove(&toplevel->recent);
	wl_list_insert(toplevel->toplevels->recent.prev, &toplevel->recent);
	wlr_xdg_toplevel_set_suspended(toplevel->xdg, true);
	wlr_scene_node_set_enabled(&toplevel->tree->node, false);
	state_changed(toplevel);
	seat_update_focus(toplevel->toplevels->server->seat);
}

void toplevel_set_decorated(struct toplevel *toplevel, bool decorated) {
	if (toplevel->decorated == decorated) {
		return;
	}
	toplevel->decorated = decorated;
	if (!toplevel->mapped) {
		return; // the frame comes with the window
	}
	toplevel_state_frame(toplevel);
	if (toplevel->maximised && !toplevel->fullscreen) {
		arrange(toplevel);
	} else {
		toplevel_move(toplevel, toplevel->geom.x, toplevel->geom.y); // its titlebar in reach
	}
}

void toplevel_state_prepare(struct toplevel *toplevel) {
	struct wlr_xdg_toplevel *xdg = toplevel->xdg;
	struct output *output = outputs_focused(toplevel->toplevels->server->outputs);
	wlr_xdg_toplevel_set_wm_capabilities(xdg, WLR_XDG_TOPLEVEL_WM_CAPABILITIES_MAXIMIZE |
		WLR_XDG_TOPLEVEL_WM_CAPABILITIES_FULLSCREEN | WLR_XDG_TOPLEVEL_WM_CAPABILITIES_MINIMIZE);
	if (!output) {
		wlr_xdg_toplevel_set_size(xdg, 0, 0);
		return;
	}
	// Its first picture is to be sharp; the scene tells only of what is seen already.
	wlr_fractional_scale_v1_notify_scale(xdg->base->surface, output->wlr->scale);
	wlr_surface_set_preferred_buffer_scale(xdg->base->surface, (int32_t)ceilf(output->wlr->scale));
	int bar = toplevel->decorated ? THEME_TITLE_HEIGHT : 0;
	wlr_xdg_toplevel_set_bounds(xdg, output->usable.width, output->usable.height - bar);
	// Where it goes should it leave the state it starts in.
	toplevel->geom.width = output->usable.width * 2 / 3;
	toplevel->geom.height = output->usable.height * 2 / 3;
	toplevel->geom.x = output->usable.x + output->usable.width / 6;
	toplevel->geom.y = output->usable.y + output->usable.height / 6;
	toplevel_state_frame(toplevel);
	if (xdg->requested.fullscreen) {
		toplevel_set_fullscreen(toplevel, true, output_from_wlr(xdg->requested.fullscreen_output));
	} else if (xdg->requested.maximized) {
		toplevel_set_maximised(toplevel, true);
	} else {
		wlr_xdg_toplevel_set_size(xdg, 0, 0);
	}
}

/*
 * After a change of the screens: what fills one fills it again; what has its middle outside is
 * brought in; the others stay where they are, as far as they are in reach.
 */
static void follow(struct toplevel *toplevel) {
	if (toplevel->maximised || toplevel->fullscreen) {
		arrange(toplevel);
		return;
	}
	struct output *output = toplevel_output(toplevel);
	struct wlr_box outer = toplevel_outer(toplevel);
	if (!output) {
		return;
	}
	int dx = outer.x, dy = outer.y;
	if (!wlr_box_contains_point(&output->usable, outer.x + outer.width / 2,
			outer.y + outer.height / 2)) {
		placement_carry(&output->usable, &output->usable, &outer);
	}
	toplevel_move(toplevel, toplevel->geom.x + outer.x - dx, toplevel->geom.y + outer.y - dy);
}

static void handle_output_changed(struct wl_listener *listener, void *data) {
	struct toplevels *toplevels = wl_container_of(listener, toplevels, output_changed);
	struct output *output = data;
	struct toplevel *toplevel;
	wl_list_for_each(toplevel, &toplevels->list, link) {
		if (toplevel_output(toplevel) == output) {
			follow(toplevel);
		}
	}
}

/* The first screen after none, perhaps: windows that were on no screen are brought to it. */
static void handle_output_added(struct wl_listener *listener, void *data) {
	struct toplevels *toplevels = wl_container_of(listener, toplevels, output_added);
	handle_output_changed(&toplevels->output_changed, data);
}

static void handle_output_removed(struct wl_listener *listener, void *data) {
	struct toplevels *toplevels = wl_container_of(listener, toplevels, output_removed);
	struct output *removed = data;
	struct toplevel *toplevel;
	wl_list_for_each(toplevel, &toplevels->list, link) {
		bool here = wlr_box_contains_point(&removed->geom,
			toplevel->geom.x + toplevel->geom.width / 2,
			toplevel->geom.y + toplevel->geom.height / 2);
		if (toplevel->fullscreen_output == removed) {
			toplevel->fullscreen_output = NULL;
			here = true;
		}
		struct output *output = outputs_showing(toplevels->server->outputs, &toplevel->geom);
		if (!here || !output) {
			continue;
		}
		struct wlr_box geom = toplevel->geom;
		placement_carry(&removed->geom, &output->usable, &geom);
		placement_carry(&removed->geom, &output->usable, &toplevel->restore);
		set_geom(toplevel, &geom);
		follow(toplevel);
	}
}

void toplevel_state_watch(struct toplevels *toplevels) {
	struct outputs *outputs = toplevels->server->outputs;
	toplevels->output_changed.notify = handle_output_changed;
	wl_signal_add(&outputs->events.changed, &toplevels->output_changed);
	toplevels->output_added.notify = handle_output_added;
	wl_signal_add(&outputs->events.added, &toplevels->output_added);
	toplevels->output_removed.notify = handle_output_removed;
	wl_signal_add(&outputs->events.removed, &toplevels->output_removed);
}

void toplevel_state_unwatch(struct toplevels *toplevels) {
	wl_list_remove(&toplevels->output_changed.link);
	wl_list_remove(&toplevels->output_added.link);
	wl_list_remove(&toplevels->output_removed.link);
}
