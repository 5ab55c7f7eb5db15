/* SPDX-License-Identifier: MIT */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>
#include <wlr/types/wlr_input_device.h>
#include <wlr/types/wlr_keyboard.h>
#include <xkbcommon/xkbcommon.h>

/*
 * The devices of the local seat, and a place to stand between them and everything else.
 *
 * A device is a keyboard, a pointer or a touchscreen that a person at this machine uses: one the
 * kernel knows, one that the window we are shown in has, or one that a client made by the virtual
 * keyboard and pointer protocols. What is done to a window from afar never comes through here.
 */

struct server;

enum input_kind {
	INPUT_KEYBOARD,
	INPUT_POINTER,
	INPUT_TOUCH,
};

struct input_device {
	struct wl_list link; // input.devices
	struct input *input;
	enum input_kind kind;
	bool virtual; // made by a client
	struct wlr_input_device *wlr;

	/*
	 * Of a keyboard: its own keymap and state, this key not yet counted while an event of it is
	 * being handled. Borrowed. NULL: none yet (a virtual one before its first keymap), or no keyboard.
	 */
	struct xkb_state *xkb;

	struct {
		struct wl_signal keymap;  // struct input_device *: of a keyboard, another keymap
		struct wl_signal destroy; // struct input_device *: all its keys were released before
	} events;

	// private state
	struct wl_listener wlr_destroy;
};

enum input_event_type {
	INPUT_KEY,
	INPUT_MODIFIERS, // after the key that changed them
	INPUT_MOTION,
	INPUT_MOTION_ABSOLUTE,
	INPUT_BUTTON,
	INPUT_AXIS,
	INPUT_FRAME, // what a pointer did since the last one belongs together
};

struct input_event {
	enum input_event_type type;
	struct input_device *device; // NULL: it went meanwhile
	uint32_t time_msec;
	union {
		struct {
			uint32_t code; // evdev
			bool pressed;
			xkb_keysym_t sym;   // with the modifiers down before it
			uint32_t modifiers; // WLR_MODIFIER_ bits down before it
		} key;
		struct wlr_keyboard_modifiers modifiers;
		struct {
			double dx, dy, unaccel_dx, unaccel_dy;
		} motion;
		struct {
			double x, y; // 0 to 1 over the device's output, or over all
		} absolute;
		struct {
			uint32_t code; // evdev
			bool pressed;
		} button;
		struct {
			enum wl_pointer_axis orientation;
			enum wl_pointer_axis_source source;
			enum wl_pointer_axis_relative_direction direction;
			double delta;
			int32_t discrete; // of 120ths
		} axis;
	};
};

/*
 * Sees every event before anything else does, bindings included. true: the event is taken, and
 * nothing local comes of it. Hooks are asked in the order of the list; the first to take ends it.
 */
struct input_hook {
	struct wl_list link; // input.hooks
	bool (*event)(struct input_hook *hook, const struct input_event *event);
};

struct input {
	struct server *server;
	struct wl_list devices; // input_device.link, in order of arrival
	struct wl_list hooks;   // input_hook.link
	struct {
		struct wl_signal added; // struct input_device *
	} events;

	// private state
	struct wl_listener new_input, new_virtual_keyboard, new_virtual_pointer, configured;
};

struct input *input_create(struct server *server);
void input_destroy(struct input *input);

/*
 * From now on the hook is asked first of all. When it begins to take the keys of a keyboard that
 * may have some down, it calls keyboard_release_all (keyboard.h): nobody else will see them go up.
 */
void input_hook_add(struct input *input, struct input_hook *hook);
void input_hook_remove(struct input_hook *hook);

/* Our device for one of wlroots; NULL if it is none of ours. */
struct input_device *input_device_from(struct wlr_input_device *wlr);
/* Asks the hooks, and counts it as activity of the person. true: taken. */
bool input_offer(struct input *input, const struct input_event *event);

#endif
