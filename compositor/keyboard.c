/* SPDX-License-Identifier: MIT */
/*
 * keyboard.c - many keyboards into one: whose keymap is in force and which keys are down.
 *
 * Real keyboards share one state ("own"), so Shift on one and a letter on another make a capital. A
 * virtual keyboard is a state by itself. The seat's keyboard is a third thing, a mirror of the state
 * that typed last: clients are told of it and of nothing else.
 *
 * Which keys are bindings is bindings.c; who has the focus is seat.c; which keymap "own" has is
 * keymap.c.
 */
#include "keyboard.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wlr/backend/libinput.h>
#include <wlr/interfaces/wlr_keyboard.h>
#include <wlr/types/wlr_seat.h>

#include "bindings.h"
#include "config.h"
#include "input.h"
#include "keymap.h"
#include "notice.h"
#include "seat.h"
#include "server.h"

#define LOG_MODULE "keyboard"
#include "base/log.h"

#define DOWN_MAX WLR_KEYBOARD_KEYS_CAP

/* A key that went down and has not come up. */
struct down {
	struct wlr_keyboard *state; // where
	uint32_t code;
	bool ours; // clients were not told
};

struct keyboard {
	struct server *server;
	struct wlr_keyboard seat; // what clients see
	struct wlr_keyboard own;  // what the real keyboards are together
	struct wl_list sources;   // source.link
	struct xkb_keymap *keymap; // the person's

