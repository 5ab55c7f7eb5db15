/* SPDX-License-Identifier: MIT */
/*
 * output.c - the outputs: lighting, laying out, drawing.
 *
 * What clients ask of outputs is output_management.c; what is reserved by panels is layer_shell.c.
 */
#include "output.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <wlr/backend.h>
#include <wlr/backend/headless.h>
#include <wlr/backend/wayland.h>
#include <wlr/backend/x11.h>
#include <wlr/types/wlr_gamma_control_v1.h>

#include "config.h"
#include "cursor.h"
#include "globals.h"
#include "layer_shell.h"
#include "server.h"
#include "toplevel.h"

#define LOG_MODULE "output"
#include "base/log.h"

#define HEADLESS_MHZ 60000

struct output *output_from_wlr(struct wlr_output *wlr) {
	return wlr ? wlr->data : NULL;
}

struct done {
	struct wlr_scene_output *scene;
	struct timespec now;
};

// Of a window that is watched elsewhere, the screen there is the clock (stream/capture.c).
static void send_frame_done(struct wlr_scene_buffer *buffer, int sx, int sy, void *data) {
	struct done *done = data;
	const struct toplevel *toplevel = toplevel_from_owner(owner_of(&buffer->node));
	if (buffer->primary_output == done->scene && !(toplevel && toplevel->pacer)) {
		wlr_scene_buffer_send_frame_done(buffer, &done->now);
	}
}

/* Whether there was anything new. */
static bool draw(struct output *output) {
	uint32_t before = output->wlr->commit_seq;
	struct wlr_scene_output *scene = output->scene;
	if (output->gamma_changed) {
		output->gamma_changed = false;
		struct wlr_output_state state;
		wlr_output_state_init(&state);
		struct wlr_gamma_control_v1 *control = wlr_gamma_control_manager_v1_get_control(
			output->outputs->server->globals->gamma, output->wlr);
		if (!wlr_gamma_control_v1_apply(control, &state) ||
				!wlr_scene_output_build_state(scene, &state, NULL) ||
				!wlr_output_commit_state(output->wlr, &state)) {
			wlr_gamma_control_v1_send_failed_and_destroy(control);
		}
		wlr_output_state_finish(&state);
	} else {
		wlr_scene_output_commit(scene, NULL);
		output->frames += output->wlr->commit_seq != before;
	}
	struct done done = {.scene = scene};
	clock_gettime(CLOCK_MONOTONIC, &done.now);
	wlr_scene_output_for_each_buffer(scene, send_frame_done, &done);
	return output->wlr->commit_seq != before;
}

static void handle_tick(void *data) {
	struct output *output = data;
	if (output->wlr->enabled && draw(output)) {
		frame_clock_want(&output->clock); // the frame event will come too late for it
	}
}

/*
 * A headless screen of wlroots is ready again whole milliseconds after a picture was drawn, so that its
 * rate is below what it says, and each picture that comes late moves all behind it. Ours ticks.
 */
static void handle_frame(struct wl_listener *listener, void *data) {
	struct output *output = wl_container_of(listener, output, frame);
	if (!output->ticks) {
		draw(output);
		return;
	}
	int64_t period = 1000000000000 / (output->wlr->refresh > 0 ? output->wlr->refresh : HEADLESS_MHZ);
	if (output->clock.period_ns != period) {
		frame_clock_set(&output->clock, 0, period);
	}
	frame_clock_want(&output->clock);
}

/* The window we are shown in was given another size, or the like. */
static void handle_request_state(struct wl_listener *listener, void *data) {
	struct output *output = wl_container_of(listener, output, request_state);
	const struct wlr_output_event_request_state *event = data;
	wlr_output_commit_state(output->wlr, event->state);
}

static void output_destroy(struct output *output) {
	log_debug("%s: %u frames drawn", output->wlr->name, output->frames);
	wl_list_remove(&output->link);
	output_leave_layout(output);
	assert(wl_list_empty(&output->layer_surfaces));
	wl_list_remove(&output->frame.link);
	wl_list_remove(&output->request_state.link);
	wl_list_remove(&output->destroy.link);
	if (output->ticks) {
		frame_clock_finish(&output->clock);
	}
	output->wlr->data = NULL;
	free(output);
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct output *output = wl_container_of(listener, output, destroy);
	struct outputs *outputs = output->outputs;
	struct wlr_output *wlr = output->wlr;
	bool nested = wlr_output_is_wl(wlr) || wlr_output_is_x11(wlr);
	output_destroy(output);
	if (nested && wl_list_empty(&outputs->list)) {
		log_info("our window was closed");
		server_stop(outputs->server);
	}
}

