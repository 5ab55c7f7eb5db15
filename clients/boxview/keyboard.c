/* SPDX-License-Identifier: MIT */
/*
 * keyboard.c - the local keyboard while it is in the view: keys by evdev code, the keymap as text, the
 * state of modifiers. What a key means is never asked here, but for one chord, which is the view's own.
 */
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

#include "boxview/seat.h"

#define LOG_MODULE "keyboard"
#include "base/log.h"

#define KEYMAP_MAX (128 * 1024) // as much as a source takes

struct keyboard {
	struct wl_keyboard *object;
	struct window *window;
	struct source *source;
	struct group group;
	bool inside;
	bool chorded; // the chord's key is down: its release is nobody's either
	uint32_t depressed; // modifiers
};

static void keyboard_keymap(void *data, struct wl_keyboard *object, uint32_t format, int32_t fd,
		uint32_t size) {
	struct keyboard *keyboard = data;
	if (format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1 && size > 0 && size <= KEYMAP_MAX) {
		char *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED) {
			log_errno("the keymap cannot be read");
		} else {
			char *text = strndup(map, size);
			if (text) {
				source_set_keymap(keyboard->source, text);
			}
			free(text);
			munmap(map, size);
		}
	}
	close(fd);
}

static void keyboard_enter(void *data, struct wl_keyboard *object, uint32_t serial,
		struct wl_surface *surface, struct wl_array *keys) {
	struct keyboard *keyboard = data;
	// keys that are down already were pressed for somebody else
	keyboard->inside = surface == window_surface(keyboard->window);
	if (keyboard->inside) {
		source_set_focus(keyboard->source, true);
	}
}

static void keyboard_leave(void *data, struct wl_keyboard *object, uint32_t serial,
		struct wl_surface *surface) {
	struct keyboard *keyboard = data;
	keyboard->inside = keyboard->chorded = false;
	source_set_focus(keyboard->source, false); // releases what is held
}

/*
 * Ctrl+Alt+Shift+S is the view's own. By the key's place, so that it is the same whatever a layout has there;
 * xkb fixes which bits the three modifiers are.
 */
static bool is_chord(struct keyboard *keyboard, uint32_t key, uint32_t state) {
	const uint32_t all = 1 << 0 | 1 << 2 | 1 << 3; // Shift, Control, Mod1
	if (key != KEY_S || (state == WL_KEYBOARD_KEY_STATE_RELEASED && !keyboard->chorded) ||
			(state == WL_KEYBOARD_KEY_STATE_PRESSED && (keyboard->depressed & all) != all)) {
		return false;
	}
	keyboard->chorded = state == WL_KEYBOARD_KEY_STATE_PRESSED;
	if (keyboard->chorded) {
		window_chord(keyboard->window);
	}
	return true;
}

static void keyboard_key(void *data, struct wl_keyboard *object, uint32_t serial, uint32_t time,
		uint32_t key, uint32_t state) {
	struct keyboard *keyboard = data;
	if (!keyboard->inside || key > KEY_MAX || state > WL_KEYBOARD_KEY_STATE_PRESSED) {
		return;
	}
	if (is_chord(keyboard, key, state)) {
		return;
	}
	group_add(&keyboard->group, EV_KEY, (uint16_t)key, (int32_t)state, 0, 0);
	group_send(&keyboard->group);
}

static void keyboard_modifiers(void *data, struct wl_keyboard *object, uint32_t serial,
		uint32_t depressed, uint32_t latched, uint32_t locked, uint32_t group) {
	struct keyboard *keyboard = data;
	const uint32_t values[4] = {depressed, latched, locked, group};
	keyboard->depressed = depressed;
	source_set_modifiers(keyboard->source, values);
}

static void keyboard_repeat_info(void *data, struct wl_keyboard *object, int32_t rate,
		int32_t delay) {
	struct keyboard *keyboard = data;
	if (rate >= 0 && delay >= 0) {
		source_set_repeat(keyboard->source, rate, delay);
	}
}

static const struct wl_keyboard_listener keyboard_listener = {
	.keymap = keyboard_keymap,
	.enter = keyboard_enter,
	.leave = keyboard_leave,
	.key = keyboard_key,
	.modifiers = keyboard_modifiers,
	.repeat_info = keyboard_repeat_info,
};

struct keyboard *keyboard_create(const struct globals *globals, struct window *window,
		struct source *source) {
	struct keyboard *keyboard = calloc(1, sizeof(*keyboard));
	if (!keyboard) {
		log_errno("no keyboard");
		return NULL;
	}
	keyboard->window = window;
	keyboard->source = source;
	keyboard->group.source = source;
	keyboard->object = wl_seat_get_keyboard(globals->seat);
	wl_keyboard_add_listener(keyboard->object, &keyboard_listener, keyboard);
	return keyboard;
}

void keyboard_destroy(struct keyboard *keyboard) {
	if (!keyboard) {
		return;
	}
	if (keyboard->inside) {
		source_set_focus(keyboard->source, false);
	}
	if (wl_keyboard_get_version(keyboard->object) >= WL_KEYBOARD_RELEASE_SINCE_VERSION) {
		wl_keyboard_release(keyboard->object);
	} else {
		wl_keyboard_destroy(keyboard->object);
	}
	free(keyboard);
}
