/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_output.h>
#include <wlr/types/wlr_output_layout.h>
#include <wlr/types/wlr_scene.h>
#include <wlr/util/box.h>

#include "frame_clock.h"

/*
 * The outputs: lit as the configuration says, laid out side by side, drawn when something on them
 * has changed and left alone otherwise. All geometries are in the layout's logical pixels.
 */

struct server;

struct outputs {
	struct server *server;
	struct wl_list list; // output.link, in order of arrival; the lit ones and the dark ones
	struct wlr_output_layout *layout;
	struct {
		struct wl_signal added;   // struct output *, once it is in the layout
		struct wl_signal changed; // struct output *: geometry, scale or usable area
		struct wl_signal removed; // struct output *, no longer in the layout
	} events;

	// private state
	struct wlr_scene_output_layout *scene_layout;
	struct wl_listener new_output, layout_change, set_gamma, set_power;
};

struct output {
	struct outputs *outputs;
	struct wl_list link; // outputs.list
	struct wlr_output *wlr;
	struct wlr_scene_output *scene;
	bool in_layout;        // shows a part of the desktop (even while its power is off)
	struct wlr_box geom;   // the whole of it
	struct wlr_box usable; // less what panels keep for themselves
	struct wl_list layer_surfaces; // layer_surface.link

	// private state
	bool gamma_changed;
	unsigned frames; // drawn so far
	bool ticks;      // a headless screen, which has no clock that is any good
	struct frame_clock clock;
	struct wl_listener frame, request_state, destroy;
};

struct outputs *outputs_create(struct server *server);
void outputs_destroy(struct outputs *outputs);

/* The output at a point, or the nearest one; NULL if there is none at all. */
struct output *outputs_at(struct outputs *outputs, double lx, double ly);
/* The output that shows most of a rectangle, or the nearest one; NULL if there is none at all. */
struct output *outputs_showing(struct outputs *outputs, const struct wlr_box *geom);
/* The output the pointer is on; NULL if there is none at all. */
struct output *outputs_focused(struct outputs *outputs);
/* The largest scale in use; 1 if there is no output. */
double outputs_scale_max(struct outputs *outputs);
struct output *output_from_wlr(struct wlr_output *wlr);

/* Sets what panels leave over, and says so if that is new. */
void output_set_usable(struct output *output, const struct wlr_box *usable);
/* Takes it into the layout, at a place or (NULL) beside the others; or out of it. */
void output_enter_layout(struct output *output, const int position[2]);
void output_leave_layout(struct output *output);

#endif
