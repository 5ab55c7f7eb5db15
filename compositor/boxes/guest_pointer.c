/* SPDX-License-Identifier: MIT */
/*
 * guest_pointer.c - a guest's pointer within one window, to that client's wl_pointers.
 *
 * Positions are in the window: its geometry's corner is 0, 0. While a button is down the surface it
 * went down on keeps the pointer, as on a seat.
 */
#include <math.h>
#include <wlr/types/wlr_relative_pointer_v1.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "boxes/guest_impl.h"
#include "constraint.h"
#include "cursor.h"
#include "globals.h"
#include "relative-pointer-unstable-v1-protocol.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"

#define SCROLL_MAX (120 * 1000) // of one record: a thousand detents; a stranger says any number

static bool since(struct wl_resource *resource, int version) {
	return wl_resource_get_version(resource) >= version;
}

static void send_enter(struct wlr_seat_client *client, struct wlr_surface *surface, double sx,
		double sy) {
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->pointers) {
		wl_pointer_send_enter(resource, serial, surface->resource, wl_fixed_from_double(sx),
			wl_fixed_from_double(sy));
	}
}

static void send_leave(struct wlr_seat_client *client, struct wlr_surface *surface) {
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->pointers) {
		wl_pointer_send_leave(resource, serial, surface->resource);
	}
}

static void send_motion(struct wlr_seat_client *client, double sx, double sy) {
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->pointers) {
		wl_pointer_send_motion(resource, cursor_now(), wl_fixed_from_double(sx),
			wl_fixed_from_double(sy));
	}
}

/* wlroots sends these to the seat's focus only, which this client does not have. */
static void send_relative(struct guest *guest, struct wlr_seat_client *client, double dx,
		double dy) {
	struct wlr_relative_pointer_v1 *relative;
	uint64_t time = (uint64_t)cursor_now() * 1000;
	wl_list_for_each(relative, &guest->guests->server->globals->relative_pointer->relative_pointers,
			link) {
		if (wl_resource_get_client(relative->resource) == client->client) {
			zwp_relative_pointer_v1_send_relative_motion(relative->resource,
				(uint32_t)(time >> 32), (uint32_t)time, wl_fixed_from_double(dx),
				wl_fixed_from_double(dy), wl_fixed_from_double(dx), wl_fixed_from_double(dy));
		}
	}
}

static void unlock(struct guest *guest) {
	struct wlr_pointer_constraint_v1 *lock = guest->pointer.lock;
	if (!lock) {
		return;
	}
	guest->pointer.lock = NULL;
	wl_list_remove(&guest->pointer.lock_destroy.link);
	wl_list_init(&guest->pointer.lock_destroy.link);
	if (guest->events->lock) {
		guest->events->lock(guest->data, false);
	}
}

static void handle_lock_destroy(struct wl_listener *listener, void *data) {
	struct guest *guest = wl_container_of(listener, guest, pointer.lock_destroy);
	unlock(guest);
}

void guest_update_lock(struct guest *guest) {
	struct server *server = guest->guests->server;
	struct wlr_pointer_constraint_v1 *wanted = guest->pointer.surface ?
		constraints_wanted(server->constraints, guest->pointer.surface) : NULL;
	if (!wanted || wanted == guest->pointer.lock ||
			wanted->type != WLR_POINTER_CONSTRAINT_V1_LOCKED) {
		return;
	}
	guest->pointer.lock = wanted;
	guest->pointer.lock_destroy.notify = handle_lock_destroy;
	wl_signal_add(&wanted->events.destroy, &guest->pointer.lock_destroy);
	wlr_pointer_constraint_v1_send_activated(wanted);
	if (guest->events->lock) {
		guest->events->lock(guest->data, true);
	}
}