	struct wlr_keyboard *current; // whose modifiers the seat has: own, a virtual one, or NULL: gone
	struct xkb_keymap *shown;     // whose keymap the seat has, as that state has it
	struct down down[DOWN_MAX];
	size_t down_size;

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

static struct wlr_seat *seat_of(struct keyboard *keyboard) {
	return keyboard->server->seat->wlr;
}

static struct down *find_down(struct keyboard *keyboard, struct wlr_keyboard *state,
		uint32_t code) {
	for (size_t i = 0; i < keyboard->down_size; i++) {
		if (keyboard->down[i].state == state && keyboard->down[i].code == code) {
			return &keyboard->down[i];
		}
	}
	return NULL;
}

static bool add_down(struct keyboard *keyboard, struct wlr_keyboard *state, uint32_t code,
		bool ours) {
	if (keyboard->down_size == DOWN_MAX) {
		return false; // more keys than hands: this one is not pressed
	}
	keyboard->down[keyboard->down_size++] =
		(struct down){.state = state, .code = code, .ours = ours};
	return true;
}

static void remove_down(struct keyboard *keyboard, struct down *down) {
	*down = keyboard->down[--keyboard->down_size];
}

/* Tells the focused client of a key, and remembers it in the seat's keyboard for the next enter. */
static void send_key(struct keyboard *keyboard, uint32_t time, uint32_t code, bool pressed) {
	struct wlr_keyboard_key_event event = {
		.time_msec = time,
		.keycode = code,
		.update_state = false,
		.state = pressed ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED,
	};
	size_t before = keyboard->seat.num_keycodes;
	wlr_keyboard_notify_key(&keyboard->seat, &event);
	if (keyboard->seat.num_keycodes != before) {
		wlr_seat_keyboard_notify_key(seat_of(keyboard), time, code, event.state);
	}
}

static void send_modifiers(struct keyboard *keyboard, const struct wlr_keyboard_modifiers *mods) {
	wlr_keyboard_notify_modifiers(&keyboard->seat, mods->depressed, mods->latched, mods->locked,
		mods->group);
	wlr_seat_keyboard_notify_modifiers(seat_of(keyboard), &keyboard->seat.modifiers);
}

static void release_sent(struct keyboard *keyboard) {
	uint32_t time = now_msec();
	for (size_t i = keyboard->down_size; i > 0; i--) {
		struct down *down = &keyboard->down[i - 1];
		if (!down->ours) {
			send_key(keyboard, time, down->code, false);
			remove_down(keyboard, down);
		}
	}
}

static bool same_keymap(struct keyboard *keyboard, struct wlr_keyboard *state) {
	if (state->keymap == keyboard->shown) {
		return true;
	}
	if (!state->keymap_string || !keyboard->seat.keymap_string ||
			strcmp(state->keymap_string, keyboard->seat.keymap_string) != 0) {
		return false;
	}
	// The same text: remember this one, so that the texts need not be compared at the next key.
	xkb_keymap_unref(keyboard->shown);
	keyboard->shown = xkb_keymap_ref(state->keymap);
	return true;
}

/* What clients see becomes this state. */
static void show(struct keyboard *keyboard, struct wlr_keyboard *state) {
	if (!state->keymap) {
		return; // a virtual keyboard that has none yet: nothing is taken from clients
	}
	bool same = same_keymap(keyboard, state);
	if (keyboard->current == state && same) {
		return;
	}
	keyboard->current = state;
	if (!same) {
		release_sent(keyboard);
		if (!wlr_keyboard_set_keymap(&keyboard->seat, state->keymap)) {
			return; // as before
		}
		xkb_keymap_unref(keyboard->shown);
		keyboard->shown = xkb_keymap_ref(state->keymap);
		log_debug("another keymap");
	}
	wlr_keyboard_set_repeat_info(&keyboard->seat, state->repeat_info.rate,
		state->repeat_info.delay);
	send_modifiers(keyboard, &state->modifiers);
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
	struct down *down = find_down(keyboard, state, event->keycode);
	if (!pressed) {
		if (down) {
			if (!down->ours) {
				send_key(keyboard, event->time_msec, event->keycode, false);
			}
			remove_down(keyboard, find_down(keyboard, state, event->keycode));
		}
		return;
	}
	if (down) {
		return;
	}
	if (!ours) {
		show(keyboard, state);
	}
	if (add_down(keyboard, state, event->keycode, ours) && !ours) {
		send_key(keyboard, event->time_msec, event->keycode, true);
	}
}

static void handle_state_modifiers(struct keyboard *keyboard, struct wlr_keyboard *state) {
	bindings_modifiers(keyboard->server->bindings, wlr_keyboard_get_modifiers(state));
	if (keyboard->current == state && same_keymap(keyboard, state)) {
		send_modifiers(keyboard, &state->modifiers);
	} else if (state->modifiers.depressed || state->modifiers.latched) {
		show(keyboard, state); // a modifier held by somebody, for a click perhaps
	}
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

static const struct wlr_keyboard_impl seat_impl = {
	.name = "boxland-seat",
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
	for (size_t i = keyboard->down_size; i > 0; i--) {
		struct down *down = &keyboard->down[i - 1];
		if (down->state == source->wlr) {
			if (!down->ours) {
				send_key(keyboard, now_msec(), down->code, false);
			}
			remove_down(keyboard, down);
		}
	}
	if (keyboard->current == source->wlr) {
		// Its keymap stays in force; what it held or locked does not.
		struct wlr_keyboard_modifiers none = {0};
		keyboard->current = NULL;
		send_modifiers(keyboard, &none);
	}
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
	return true;
}

static void handle_configured(struct wl_listener *listener, void *data) {
	struct keyboard *keyboard = wl_container_of(listener, keyboard, configured);
	if (configure(keyboard)) {
		show(keyboard, &keyboard->own);
	}
}

struct keyboard *keyboard_create(struct server *server) {
	struct keyboard *keyboard = calloc(1, sizeof(*keyboard));
	if (!keyboard) {
		return NULL;
	}
	keyboard->server = server;
	wl_list_init(&keyboard->sources);
	wlr_keyboard_init(&keyboard->own, &own_impl, "boxland");
	wlr_keyboard_init(&keyboard->seat, &seat_impl, "boxland-seat");
	if (!configure(keyboard)) {
		log_error("no keymap can be made");
		wlr_keyboard_finish(&keyboard->own);
		wlr_keyboard_finish(&keyboard->seat);
		xkb_keymap_unref(keyboard->keymap);
		free(keyboard);
		return NULL;
	}
	if (server->config->keyboard.numlock) {
		set_numlock(&keyboard->own);
	}
	keyboard->own_key.notify = handle_own_key;
	wl_signal_add(&keyboard->own.events.key, &keyboard->own_key);
	keyboard->own_modifiers.notify = handle_own_modifiers;
	wl_signal_add(&keyboard->own.events.modifiers, &keyboard->own_modifiers);
	keyboard->configured.notify = handle_configured;
	wl_signal_add(&server->events.configured, &keyboard->configured);
	show(keyboard, &keyboard->own);
	wlr_seat_set_keyboard(seat_of(keyboard), &keyboard->seat);
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
	wlr_seat_set_keyboard(seat_of(keyboard), NULL);
	wlr_keyboard_finish(&keyboard->own);
	wlr_keyboard_finish(&keyboard->seat);
	xkb_keymap_unref(keyboard->keymap);
	xkb_keymap_unref(keyboard->shown);
	free(keyboard);
}

struct wlr_keyboard *keyboard_wlr(struct keyboard *keyboard) {
	return &keyboard->seat;
}

struct xkb_keymap *keyboard_keymap(struct keyboard *keyboard) {
	return keyboard->keymap;
}

uint32_t keyboard_modifiers(struct keyboard *keyboard) {
	return keyboard->current ? wlr_keyboard_get_modifiers(keyboard->current) : 0;
}

void keyboard_release_all(struct keyboard *keyboard) {
	release_sent(keyboard);
	keyboard->down_size = 0;
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
	if (keyboard->current && keyboard->seat.modifiers.depressed) {
		struct wlr_keyboard_modifiers up = keyboard->seat.modifiers;
		up.depressed = 0;
		send_modifiers(keyboard, &up);
	}
}
