/* SPDX-License-Identifier: MIT */
/*
 * cursor.c - the pointer: moved by devices, over surfaces and frames, its buttons and wheels.
 *
 * Its looks are cursor_image.c, windows moved by it interact.c, clients that hold it constraint.c,
 * its gestures gesture.c.
 */
#include "cursor.h"

#include <stdlib.h>
#include <time.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_pointer.h>
#include <wlr/types/wlr_relative_pointer_v1.h>
#include <wlr/types/wlr_seat.h>

#include "bindings.h"
#include "config.h"
#include "constraint.h"
#include "cursor_image.h"
#include "globals.h"
#include "input.h"
#include "interact.h"
#include "keyboard.h"
#include "layer_shell.h"
#include "layers.h"
#include "output.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"

uint32_t cursor_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* While a button is down the surface it went down on is told of everything, wherever it goes. */
static bool follow_grab(struct cursor *cursor, uint32_t time_msec) {
	struct wlr_seat *seat = cursor->server->seat->wlr;
	if (!cursor->button_grab || seat->pointer_state.button_count == 0 ||
			!seat->pointer_state.focused_surface ||
			seat->pointer_state.grab != seat->pointer_state.default_grab) {
		cursor->button_grab = false;
		return false;
	}
	wlr_seat_pointer_notify_motion(seat, time_msec, cursor->wlr->x - cursor->grab_x,
		cursor->wlr->y - cursor->grab_y);
	return true;
}

static void follow_focus(struct cursor *cursor, const struct hit *hit) {
	struct server *server = cursor->server;
	struct toplevel *toplevel = toplevel_from_owner(hit->owner);
	if (server->config->focus == FOCUS_FOLLOWS && toplevel &&
			toplevel != toplevels_focused(server->toplevels)) {
		toplevel_focus_only(toplevel);
	}
}

static void process_motion(struct cursor *cursor, uint32_t time_msec, bool moved) {
	struct server *server = cursor->server;
	struct wlr_seat *seat = server->seat->wlr;
	seat_move_drag_icon(server->seat, cursor->wlr->x, cursor->wlr->y);
	if (interact_active(server->interact)) {
		interact_motion(server->interact);
		return;
	}
	if (follow_grab(cursor, time_msec)) {
		return;
	}
	struct hit hit = layers_hit(server, cursor->wlr->x, cursor->wlr->y);
	if (moved) {
		follow_focus(cursor, &hit);
	}
	interact_hover(server->interact, &hit);
	if (hit.surface) {
		wlr_seat_pointer_notify_enter(seat, hit.surface, hit.sx, hit.sy);
		wlr_seat_pointer_notify_motion(seat, time_msec, hit.sx, hit.sy);
	} else {
		wlr_seat_pointer_notify_clear_focus(seat);
		if (!hit.owner) {
			cursor_image_set(cursor, "default");
		}
	}
	constraints_update(server->constraints);
}

void cursor_update(struct cursor *cursor) {
	process_motion(cursor, cursor_now(), false);
}

void cursor_take(struct cursor *cursor, const char *shape) {
	cursor->button_grab = false;
	wlr_seat_pointer_notify_clear_focus(cursor->server->seat->wlr);
	cursor_image_set(cursor, shape);
}

void cursor_warp(struct cursor *cursor, double lx, double ly) {
	wlr_cursor_warp(cursor->wlr, NULL, lx, ly);
	cursor_update(cursor);
}

static void move(struct cursor *cursor, struct wlr_input_device *device, uint32_t time_msec,
		double dx, double dy, double unaccel_dx, double unaccel_dy) {
	struct server *server = cursor->server;
	wlr_relative_pointer_manager_v1_send_relative_motion(server->globals->relative_pointer,
		server->seat->wlr, (uint64_t)time_msec * 1000, dx, dy, unaccel_dx, unaccel_dy);
	if (!interact_active(server->interact) && !constraints_allow(server->constraints, &dx, &dy)) {
		return;
	}
	wlr_cursor_move(cursor->wlr, device, dx, dy);
	process_motion(cursor, time_msec, true);
}

