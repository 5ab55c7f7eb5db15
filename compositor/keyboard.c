/* SPDX-License-Identifier: MIT */
/*
 * keyboard.c - the keyboards that type, real and virtual, and where their keys go: to the hooks, to
 * the bindings, to clients.
 *
 * Real keyboards share one state ("own"), so Shift on one and a letter on another make a capital. A
 * virtual keyboard is a state by itself.
 *
 * What clients are told is mirror.c; which keys are bindings is bindings.c; who has the focus is
 * seat.c; which keymap is the person's is keymap.c.
 */
#include "keyboard.h"

#include <stdlib.h>
#include <time.h>
#include <wlr/backend/libinput.h>
#include <wlr/interfaces/wlr_keyboard.h>

#include "bindings.h"
#include "config.h"
#include "input.h"
#include "keymap.h"
#include "mirror.h"
#include "notice.h"
#include "seat.h"
#include "server.h"

#define LOG_MODULE "keyboard"
#include "base/log.h"

struct keyboard {
	struct server *server;
	struct mirror mirror;
	struct wlr_keyboard own;   // what the real keyboards are together
	struct wl_list sources;    // source.link
	struct xkb_keymap *keymap; // the person's
	struct wl_listener own_key, own_modifiers, configured;
};

/* A device that types. */
struct source {
	struct keyboard *keyboard;
	struct input_device *device;
	struct wlr_keyboard *wlr;
	struct wl_list link; // keyboard.sources
	bool told_modifiers; // it is told its modifiers, by the window system we are shown in
	struct wl_listener key, modifiers, keymap, destroy;
};

static uint32_t now_msec(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void handle_state_key(struct keyboard *keyboard, struct wlr_keyboard *state,
		const struct wlr_keyboard_key_event *event) {
	bool pressed = event->state == WL_KEYBOARD_KEY_STATE_PRESSED;
	struct binding_key key = {
		.state = state,
		.time_msec = event->time_msec,
		.keycode = event->keycode,
		.pressed = pressed,
		.physical = state == &keyboard->own,
	};
	bool ours = bindings_key(keyboard->server->bindings, &key);
	if (pressed) {
		mirror_press(&keyboard->mirror, state, event->time_msec, event->keycode, ours);
	} else {
		mirror_release(&keyboard->mirror, state, event->time_msec, event->keycode);
	}
}

static void handle_state_modifiers(struct keyboard *keyboard, struct wlr_keyboard *state) {
	bindings_modifiers(keyboard->server->bindings, wlr_keyboard_get_modifiers(state));
	mirror_modifiers(&keyboard->mirror, state);
}

static void handle_own_key(struct wl_listener *listener, void *data) {
	struct keyboard *keyboard = wl_container_of(listener, keyboard, own_key);
	handle_state_key(keyboard, &keyboard->own, data);
}

static void handle_own_modifiers(struct wl_listener *listener, void *data) {
	struct keyboard *keyboard = wl_container_of(listener, keyboard, own_modifiers);
	handle_state_modifiers(keyboard, &keyboard->own);
}

/* Each real keyboard shows what is locked on all of them. */
static void own_led_update(struct wlr_keyboard *own, uint32_t leds) {
	struct keyboard *keyboard = wl_container_of(own, keyboard, own);
	struct source *source;
	wl_list_for_each(source, &keyboard->sources, link) {
		if (!source->device->virtual) {
			wlr_keyboard_led_update(source->wlr, leds);
		}
	}
}

static const struct wlr_keyboard_impl own_impl = {
	.name = "boxland",
	.led_update = own_led_update,
};

/* Modifiers as WLR_MODIFIER_ bits, of a state that is not a wlr_keyboard's. */
static uint32_t active_modifiers(struct xkb_state *state) {
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {
		{XKB_MOD_NAME_SHIFT, WLR_MODIFIER_SHIFT},
		{XKB_MOD_NAME_CTRL, WLR_MODIFIER_CTRL},
		{XKB_MOD_NAME_ALT, WLR_MODIFIER_ALT},
		{XKB_MOD_NAME_LOGO, WLR_MODIFIER_LOGO},
	};
	uint32_t modifiers = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (xkb_state_mod_name_is_active(state, names[i].name,
				XKB_STATE_MODS_DEPRESSED | XKB_STATE_MODS_LATCHED) > 0) {
			modifiers |= names[i].bit;
		}
	}
	return modifiers;
}

static bool offer_key(struct source *source, const struct wlr_keyboard_key_event *event) {
	struct xkb_state *xkb = source->device->xkb;
	struct input_event offered = {
		.type = INPUT_KEY,
		.device = source->device,
		.time_msec = event->time_msec,
		.key = {
			.code = event->keycode,
			.pressed = event->state == WL_KEYBOARD_KEY_STATE_PRESSED,
			.sym = xkb ? xkb_state_key_get_one_sym(xkb, event->keycode + 8) : XKB_KEY_NoSymbol,
			.modifiers = xkb ? active_modifiers(xkb) : 0,
		},
	};
	return input_offer(source->keyboard->server->input, &offered);
}