void guest_leave_pointer(struct guest *guest) {
	struct wlr_surface *surface = guest->pointer.surface;
	struct wlr_seat_client *client = guest_client(guest);
	struct wlr_pointer_constraint_v1 *lock = guest->pointer.lock;
	if (!surface) {
		return;
	}
	guest_release_buttons(guest);
	unlock(guest);
	if (lock) {
		wlr_pointer_constraint_v1_send_deactivated(lock);
	}
	guest->pointer.surface = NULL;
	wl_list_remove(&guest->pointer.surface_destroy.link);
	wl_list_init(&guest->pointer.surface_destroy.link);
	if (client) {
		send_leave(client, surface);
		guest->pointer.moved = true;
		guest_pointer_frame(guest);
	}
}

static void handle_surface_destroy(struct wl_listener *listener, void *data) {
	struct guest *guest = wl_container_of(listener, guest, pointer.surface_destroy);
	guest->pointer.buttons_size = 0; // what was held on it went with it
	guest_leave_pointer(guest);
}

/* Takes the turn from whoever has it; false: he holds a button. */
static bool take_turn(struct guest *guest, struct wlr_seat_client *client) {
	struct wlr_seat *seat = guest->guests->server->seat->wlr;
	struct guest *other = guests_pointer_of(guest->guests, client);
	if (other && other != guest) {
		if (other->pointer.buttons_size > 0) {
			return false;
		}
		guest_leave_pointer(other);
	}
	if (seat->pointer_state.focused_client == client) {
		if (seat->pointer_state.button_count > 0) {
			return false;
		}
		wlr_seat_pointer_clear_focus(seat);
	}
	return true;
}

static void enter(struct guest *guest, struct wlr_seat_client *client,
		struct wlr_surface *surface) {
	guest->pointer.surface = surface;
	guest->pointer.surface_destroy.notify = handle_surface_destroy;
	wl_signal_add(&surface->events.destroy, &guest->pointer.surface_destroy);
	send_enter(client, surface, guest->pointer.x - guest->pointer.dx,
		guest->pointer.y - guest->pointer.dy);
	guest_update_lock(guest);
}

/* What is under the pointer has it from now on. false: nothing, or not its turn. */
static bool aim(struct guest *guest, struct wlr_seat_client *client) {
	struct wlr_xdg_surface *xdg = guest->toplevel->xdg->base;
	struct wlr_box geometry;
	double sx, sy;
	wlr_xdg_surface_get_geometry(xdg, &geometry);
	struct wlr_surface *surface = wlr_xdg_surface_surface_at(xdg, guest->pointer.x + geometry.x,
		guest->pointer.y + geometry.y, &sx, &sy);
	if (!surface) {
		guest_leave_pointer(guest);
		return false;
	}
	guest->pointer.dx = guest->pointer.x - sx;
	guest->pointer.dy = guest->pointer.y - sy;
	if (surface == guest->pointer.surface) {
		return true;
	}
	guest_leave_pointer(guest);
	if (!take_turn(guest, client)) {
		return false;
	}
	enter(guest, client, surface);
	return true;
}

void guest_motion(struct guest *guest, double x, double y) {
	struct wlr_seat_client *client = guest_client(guest);
	double dx = x - guest->pointer.x, dy = y - guest->pointer.y;
	bool known = guest->pointer.placed;
	if (guest->pointer.lock) {
		return;
	}
	guest->pointer.x = x;
	guest->pointer.y = y;
	guest->pointer.placed = true;
	if (!client || (guest->pointer.buttons_size == 0 && !aim(guest, client)) ||
			!guest->pointer.surface) {
		return;
	}
	send_motion(client, x - guest->pointer.dx, y - guest->pointer.dy);
	if (known) {
		send_relative(guest, client, dx, dy);
	}
	guest->pointer.moved = true;
}

void guest_move(struct guest *guest, double dx, double dy) {
	struct wlr_seat_client *client = guest_client(guest);
	const struct wlr_box *geom = &guest->toplevel->geom;
	if (guest->pointer.lock && client) {
		send_relative(guest, client, dx, dy);
		guest->pointer.moved = true;
		return;
	}
	if (!guest->pointer.placed) {
		guest->pointer.x = geom->width / 2.0;
		guest->pointer.y = geom->height / 2.0;
		guest->pointer.placed = true;
	}
	guest_motion(guest, fmin(fmax(guest->pointer.x + dx, 0), geom->width - 1),
		fmin(fmax(guest->pointer.y + dy, 0), geom->height - 1));
}