void output_enter_layout(struct output *output, const int position[2]) {
	struct outputs *outputs = output->outputs;
	struct wlr_output_layout_output *place = position ?
		wlr_output_layout_add(outputs->layout, output->wlr, position[0], position[1]) :
		wlr_output_layout_add_auto(outputs->layout, output->wlr);
	if (!place) {
		return;
	}
	wlr_scene_output_layout_add_output(outputs->scene_layout, place, output->scene);
	if (!output->in_layout) {
		output->in_layout = true;
		wlr_output_layout_get_box(outputs->layout, output->wlr, &output->geom);
		output->usable = output->geom;
		wl_signal_emit_mutable(&outputs->events.added, output);
	}
}

void output_leave_layout(struct output *output) {
	if (!output->in_layout) {
		return;
	}
	output->in_layout = false;
	wlr_output_layout_remove(output->outputs->layout, output->wlr);
	wl_signal_emit_mutable(&output->outputs->events.removed, output);
}

void output_set_usable(struct output *output, const struct wlr_box *usable) {
	if (!wlr_box_equal(&output->usable, usable)) {
		output->usable = *usable;
		wl_signal_emit_mutable(&output->outputs->events.changed, output);
	}
}

static void handle_layout_change(struct wl_listener *listener, void *data) {
	struct outputs *outputs = wl_container_of(listener, outputs, layout_change);
	struct output *output;
	wl_list_for_each(output, &outputs->list, link) {
		struct wlr_box geom;
		wlr_output_layout_get_box(outputs->layout, output->wlr, &geom);
		if (!output->in_layout || wlr_box_empty(&geom)) {
			continue; // its power is off: where it was is where it will be
		}
		output->geom = geom;
		output->usable = layer_shell_arrange(output);
		wl_signal_emit_mutable(&outputs->events.changed, output);
	}
}

/* Screens with more than about 190 dots per inch are made for scale 2. */
static float natural_scale(const struct wlr_output *wlr, int width, int height) {
	if (wlr->phys_width <= 0 || wlr->phys_height <= 0) {
		return 1;
	}
	double dots = hypot(width, height), inches = hypot(wlr->phys_width, wlr->phys_height) / 25.4;
	// A television of four thousand dots across is large, not dense; a projector lies.
	return inches > 3 && dots / inches > 190 && height >= 1200 ? 2 : 1;
}

static void set_mode(const struct output *output, const struct config_output *config,
		struct wlr_output_state *state) {
	struct wlr_output_mode *mode, *best = NULL;
	if (!config || config->width <= 0) {
		best = wlr_output_preferred_mode(output->wlr);
		if (best) {
			wlr_output_state_set_mode(state, best);
		}
		return;
	}
	wl_list_for_each(mode, &output->wlr->modes, link) {
		if (mode->width != config->width || mode->height != config->height) {
			continue;
		}
		bool nearer = !best || (config->refresh > 0 ?
			abs(mode->refresh - config->refresh) < abs(best->refresh - config->refresh) :
			mode->refresh > best->refresh);
		if (nearer) {
			best = mode;
		}
	}
	if (best) {
		wlr_output_state_set_mode(state, best);
	} else {
		wlr_output_state_set_custom_mode(state, config->width, config->height, config->refresh);
	}
}

/* A headless screen draws at 60 Hz, and does not say so by itself. */
static void set_rate(struct wlr_output *wlr, struct wlr_output_state *state) {
	bool custom = state->committed & WLR_OUTPUT_STATE_MODE;
	int32_t refresh = custom ? state->custom_mode.refresh : wlr->refresh;
	if (wlr_output_is_headless(wlr) && refresh == 0) {
		wlr_output_state_set_custom_mode(state, custom ? state->custom_mode.width : wlr->width,
			custom ? state->custom_mode.height : wlr->height, HEADLESS_MHZ);
	}
}

static bool try_light(struct output *output, const struct config_output *config) {
	struct wlr_output_state state;
	wlr_output_state_init(&state);
	wlr_output_state_set_enabled(&state, true);
	set_mode(output, config, &state);
	set_rate(output->wlr, &state);
	int width = state.mode ? state.mode->width : output->wlr->width;
	int height = state.mode ? state.mode->height : output->wlr->height;
	wlr_output_state_set_scale(&state, config && config->scale > 0 ? config->scale :
		natural_scale(output->wlr, width, height));
	if (config) {
		wlr_output_state_set_transform(&state, config->transform);
	}
	bool good = wlr_output_commit_state(output->wlr, &state);
	wlr_output_state_finish(&state);
	return good;
}

static void light(struct output *output) {
	const struct config_output *config =
		config_output_find(output->outputs->server->config, output->wlr);
	if (config && config->off) {
		log_info("%s stays dark, as configured", output->wlr->name);
		return;
	}
	if (!try_light(output, config)) {
		if (!config || !try_light(output, NULL)) {
			log_error("%s cannot be lit", output->wlr->name);
			return;
		}
		log_error("%s does not take its configuration, using its own", output->wlr->name);
	}
	output_enter_layout(output, config && config->placed ? config->position : NULL);
}

static void destroy_undrawn(struct output *output) {
	if (output->ticks) {
		frame_clock_finish(&output->clock);
	}
	if (output->scene) {
		wlr_scene_output_destroy(output->scene);
	}
	free(output);
}

