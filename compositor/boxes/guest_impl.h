/* SPDX-License-Identifier: MIT */
#ifndef BOXES_GUEST_IMPL_H
#define BOXES_GUEST_IMPL_H

#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_pointer_constraints_v1.h>
#include <wlr/types/wlr_seat.h>
#include <xkbcommon/xkbcommon.h>

#include "boxes/guest.h"
#include "input.h"

/* Private to guest.c (turns), guest_keyboard.c and guest_pointer.c. */

#define GUEST_KEYS 768 // KEY_MAX

struct guests {
	struct server *server;
	struct wl_list list;    // guest.link
	struct input_hook hook; // local input takes its turn
	// What the seat does by default, but for entering a client that a guest has at the moment.
	const struct wlr_keyboard_grab_interface *seat_keyboard;
	const struct wlr_pointer_grab_interface *seat_pointer;
	struct wlr_keyboard_grab_interface keyboard_grab;
	struct wlr_pointer_grab_interface pointer_grab;
	struct wl_listener new_constraint;
};

struct guest {
	struct guests *guests;
	struct wl_list link; // guests.list
	struct toplevel *toplevel; // NULL: gone
	const struct guest_events *events;
	void *data;
	struct wl_listener toplevel_gone;
	struct {
		bool entered;
		int fd; // its keymap; -1: the seat's own
		int64_t keymaps_paid; // when the time that its keymaps took is paid for; CLOCK_MONOTONIC
		size_t size;
		struct wlr_keyboard_modifiers modifiers;
		int32_t rate, delay;
		uint32_t down[GUEST_KEYS / 32];
		int down_count;
	} keyboard;
	struct {
		struct wlr_surface *surface; // that it has entered; NULL
		struct wl_listener surface_destroy;
		double dx, dy;  // the surface's corner in the window
		double x, y;    // in the window
		bool placed;    // x and y are known
		uint32_t buttons[8]; // down; 0: free
		int buttons_size;
		bool moved;     // a wl_pointer.frame is due
		int32_t scrolled[2]; // 120ths not yet told to clients that know only detents
		struct wlr_pointer_constraint_v1 *lock; // activated for it; NULL
		struct wl_listener lock_destroy;
	} pointer;
};

/* The window's client as the seat has it; NULL: it has no seat, or the window is gone. */
struct wlr_seat_client *guest_client(const struct guest *guest);
/* Who of that client's guests has the keyboard, or the pointer; NULL: none. */
struct guest *guests_keyboard_of(struct guests *guests, const struct wlr_seat_client *client);
struct guest *guests_pointer_of(struct guests *guests, const struct wlr_seat_client *client);

/* guest_keyboard.c. key: false, not its turn. */
void guest_key(struct guest *guest, uint32_t code, bool pressed);
bool guest_enter_keyboard(struct guest *guest);
void guest_leave_keyboard(struct guest *guest);
void guest_release_keys(struct guest *guest);

/* guest_pointer.c */
void guest_motion(struct guest *guest, double x, double y);
void guest_move(struct guest *guest, double dx, double dy);
void guest_button(struct guest *guest, uint32_t code, bool pressed);
void guest_scroll(struct guest *guest, enum wl_pointer_axis axis, int64_t value120,
	double distance);
void guest_pointer_frame(struct guest *guest);
void guest_leave_pointer(struct guest *guest);
void guest_release_buttons(struct guest *guest);
/* A client asks for the pointer that this guest has. */
void guest_update_lock(struct guest *guest);

#endif
