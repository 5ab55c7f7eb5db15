/* SPDX-License-Identifier: MIT */
/*
 * mirror.c - what clients are told of the keyboard, and in which order.
 *
 * Where keys come from is keyboard.c; which are bindings is bindings.c.
 */
#include "mirror.h"

#include <string.h>
#include <time.h>
#include <wlr/interfaces/wlr_keyboard.h>

#define LOG_MODULE "keyboard"
#include "base/log.h"

static const struct wlr_keyboard_impl mirror_impl = {
	.name = "boxland-seat",
};

static uint32_t now_msec(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

void mirror_init(struct mirror *mirror, struct wlr_seat *seat) {
	*mirror = (struct mirror){.seat = seat};
	wlr_keyboard_init(&mirror->wlr, &mirror_impl, "boxland-seat");
	wlr_seat_set_keyboard(seat, &mirror->wlr);
}

void mirror_finish(struct mirror *mirror) {
	wlr_seat_set_keyboard(mirror->seat, NULL);
	wlr_keyboard_finish(&mirror->wlr);
	xkb_keymap_unref(mirror->shown);
}

static struct mirror_key *find(struct mirror *mirror, struct wlr_keyboard *state, uint32_t code) {
	for (size_t i = 0; i < mirror->down_size; i++) {
		if (mirror->down[i].state == state && mirror->down[i].code == code) {
			return &mirror->down[i];
		}
	}
	return NULL;
}

/* Tells the focused client of a key; the keyboard remembers it for the next one to be focused. */
static void send_key(struct mirror *mirror, uint32_t time, uint32_t code, bool pressed) {
	struct wlr_keyboard_key_event event = {
		.time_msec = time,
		.keycode = code,
		.update_state = false,
		.state = pressed ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED,
	};
	size_t before = mirror->wlr.num_keycodes;
	wlr_keyboard_notify_key(&mirror->wlr, &event);
	// Two keyboards of one keymap may have the same key down; to clients it is one.
	if (mirror->wlr.num_keycodes != before) {
		wlr_seat_keyboard_notify_key(mirror->seat, time, code, event.state);
	}
}

static void send_modifiers(struct mirror *mirror, const struct wlr_keyboard_modifiers *mods) {
	wlr_keyboard_notify_modifiers(&mirror->wlr, mods->depressed, mods->latched, mods->locked,
		mods->group);
	wlr_seat_keyboard_notify_modifiers(mirror->seat, &mirror->wlr.modifiers);
}

static void take_up(struct mirror *mirror, struct mirror_key *key, uint32_t time) {
	struct mirror_key up = *key;
	*key = mirror->down[--mirror->down_size];
	if (!up.ours) {
		send_key(mirror, time, up.code, false);
	}
}

/* Those that clients know of. */
static void release_sent(struct mirror *mirror) {
	for (size_t i = mirror->down_size; i > 0; i--) {
		if (!mirror->down[i - 1].ours) {
			take_up(mirror, &mirror->down[i - 1], now_msec());
		}
	}
}

static bool same_keymap(struct mirror *mirror, struct wlr_keyboard *state) {
	if (state->keymap == mirror->shown) {
		return true;
	}
	if (!state->keymap_string || !mirror->wlr.keymap_string ||
			strcmp(state->keymap_string, mirror->wlr.keymap_string) != 0) {
		return false;
	}
	// The same text: remember this one, so that the texts need not be compared at the next key.
	xkb_keymap_unref(mirror->shown);
	mirror->shown = xkb_keymap_ref(state->keymap);
	return true;
}

void mirror_show(struct mirror *mirror, struct wlr_keyboard *state) {
	if (!state->keymap) {
		return; // nothing is taken from clients
	}
	bool same = same_keymap(mirror, state);
	if (mirror->current == state && same) {
		return;
	}
	mirror->current = state;
	if (!same) {
		release_sent(mirror);
		if (!wlr_keyboard_set_keymap(&mirror->wlr, state->keymap)) {
			return; // as before
		}
		xkb_keymap_unref(mirror->shown);
		mirror->shown = xkb_keymap_ref(state->keymap);
		log_debug("another keymap");
	}
	wlr_keyboard_set_repeat_info(&mirror->wlr, state->repeat_info.rate,
		state->repeat_info.delay);
	send_modifiers(mirror, &state->modifiers);
}

void mirror_press(struct mirror *mirror, struct wlr_keyboard *state, uint32_t time_msec,
		uint32_t code, bool ours) {
	if (find(mirror, state, code)) {
		return;
	}
	if (!ours) {
		mirror_show(mirror, state);
	}
	if (mirror->down_size == MIRROR_DOWN_MAX) {
		return; // more keys than hands: this one does not count
	}
	mirror->down[mirror->down_size++] =
		(struct mirror_key){.state = state, .code = code, .ours = ours};
	if (!ours) {
		send_key(mirror, time_msec, code, true);
	}
}

void mirror_release(struct mirror *mirror, struct wlr_keyboard *state, uint32_t time_msec,
		uint32_t code) {
	struct mirror_key *key = find(mirror, state, code);
	if (key) {
		take_up(mirror, key, time_msec);
	}
}

void mirror_modifiers(struct mirror *mirror, struct wlr_keyboard *state) {
	if (mirror->current == state && same_keymap(mirror, state)) {
		send_modifiers(mirror, &state->modifiers);
	} else if (state->modifiers.depressed || state->modifiers.latched) {
		mirror_show(mirror, state); // held by somebody, for a click perhaps
	}
}

void mirror_forget(struct mirror *mirror, struct wlr_keyboard *state) {
	for (size_t i = mirror->down_size; i > 0; i--) {
		if (mirror->down[i - 1].state == state) {
			take_up(mirror, &mirror->down[i - 1], now_msec());
		}
	}
	if (mirror->current == state) {
		const struct wlr_keyboard_modifiers none = {0};
		mirror->current = NULL;
		send_modifiers(mirror, &none);
	}
}

void mirror_release_all(struct mirror *mirror) {
	release_sent(mirror);
	mirror->down_size = 0;
	if (mirror->wlr.modifiers.depressed) {
		struct wlr_keyboard_modifiers up = mirror->wlr.modifiers;
		up.depressed = 0;
		send_modifiers(mirror, &up);
	}
}