static bool offer_modifiers(struct source *source) {
	struct xkb_state *xkb = source->device->xkb;
	if (!xkb) {
		return false;
	}
	struct input_event offered = {
		.type = INPUT_MODIFIERS,
		.device = source->device,
		.time_msec = now_msec(),
		.modifiers = {
			.depressed = xkb_state_serialize_mods(xkb, XKB_STATE_MODS_DEPRESSED),
			.latched = xkb_state_serialize_mods(xkb, XKB_STATE_MODS_LATCHED),
			.locked = xkb_state_serialize_mods(xkb, XKB_STATE_MODS_LOCKED),
			.group = xkb_state_serialize_layout(xkb, XKB_STATE_LAYOUT_EFFECTIVE),
		},
	};
	return input_offer(source->keyboard->server->input, &offered);
}

static void handle_key(struct wl_listener *listener, void *data) {
	struct source *source = wl_container_of(listener, source, key);
	struct keyboard *keyboard = source->keyboard;
	struct wlr_keyboard_key_event event = *(struct wlr_keyboard_key_event *)data;
	struct input_device *device = source->device;
	bool taken = offer_key(source, &event);
	if (device->xkb && event.update_state) {
		enum xkb_state_component changed = xkb_state_update_key(device->xkb, event.keycode + 8,
			event.state == WL_KEYBOARD_KEY_STATE_PRESSED ? XKB_KEY_DOWN : XKB_KEY_UP);
		if (changed) {
			offer_modifiers(source);
		}
	}
	if (taken) {
		return;
	}
	if (device->virtual) {
		handle_state_key(keyboard, source->wlr, &event);
	} else {
		wlr_keyboard_notify_key(&keyboard->own, &event);
	}
}

/* Of a keyboard that is told its modifiers, real or virtual. */
static void handle_modifiers(struct wl_listener *listener, void *data) {
	struct source *source = wl_container_of(listener, source, modifiers);
	const struct wlr_keyboard_modifiers mods = source->wlr->modifiers;
	if (source->device->xkb) {
		xkb_state_update_mask(source->device->xkb, mods.depressed, mods.latched, mods.locked, 0, 0,
			mods.group);
	}
	if (offer_modifiers(source)) {
		return;
	}
	if (source->device->virtual) {
		handle_state_modifiers(source->keyboard, source->wlr);
	} else if (source->told_modifiers) {
		wlr_keyboard_notify_modifiers(&source->keyboard->own, mods.depressed, mods.latched,
			mods.locked, mods.group);
	}
}

static void set_device_state(struct source *source, struct xkb_keymap *keymap) {
	xkb_state_unref(source->device->xkb);
	source->device->xkb = keymap ? xkb_state_new(keymap) : NULL;
	wl_signal_emit_mutable(&source->device->events.keymap, source->device);
}

/* A virtual keyboard got a keymap; clients get it with the next key. */
static void handle_keymap(struct wl_listener *listener, void *data) {
	struct source *source = wl_container_of(listener, source, keymap);
	if (source->device->virtual) {
		set_device_state(source, source->wlr->keymap);
	}
}

static void handle_device_destroy(struct wl_listener *listener, void *data) {
	struct source *source = wl_container_of(listener, source, destroy);
	struct keyboard *keyboard = source->keyboard;
	mirror_forget(&keyboard->mirror, source->wlr);
	wl_list_remove(&source->link);
	wl_list_remove(&source->key.link);
	wl_list_remove(&source->modifiers.link);
	wl_list_remove(&source->keymap.link);
	wl_list_remove(&source->destroy.link);
	xkb_state_unref(source->device->xkb);
	source->device->xkb = NULL;
	free(source);
}

void keyboard_add(struct keyboard *keyboard, struct input_device *device) {
	struct source *source = calloc(1, sizeof(*source));
	if (!source) {
		return;
	}
	source->keyboard = keyboard;
	source->device = device;
	source->wlr = wlr_keyboard_from_input_device(device->wlr);
	source->told_modifiers = !device->virtual && !wlr_input_device_is_libinput(device->wlr);
	wl_list_insert(&keyboard->sources, &source->link);
	source->key.notify = handle_key;
	wl_signal_add(&source->wlr->events.key, &source->key);
	source->modifiers.notify = handle_modifiers;
	wl_signal_add(&source->wlr->events.modifiers, &source->modifiers);
	source->keymap.notify = handle_keymap;
	wl_signal_add(&source->wlr->events.keymap, &source->keymap);
	source->destroy.notify = handle_device_destroy;
	wl_signal_add(&device->events.destroy, &source->destroy);

	if (device->virtual) {
		wlr_keyboard_set_repeat_info(source->wlr, keyboard->own.repeat_info.rate,
			keyboard->own.repeat_info.delay);
		return;
	}
	set_device_state(source, keyboard->keymap);
	if (source->told_modifiers) {
		// Without a keymap wlroots would not pass on what the keyboard is told. Those that we
		// work out ourselves have none, or each would drive its own lights.
		wlr_keyboard_set_keymap(source->wlr, keyboard->keymap);
	}
	wlr_keyboard_led_update(source->wlr, keyboard->own.leds);
}