static int find_button(const struct guest *guest, uint32_t code) {
	for (int i = 0; i < guest->pointer.buttons_size; i++) {
		if (guest->pointer.buttons[i] == code) {
			return i;
		}
	}
	return -1;
}

void guest_button(struct guest *guest, uint32_t code, bool pressed) {
	struct wlr_seat_client *client = guest_client(guest);
	int at = find_button(guest, code), size = guest->pointer.buttons_size;
	bool full = size == sizeof(guest->pointer.buttons) / sizeof(guest->pointer.buttons[0]);
	if (!client || !guest->pointer.surface || (at >= 0) == pressed || (pressed && full)) {
		return;
	}
	if (pressed) {
		guest->pointer.buttons[guest->pointer.buttons_size++] = code;
	} else {
		guest->pointer.buttons[at] = guest->pointer.buttons[--guest->pointer.buttons_size];
	}
	uint32_t serial = wlr_seat_client_next_serial(client);
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->pointers) {
		wl_pointer_send_button(resource, serial, cursor_now(), code, pressed ?
			WL_POINTER_BUTTON_STATE_PRESSED : WL_POINTER_BUTTON_STATE_RELEASED);
	}
	guest->pointer.moved = true;
}

void guest_release_buttons(struct guest *guest) {
	while (guest->pointer.buttons_size > 0) {
		int before = guest->pointer.buttons_size;
		guest_button(guest, guest->pointer.buttons[before - 1], false);
		if (guest->pointer.buttons_size == before) {
			guest->pointer.buttons_size = 0; // nobody is left to be told
		}
	}
}

static void send_axis(struct wl_resource *resource, enum wl_pointer_axis axis, int32_t value120,
		int32_t detents, double distance) {
	if (since(resource, WL_POINTER_AXIS_SOURCE_SINCE_VERSION)) {
		wl_pointer_send_axis_source(resource, value120 ? WL_POINTER_AXIS_SOURCE_WHEEL :
			WL_POINTER_AXIS_SOURCE_FINGER);
	}
	if (value120 == 0 && distance == 0) {
		if (since(resource, WL_POINTER_AXIS_STOP_SINCE_VERSION)) {
			wl_pointer_send_axis_stop(resource, cursor_now(), axis);
		}
		return;
	}
	if (value120 && since(resource, WL_POINTER_AXIS_VALUE120_SINCE_VERSION)) {
		wl_pointer_send_axis_value120(resource, axis, value120);
	} else if (detents && since(resource, WL_POINTER_AXIS_DISCRETE_SINCE_VERSION)) {
		wl_pointer_send_axis_discrete(resource, axis, detents);
	}
	wl_pointer_send_axis(resource, cursor_now(), axis, wl_fixed_from_double(distance));
}

void guest_scroll(struct guest *guest, enum wl_pointer_axis axis, int64_t value120,
		double distance) {
	struct wlr_seat_client *client = guest_client(guest);
	if (!client || !guest->pointer.surface) {
		return;
	}
	value120 = value120 < -SCROLL_MAX ? -SCROLL_MAX : value120 > SCROLL_MAX ? SCROLL_MAX : value120;
	int32_t *scrolled = &guest->pointer.scrolled[axis];
	*scrolled += (int32_t)value120;
	int32_t detents = *scrolled / 120;
	*scrolled -= detents * 120;
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->pointers) {
		send_axis(resource, axis, (int32_t)value120, detents, distance);
	}
	guest->pointer.moved = true;
}

void guest_pointer_frame(struct guest *guest) {
	struct wlr_seat_client *client = guest_client(guest);
	if (!guest->pointer.moved || !client) {
		return;
	}
	guest->pointer.moved = false;
	struct wl_resource *resource;
	wl_resource_for_each(resource, &client->pointers) {
		if (since(resource, WL_POINTER_FRAME_SINCE_VERSION)) {
			wl_pointer_send_frame(resource);
		}
	}
}
