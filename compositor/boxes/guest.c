/* SPDX-License-Identifier: MIT */
/*
 * guest.c - input from afar: who is a guest of which window, and whose turn it is.
 *
 * Turns are per client, since a Wayland client has one keyboard and one pointer of a seat. The local
 * person's turn is the seat's own focus: the seat's default grabs are made to leave a client alone
 * that a guest has, and local input takes the guest's turn away before it is handled.
 */
#include "boxes/guest_impl.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "constraint.h"
#include "cursor.h"
#include "layers.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"

struct wlr_seat_client *guest_client(const struct guest *guest) {
	if (!guest->toplevel) {
		return NULL;
	}
	struct wl_client *client = wl_resource_get_client(guest->toplevel->xdg->resource);
	return wlr_seat_client_for_wl_client(guest->guests->server->seat->wlr, client);
}

struct guest *guests_keyboard_of(struct guests *guests, const struct wlr_seat_client *client) {
	struct guest *guest;
	wl_list_for_each(guest, &guests->list, link) {
		if (client && guest->keyboard.entered && guest_client(guest) == client) {
			return guest;
		}
	}
	return NULL;
}

struct guest *guests_pointer_of(struct guests *guests, const struct wlr_seat_client *client) {
	struct guest *guest;
	wl_list_for_each(guest, &guests->list, link) {
		if (client && guest->pointer.surface && guest_client(guest) == client) {
			return guest;
		}
	}
	return NULL;
}

static struct wlr_seat_client *client_of(struct guests *guests, struct wlr_surface *surface) {
	return surface ? wlr_seat_client_for_wl_client(guests->server->seat->wlr,
		wl_resource_get_client(surface->resource)) : NULL;
}

/* The local person's turn, as the seat would give it. */

static void keyboard_enter(struct wlr_seat_keyboard_grab *grab, struct wlr_surface *surface,
		const uint32_t keycodes[], size_t count, const struct wlr_keyboard_modifiers *modifiers) {
	struct guests *guests = grab->data;
	if (guests_keyboard_of(guests, client_of(guests, surface))) {
		guests->seat_keyboard->clear_focus(grab);
	} else {
		guests->seat_keyboard->enter(grab, surface, keycodes, count, modifiers);
	}
}

static void pointer_enter(struct wlr_seat_pointer_grab *grab, struct wlr_surface *surface,
		double sx, double sy) {
	struct guests *guests = grab->data;
	if (guests_pointer_of(guests, client_of(guests, surface))) {
		guests->seat_pointer->clear_focus(grab);
	} else {
		guests->seat_pointer->enter(grab, surface, sx, sy);
	}
}

static void take_back_keyboard(struct guests *guests) {
	struct toplevel *toplevel = toplevels_focused(guests->server->toplevels);
	struct guest *guest = toplevel ?
		guests_keyboard_of(guests, client_of(guests, toplevel->xdg->base->surface)) : NULL;
	if (guest) {
		guest_leave_keyboard(guest);
		seat_update_focus(guests->server->seat);
	}
}

static void take_back_pointer(struct guests *guests) {
	const struct wlr_cursor *cursor = guests->server->cursor->wlr;
	struct hit hit = layers_hit(guests->server, cursor->x, cursor->y);
	struct guest *guest = guests_pointer_of(guests, client_of(guests, hit.surface));
	if (guest) {
		guest_leave_pointer(guest);
		cursor_update(guests->server->cursor);
	}
}

static bool handle_local(struct input_hook *hook, const struct input_event *event) {
	struct guests *guests = wl_container_of(hook, guests, hook);
	if (wl_list_empty(&guests->list)) {
		return false;
	}
	if (event->type == INPUT_KEY && event->key.pressed) {
		take_back_keyboard(guests);
	} else if (event->type == INPUT_MOTION || event->type == INPUT_MOTION_ABSOLUTE ||
			event->type == INPUT_BUTTON) {
		take_back_pointer(guests);
	}
	return false;
}

static void handle_new_constraint(struct wl_listener *listener, void *data) {
	struct guests *guests = wl_container_of(listener, guests, new_constraint);
	const struct wlr_pointer_constraint_v1 *constraint = data;
	struct guest *guest = guests_pointer_of(guests, client_of(guests, constraint->surface));
	if (guest) {
		guest_update_lock(guest);
	}
}

struct guests *guests_create(struct server *server) {
	struct guests *guests = calloc(1, sizeof(*guests));
	if (!guests) {
		return NULL;
	}
	struct wlr_seat *seat = server->seat->wlr;
	guests->server = server;
	wl_list_init(&guests->list);
	guests->seat_keyboard = seat->keyboard_state.default_grab->interface;
	guests->keyboard_grab = *guests->seat_keyboard;
	guests->keyboard_grab.enter = keyboard_enter;
	seat->keyboard_state.default_grab->interface = &guests->keyboard_grab;
	seat->keyboard_state.default_grab->data = guests;
	guests->seat_pointer = seat->pointer_state.default_grab->interface;
	guests->pointer_grab = *guests->seat_pointer;
	guests->pointer_grab.enter = pointer_enter;
	seat->pointer_state.default_grab->interface = &guests->pointer_grab;
	seat->pointer_state.default_grab->data = guests;
	guests->hook.event = handle_local;
	input_hook_add(server->input, &guests->hook);
	guests->new_constraint.notify = handle_new_constraint;
	wl_signal_add(constraints_added(server->constraints), &guests->new_constraint);
	return guests;
}