static void set_numlock(struct wlr_keyboard *own) {
	xkb_mod_index_t index = own->mod_indexes[4]; // wlroots' order: Mod2
	if (index != XKB_MOD_INVALID) {
		wlr_keyboard_notify_modifiers(own, 0, 0, 1u << index, 0);
	}
}

/* The person's keymap and repeat, as the configuration has them now. */
static bool configure(struct keyboard *keyboard) {
	const struct config *config = keyboard->server->config;
	char error[400];
	struct xkb_keymap *keymap = keymap_create(config, error, sizeof(error));
	if (error[0]) {
		log_error("%s", error);
		notice_show(keyboard->server->notices, NOTICE_WARNING, 10000, error);
	}
	if (!keymap) {
		return false;
	}
	keyboard_release_all(keyboard);
	xkb_keymap_unref(keyboard->keymap);
	keyboard->keymap = keymap;
	struct wlr_keyboard_modifiers before = keyboard->own.modifiers;
	if (!wlr_keyboard_set_keymap(&keyboard->own, keymap)) {
		return false;
	}
	wlr_keyboard_set_repeat_info(&keyboard->own, config->keyboard.rate, config->keyboard.delay);
	if (before.locked) {
		wlr_keyboard_notify_modifiers(&keyboard->own, 0, 0, before.locked, 0);
	}
	struct source *source;
	wl_list_for_each(source, &keyboard->sources, link) {
		if (!source->device->virtual) {
			set_device_state(source, keymap);
			if (source->told_modifiers) {
				wlr_keyboard_set_keymap(source->wlr, keymap);
			}
		}
	}
	mirror_show(&keyboard->mirror, &keyboard->own);
	return true;
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct keyboard *keyboard = wl_container_of(listener, keyboard, configured);
	configure(keyboard);
}

struct keyboard *keyboard_create(struct server *server) {
	struct keyboard *keyboard = calloc(1, sizeof(*keyboard));
	if (!keyboard) {
		return NULL;
	}
	keyboard->server = server;
	wl_list_init(&keyboard->sources);
	wl_list_init(&keyboard->own_key.link);
	wl_list_init(&keyboard->own_modifiers.link);
	wl_list_init(&keyboard->configured.link);
	wlr_keyboard_init(&keyboard->own, &own_impl, "boxland");
	mirror_init(&keyboard->mirror, server->seat->wlr);
	if (!configure(keyboard)) {
		log_error("no keymap can be made");
		keyboard_destroy(keyboard);
		return NULL;
	}
	if (server->config->keyboard.numlock) {
		set_numlock(&keyboard->own);
		mirror_modifiers(&keyboard->mirror, &keyboard->own);
	}
	keyboard->own_key.notify = handle_own_key;
	wl_signal_add(&keyboard->own.events.key, &keyboard->own_key);
	keyboard->own_modifiers.notify = handle_own_modifiers;
	wl_signal_add(&keyboard->own.events.modifiers, &keyboard->own_modifiers);
	keyboard->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &keyboard->configured);
	return keyboard;
}

void keyboard_destroy(struct keyboard *keyboard) {
	if (!keyboard) {
		return;
	}
	struct source *source, *next;
	wl_list_for_each_safe(source, next, &keyboard->sources, link) {
		handle_device_destroy(&source->destroy, NULL);
	}
	wl_list_remove(&keyboard->own_key.link);
	wl_list_remove(&keyboard->own_modifiers.link);
	wl_list_remove(&keyboard->configured.link);
	mirror_finish(&keyboard->mirror);
	wlr_keyboard_finish(&keyboard->own);
	xkb_keymap_unref(keyboard->keymap);
	free(keyboard);
}

struct wlr_keyboard *keyboard_wlr(struct keyboard *keyboard) {
	return &keyboard->mirror.wlr;
}

struct xkb_keymap *keyboard_keymap(struct keyboard *keyboard) {
	return keyboard->keymap;
}

uint32_t keyboard_modifiers(struct keyboard *keyboard) {
	struct wlr_keyboard *current = keyboard->mirror.current;
	return current ? wlr_keyboard_get_modifiers(current) : 0;
}

void keyboard_release_all(struct keyboard *keyboard) {
	mirror_release_all(&keyboard->mirror);
	struct wlr_keyboard *own = &keyboard->own;
	while (own->num_keycodes > 0) {
		struct wlr_keyboard_key_event event = {
			.time_msec = now_msec(),
			.keycode = own->keycodes[own->num_keycodes - 1],
			.update_state = true,
			.state = WL_KEYBOARD_KEY_STATE_RELEASED,
		};
		wlr_keyboard_notify_key(own, &event);
	}
}