static void handle_motion(struct wl_listener *listener, void *data) {
	struct cursor *cursor = wl_container_of(listener, cursor, motion);
	const struct wlr_pointer_motion_event *event = data;
	struct input_event offered = {
		.type = INPUT_MOTION,
		.device = input_device_from(&event->pointer->base),
		.time_msec = event->time_msec,
		.motion = {event->delta_x, event->delta_y, event->unaccel_dx, event->unaccel_dy},
	};
	if (!input_offer(cursor->server->input, &offered)) {
		move(cursor, &event->pointer->base, event->time_msec, event->delta_x, event->delta_y,
			event->unaccel_dx, event->unaccel_dy);
	}
}

static void handle_motion_absolute(struct wl_listener *listener, void *data) {
	struct cursor *cursor = wl_container_of(listener, cursor, motion_absolute);
	const struct wlr_pointer_motion_absolute_event *event = data;
	struct input_event offered = {
		.type = INPUT_MOTION_ABSOLUTE,
		.device = input_device_from(&event->pointer->base),
		.time_msec = event->time_msec,
		.absolute = {event->x, event->y},
	};
	if (input_offer(cursor->server->input, &offered)) {
		return;
	}
	double lx, ly;
	wlr_cursor_absolute_to_layout_coords(cursor->wlr, &event->pointer->base, event->x, event->y,
		&lx, &ly);
	double dx = lx - cursor->wlr->x, dy = ly - cursor->wlr->y;
	move(cursor, &event->pointer->base, event->time_msec, dx, dy, dx, dy);
}

/* From now on the surface pressed is told of everything until all buttons are up. */
static void press_surface(struct cursor *cursor, const struct hit *hit) {
	cursor->button_grab = hit->surface != NULL;
	cursor->grab_x = cursor->wlr->x - hit->sx;
	cursor->grab_y = cursor->wlr->y - hit->sy;
}

static bool seat_holds(const struct wlr_seat *seat, uint32_t button) {
	for (size_t i = 0; i < seat->pointer_state.button_count; i++) {
		if (seat->pointer_state.buttons[i] == button) {
			return true;
		}
	}
	return false;
}

/* A button that went down on a frame, or for a hook, goes up unseen by clients too. */
static void notify_button(struct cursor *cursor, const struct wlr_pointer_button_event *event) {
	struct wlr_seat *seat = cursor->server->seat->wlr;
	if (event->state == WL_POINTER_BUTTON_STATE_PRESSED || seat_holds(seat, event->button)) {
		wlr_seat_pointer_notify_button(seat, event->time_msec, event->button, event->state);
	}
}

static void handle_button(struct wl_listener *listener, void *data) {
	struct cursor *cursor = wl_container_of(listener, cursor, button);
	const struct wlr_pointer_button_event *event = data;
	struct server *server = cursor->server;
	bool pressed = event->state == WL_POINTER_BUTTON_STATE_PRESSED;
	struct input_event offered = {
		.type = INPUT_BUTTON,
		.device = input_device_from(&event->pointer->base),
		.time_msec = event->time_msec,
		.button = {event->button, pressed},
	};
	if (input_offer(server->input, &offered)) {
		return;
	}
	bindings_disarm(server->bindings);
	struct wlr_seat *seat = server->seat->wlr;
	bool first = seat->pointer_state.button_count == 0;
	if (pressed && first && !interact_active(server->interact)) {
		process_motion(cursor, event->time_msec, false); // what is under it may be another by now
	}
	if (!pressed && interact_active(server->interact)) {
		// The press may have been the client's, who then asked to be moved. It has no pointer now;
		// this is for the seat's count alone.
		notify_button(cursor, event);
	}
	struct hit hit = layers_hit(server, cursor->wlr->x, cursor->wlr->y);
	if (pressed && first) {
		layer_shell_click(server->layer_shell, layer_surface_from_owner(hit.owner));
	}
	// Buttons after the first belong to whoever has the first.
	if ((first || interact_active(server->interact)) && interact_button(server->interact, &hit,
			event->time_msec, event->button, pressed, keyboard_modifiers(server->keyboard))) {
		return;
	}
	if (pressed && first) {
		press_surface(cursor, &hit);
	}
	notify_button(cursor, event);
	if (!pressed && seat->pointer_state.button_count == 0) {
		cursor->button_grab = false;
		process_motion(cursor, event->time_msec, false);
	}
}