void guests_destroy(struct guests *guests) {
	if (!guests) {
		return;
	}
	struct guest *guest, *next;
	wl_list_for_each_safe(guest, next, &guests->list, link) {
		guest_destroy(guest);
	}
	struct wlr_seat *seat = guests->server->seat->wlr;
	seat->keyboard_state.default_grab->interface = guests->seat_keyboard;
	seat->pointer_state.default_grab->interface = guests->seat_pointer;
	input_hook_remove(&guests->hook);
	wl_list_remove(&guests->new_constraint.link);
	free(guests);
}

/* A guest. */

static void handle_toplevel_gone(struct wl_listener *listener, void *data) {
	struct guest *guest = wl_container_of(listener, guest, toplevel_gone);
	guest_release_all(guest);
	guest_leave_keyboard(guest);
	guest_leave_pointer(guest);
	wl_list_remove(&guest->toplevel_gone.link);
	wl_list_init(&guest->toplevel_gone.link);
	guest->toplevel = NULL;
	if (guest->events->gone) {
		guest->events->gone(guest->data);
	}
}

struct guest *guest_create(struct guests *guests, struct toplevel *toplevel,
		const struct guest_events *events, void *data) {
	struct guest *guest = calloc(1, sizeof(*guest));
	if (!guest) {
		return NULL;
	}
	guest->guests = guests;
	guest->toplevel = toplevel;
	guest->events = events;
	guest->data = data;
	guest->keyboard.fd = -1;
	guest->keyboard.rate = 25;
	guest->keyboard.delay = 600;
	wl_list_init(&guest->pointer.surface_destroy.link);
	wl_list_init(&guest->pointer.lock_destroy.link);
	guest->toplevel_gone.notify = handle_toplevel_gone;
	wl_signal_add(&toplevel->events.gone, &guest->toplevel_gone);
	wl_list_insert(guests->list.prev, &guest->link);
	return guest;
}

void guest_destroy(struct guest *guest) {
	if (!guest) {
		return;
	}
	struct guests *guests = guest->guests;
	guest_release_all(guest);
	guest_leave_keyboard(guest);
	guest_leave_pointer(guest);
	wl_list_remove(&guest->toplevel_gone.link);
	wl_list_remove(&guest->link);
	if (guest->keyboard.fd >= 0) {
		close(guest->keyboard.fd);
	}
	free(guest);
	// The client is the local person's again, if he was on it.
	seat_update_focus(guests->server->seat);
}

void guest_release_all(struct guest *guest) {
	guest_release_keys(guest);
	guest_release_buttons(guest);
	guest_pointer_frame(guest);
}

void guest_set_focus(struct guest *guest, bool focused) {
	if (!guest->toplevel) {
		return;
	}
	if (focused) {
		guest_enter_keyboard(guest);
	} else {
		guest_release_keys(guest);
		guest_leave_keyboard(guest);
	}
	wlr_xdg_toplevel_set_activated(guest->toplevel->xdg, focused || guest->toplevel->activated);
}

static double from_fixed(int32_t value) {
	return value / 65536.0;
}

static bool is_button(uint16_t code) {
	return code >= BTN_MISC && code < KEY_OK;
}

static void record_key(struct guest *guest, const struct input_record *record) {
	if (record->code == BTN_TOOL_MOUSE) {
		if (record->value) {
			guest_motion(guest, from_fixed(record->x), from_fixed(record->y));
		} else {
			guest_leave_pointer(guest);
		}
	} else if (is_button(record->code)) {
		guest_button(guest, record->code, record->value);
	} else if (record->code < GUEST_KEYS) {
		guest_key(guest, record->code, record->value);
	}
}

void guest_record(struct guest *guest, const struct input_record *record) {
	double x = from_fixed(record->x), y = from_fixed(record->y);
	if (!guest->toplevel) {
		return;
	}
	if (record->type == EV_KEY) {
		record_key(guest, record);
	} else if (record->type == EV_ABS && record->code == ABS_X) {
		guest_motion(guest, x, y);
	} else if (record->type == EV_REL && record->code == REL_X) {
		guest_move(guest, x, y);
	} else if (record->type == EV_REL && record->code == REL_WHEEL_HI_RES) {
		guest_scroll(guest, WL_POINTER_AXIS_VERTICAL_SCROLL, -(int64_t)record->value, y);
	} else if (record->type == EV_REL && record->code == REL_HWHEEL_HI_RES) {
		guest_scroll(guest, WL_POINTER_AXIS_HORIZONTAL_SCROLL, record->value, x);
	}
}

void guest_frame(struct guest *guest) {
	guest_pointer_frame(guest);
}
