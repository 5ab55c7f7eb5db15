/* SPDX-License-Identifier: MIT */
/*
 * seat.c - the seat: capabilities, keyboard focus, selections, drags, shortcut inhibitors.
 *
 * Keymaps and keys are keyboard.c; the pointer is cursor.c; which window comes first is toplevel.c.
 */
#include "seat.h"

#include <stdio.h>
#include <stdlib.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_data_device.h>
#include <wlr/types/wlr_keyboard_shortcuts_inhibit_v1.h>
#include <wlr/types/wlr_primary_selection.h>

#include "bindings.h"
#include "cursor.h"
#include "globals.h"
#include "input.h"
#include "keyboard.h"
#include "layer_shell.h"
#include "notice.h"
#include "server.h"
#include "toplevel.h"

#define LOG_MODULE "seat"
#include "base/log.h"

static void handle_request_set_selection(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, request_set_selection);
	const struct wlr_seat_request_set_selection_event *event = data;
	wlr_seat_set_selection(seat->wlr, event->source, event->serial);
}

static void handle_request_set_primary_selection(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, request_set_primary_selection);
	const struct wlr_seat_request_set_primary_selection_event *event = data;
	wlr_seat_set_primary_selection(seat->wlr, event->source, event->serial);
}

static void handle_request_start_drag(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, request_start_drag);
	const struct wlr_seat_request_start_drag_event *event = data;
	struct wlr_touch_point *point;
	if (wlr_seat_validate_pointer_grab_serial(seat->wlr, event->origin, event->serial)) {
		wlr_seat_start_pointer_drag(seat->wlr, event->drag, event->serial);
	} else if (wlr_seat_validate_touch_grab_serial(seat->wlr, event->origin, event->serial,
			&point)) {
		wlr_seat_start_touch_drag(seat->wlr, event->drag, event->serial, point);
	} else {
		wlr_data_source_destroy(event->drag->source);
	}
}

static void forget_drag_icon(struct seat *seat) {
	wl_list_remove(&seat->drag_icon_destroy.link);
	wl_list_init(&seat->drag_icon_destroy.link);
	seat->drag_icon = NULL;
}

static void handle_drag_icon_destroy(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, drag_icon_destroy);
	forget_drag_icon(seat);
}

static void handle_start_drag(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, start_drag);
	struct wlr_drag *drag = data;
	forget_drag_icon(seat);
	if (!drag->icon) {
		return;
	}
	seat->drag_icon =
		wlr_scene_drag_icon_create(seat->server->layers[LAYER_DRAG], drag->icon);
	if (seat->drag_icon) {
		wl_signal_add(&seat->drag_icon->node.events.destroy, &seat->drag_icon_destroy);
		struct wlr_cursor *cursor = seat->server->cursor->wlr;
		seat_move_drag_icon(seat, cursor->x, cursor->y);
	}
}

void seat_move_drag_icon(struct seat *seat, double lx, double ly) {
	if (seat->drag_icon) {
		wlr_scene_node_set_position(&seat->drag_icon->node, (int)lx, (int)ly);
	}
}

static void handle_focus_change(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, focus_change);
	const struct wlr_seat_keyboard_focus_change_event *event = data;
	seat->shortcuts_off = false;
	wl_signal_emit_mutable(&seat->events.focus, event->new_surface);
}

static struct wlr_keyboard_shortcuts_inhibitor_v1 *focused_inhibitor(struct seat *seat) {
	struct wlr_surface *focused = seat->wlr->keyboard_state.focused_surface;
	struct wlr_keyboard_shortcuts_inhibitor_v1 *inhibitor;
	wl_list_for_each(inhibitor, &seat->server->globals->shortcuts_inhibit->inhibitors, link) {
		if (focused && inhibitor->surface == focused) {
			return inhibitor;
		}
	}
	return NULL;
}

bool seat_shortcuts_inhibited(struct seat *seat) {
	struct wlr_keyboard_shortcuts_inhibitor_v1 *inhibitor = focused_inhibitor(seat);
	return inhibitor && inhibitor->active && !seat->shortcuts_off;
}

void seat_toggle_shortcuts(struct seat *seat) {
	struct wlr_keyboard_shortcuts_inhibitor_v1 *inhibitor = focused_inhibitor(seat);
	if (!inhibitor) {
		return;
	}
	seat->shortcuts_off = !seat->shortcuts_off;
	if (seat->shortcuts_off) {
		wlr_keyboard_shortcuts_inhibitor_v1_deactivate(inhibitor);
	} else {
		wlr_keyboard_shortcuts_inhibitor_v1_activate(inhibitor);
	}
	notice_show(seat->server->notices, NOTICE_PLAIN, 3000, seat->shortcuts_off ?
		"Shortcuts are the desktop's again" : "Shortcuts go to the window");
}