static void handle_axis(struct wl_listener *listener, void *data) {
	struct cursor *cursor = wl_container_of(listener, cursor, axis);
	const struct wlr_pointer_axis_event *event = data;
	struct server *server = cursor->server;
	struct input_event offered = {
		.type = INPUT_AXIS,
		.device = input_device_from(&event->pointer->base),
		.time_msec = event->time_msec,
		.axis = {event->orientation, event->source, event->relative_direction, event->delta,
			event->delta_discrete},
	};
	if (input_offer(server->input, &offered)) {
		return;
	}
	bindings_disarm(server->bindings);
	if (!interact_active(server->interact)) {
		process_motion(cursor, event->time_msec, false);
	}
	wlr_seat_pointer_notify_axis(server->seat->wlr, event->time_msec, event->orientation,
		event->delta, event->delta_discrete, event->source, event->relative_direction);
}

static void handle_frame(struct wl_listener *listener, void *data) {
	struct cursor *cursor = wl_container_of(listener, cursor, frame);
	struct input_event offered = {.type = INPUT_FRAME, .time_msec = cursor_now()};
	if (!input_offer(cursor->server->input, &offered)) {
		wlr_seat_pointer_notify_frame(cursor->server->seat->wlr);
	}
}

/* Outputs came or moved: the pointer may be nowhere, or over something else. */
static void handle_layout_change(struct wl_listener *listener, void *data) {
	struct cursor *cursor = wl_container_of(listener, cursor, layout_change);
	wlr_cursor_warp_closest(cursor->wlr, NULL, cursor->wlr->x, cursor->wlr->y);
}

struct cursor *cursor_create(struct server *server) {
	struct cursor *cursor = calloc(1, sizeof(*cursor));
	if (!cursor) {
		return NULL;
	}
	cursor->server = server;
	cursor->wlr = wlr_cursor_create();
	if (!cursor->wlr || !cursor_image_create(server, cursor)) {
		if (cursor->wlr) {
			wlr_cursor_destroy(cursor->wlr);
		}
		free(cursor);
		return NULL;
	}
	wlr_cursor_attach_output_layout(cursor->wlr, server->outputs->layout);
	cursor_image_set(cursor, "default");
	cursor->motion.notify = handle_motion;
	wl_signal_add(&cursor->wlr->events.motion, &cursor->motion);
	cursor->motion_absolute.notify = handle_motion_absolute;
	wl_signal_add(&cursor->wlr->events.motion_absolute, &cursor->motion_absolute);
	cursor->button.notify = handle_button;
	wl_signal_add(&cursor->wlr->events.button, &cursor->button);
	cursor->axis.notify = handle_axis;
	wl_signal_add(&cursor->wlr->events.axis, &cursor->axis);
	cursor->frame.notify = handle_frame;
	wl_signal_add(&cursor->wlr->events.frame, &cursor->frame);
	cursor->layout_change.notify = handle_layout_change;
	wl_signal_add(&server->outputs->layout->events.change, &cursor->layout_change);
	return cursor;
}

void cursor_destroy(struct cursor *cursor) {
	if (!cursor) {
		return;
	}
	wl_list_remove(&cursor->motion.link);
	wl_list_remove(&cursor->motion_absolute.link);
	wl_list_remove(&cursor->button.link);
	wl_list_remove(&cursor->axis.link);
	wl_list_remove(&cursor->frame.link);
	wl_list_remove(&cursor->layout_change.link);
	cursor_image_destroy(cursor->image);
	wlr_cursor_destroy(cursor->wlr);
	free(cursor);
}