static void handle_new_output(struct wl_listener *listener, void *data) {
	struct outputs *outputs = wl_container_of(listener, outputs, new_output);
	struct wlr_output *wlr = data;
	struct server *server = outputs->server;
	if (wlr->non_desktop) {
		return;
	}
	struct output *output = calloc(1, sizeof(*output));
	if (!output || !wlr_output_init_render(wlr, server->allocator, server->renderer)) {
		log_error("%s: cannot be drawn on", wlr->name);
		free(output);
		return;
	}
	output->outputs = outputs;
	output->wlr = wlr;
	output->scene = wlr_scene_output_create(server->scene, wlr);
	output->ticks = output->scene && wlr_output_is_headless(wlr);
	if (!output->scene || (output->ticks &&
			!frame_clock_init(&output->clock, server->loop, handle_tick, output))) {
		log_error("%s: no memory to draw on it", wlr->name);
		destroy_undrawn(output);
		return;
	}
	wlr->data = output;
	wl_list_init(&output->layer_surfaces);
	wl_list_insert(outputs->list.prev, &output->link);
	output->frame.notify = handle_frame;
	wl_signal_add(&wlr->events.frame, &output->frame);
	output->request_state.notify = handle_request_state;
	wl_signal_add(&wlr->events.request_state, &output->request_state);
	output->destroy.notify = handle_destroy;
	wl_signal_add(&wlr->events.destroy, &output->destroy);
	if (wlr_output_is_wl(wlr)) {
		wlr_wl_output_set_title(wlr, "boxland");
		wlr_wl_output_set_app_id(wlr, "boxland");
	} else if (wlr_output_is_x11(wlr)) {
		wlr_x11_output_set_title(wlr, "boxland");
	}
	light(output);
}

static void handle_set_gamma(struct wl_listener *listener, void *data) {
	const struct wlr_gamma_control_manager_v1_set_gamma_event *event = data;
	struct output *output = output_from_wlr(event->output);
	if (output) {
		output->gamma_changed = true;
		wlr_output_schedule_frame(output->wlr);
	}
}

struct outputs *outputs_create(struct server *server) {
	struct outputs *outputs = calloc(1, sizeof(*outputs));
	if (!outputs) {
		return NULL;
	}
	outputs->server = server;
	wl_list_init(&outputs->list);
	wl_signal_init(&outputs->events.added);
	wl_signal_init(&outputs->events.changed);
	wl_signal_init(&outputs->events.removed);
	outputs->layout = wlr_output_layout_create(server->display);
	if (!outputs->layout) {
		free(outputs);
		return NULL;
	}
	outputs->scene_layout = wlr_scene_attach_output_layout(server->scene, outputs->layout);
	outputs->layout_change.notify = handle_layout_change;
	wl_signal_add(&outputs->layout->events.change, &outputs->layout_change);
	outputs->new_output.notify = handle_new_output;
	wl_signal_add(&server->backend->events.new_output, &outputs->new_output);
	outputs->set_gamma.notify = handle_set_gamma;
	wl_signal_add(&server->globals->gamma->events.set_gamma, &outputs->set_gamma);
	return outputs;
}

void outputs_destroy(struct outputs *outputs) {
	if (!outputs) {
		return;
	}
	wl_list_remove(&outputs->new_output.link);
	wl_list_remove(&outputs->layout_change.link);
	wl_list_remove(&outputs->set_gamma.link);
	struct output *output, *next;
	wl_list_for_each_safe(output, next, &outputs->list, link) {
		output_destroy(output);
	}
	wlr_output_layout_destroy(outputs->layout);
	free(outputs);
}

struct output *outputs_at(struct outputs *outputs, double lx, double ly) {
	double x, y;
	wlr_output_layout_closest_point(outputs->layout, NULL, lx, ly, &x, &y);
	return output_from_wlr(wlr_output_layout_output_at(outputs->layout, x, y));
}

struct output *outputs_showing(struct outputs *outputs, const struct wlr_box *geom) {
	struct output *output, *best = NULL;
	int most = 0;
	wl_list_for_each(output, &outputs->list, link) {
		struct wlr_box part;
		if (output->in_layout && wlr_box_intersection(&part, &output->geom, geom) &&
				part.width * part.height > most) {
			most = part.width * part.height;
			best = output;
		}
	}
	return best ? best :
		outputs_at(outputs, geom->x + geom->width / 2, geom->y + geom->height / 2);
}

struct output *outputs_focused(struct outputs *outputs) {
	struct wlr_cursor *cursor = outputs->server->cursor->wlr;
	return outputs_at(outputs, cursor->x, cursor->y);
}

double outputs_scale_max(struct outputs *outputs) {
	double scale = 0;
	struct output *output;
	wl_list_for_each(output, &outputs->list, link) {
		if (output->in_layout) {
			scale = fmax(scale, output->wlr->scale);
		}
	}
	return scale > 0 ? scale : 1;
}