static void handle_new_inhibitor(struct wl_listener *listener, void *data) {
	struct seat *seat = wl_container_of(listener, seat, new_inhibitor);
	struct wlr_keyboard_shortcuts_inhibitor_v1 *inhibitor = data;
	wlr_keyboard_shortcuts_inhibitor_v1_activate(inhibitor);
	char chord[64], text[160];
	bindings_describe(seat->server->bindings, "shortcuts", chord, sizeof(chord));
	if (chord[0]) {
		snprintf(text, sizeof(text), "This window takes all keys; %s gives them back", chord);
		notice_show(seat->server->notices, NOTICE_PLAIN, 4000, text);
	}
}

void seat_update_capabilities(struct seat *seat) {
	uint32_t capabilities = WL_SEAT_CAPABILITY_KEYBOARD | WL_SEAT_CAPABILITY_POINTER;
	struct input_device *device;
	wl_list_for_each(device, &seat->server->input->devices, link) {
		if (device->kind == INPUT_TOUCH) {
			capabilities |= WL_SEAT_CAPABILITY_TOUCH;
		}
	}
	wlr_seat_set_capabilities(seat->wlr, capabilities);
}

static bool same_client(struct wlr_surface *a, struct wlr_surface *b) {
	return a && b && wl_resource_get_client(a->resource) == wl_resource_get_client(b->resource);
}

void seat_update_focus(struct seat *seat) {
	struct server *server = seat->server;
	struct wlr_surface *surface = layer_shell_focus(server->layer_shell);
	struct toplevel *toplevel = toplevels_focused(server->toplevels);
	toplevels_show_active(server->toplevels, surface ? NULL : toplevel);
	if (!surface && toplevel) {
		surface = toplevel->xdg->base->surface;
	}
	if (surface == seat->wlr->keyboard_state.focused_surface) {
		return;
	}
	const struct wlr_seat_keyboard_state *keyboard_state = &seat->wlr->keyboard_state;
	if (keyboard_state->grab != keyboard_state->default_grab && !seat->wlr->drag &&
			(!surface || !same_client(surface, keyboard_state->focused_surface))) {
		wlr_seat_keyboard_end_grab(seat->wlr); // a menu of the window left is closed
	}
	if (!surface) {
		wlr_seat_keyboard_notify_clear_focus(seat->wlr);
		return;
	}
	struct wlr_keyboard *keyboard = keyboard_wlr(server->keyboard);
	wlr_seat_keyboard_notify_enter(seat->wlr, surface, keyboard->keycodes,
		keyboard->num_keycodes, &keyboard->modifiers);
}

struct seat *seat_create(struct server *server) {
	struct seat *seat = calloc(1, sizeof(*seat));
	if (!seat) {
		return NULL;
	}
	seat->server = server;
	seat->wlr = wlr_seat_create(server->display, "seat0");
	if (!seat->wlr) {
		free(seat);
		return NULL;
	}
	wl_signal_init(&seat->events.focus);
	wlr_seat_set_capabilities(seat->wlr,
		WL_SEAT_CAPABILITY_KEYBOARD | WL_SEAT_CAPABILITY_POINTER);
	wl_list_init(&seat->drag_icon_destroy.link);
	seat->drag_icon_destroy.notify = handle_drag_icon_destroy;
	seat->request_set_selection.notify = handle_request_set_selection;
	wl_signal_add(&seat->wlr->events.request_set_selection, &seat->request_set_selection);
	seat->request_set_primary_selection.notify = handle_request_set_primary_selection;
	wl_signal_add(&seat->wlr->events.request_set_primary_selection,
		&seat->request_set_primary_selection);
	seat->request_start_drag.notify = handle_request_start_drag;
	wl_signal_add(&seat->wlr->events.request_start_drag, &seat->request_start_drag);
	seat->start_drag.notify = handle_start_drag;
	wl_signal_add(&seat->wlr->events.start_drag, &seat->start_drag);
	seat->focus_change.notify = handle_focus_change;
	wl_signal_add(&seat->wlr->keyboard_state.events.focus_change, &seat->focus_change);
	seat->new_inhibitor.notify = handle_new_inhibitor;
	wl_signal_add(&server->globals->shortcuts_inhibit->events.new_inhibitor,
		&seat->new_inhibitor);
	return seat;
}

void seat_destroy(struct seat *seat) {
	if (!seat) {
		return;
	}
	forget_drag_icon(seat);
	wl_list_remove(&seat->request_set_selection.link);
	wl_list_remove(&seat->request_set_primary_selection.link);
	wl_list_remove(&seat->request_start_drag.link);
	wl_list_remove(&seat->start_drag.link);
	wl_list_remove(&seat->focus_change.link);
	wl_list_remove(&seat->new_inhibitor.link);
	wlr_seat_destroy(seat->wlr);
	free(seat);
}
