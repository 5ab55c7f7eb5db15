/* SPDX-License-Identifier: MIT */
#ifndef MIRROR_H
#define MIRROR_H

#include <stdbool.h>
#include <stdint.h>
#include <wlr/types/wlr_keyboard.h>
#include <wlr/types/wlr_seat.h>

/*
 * The seat's keyboard as clients see it: a mirror of whichever keyboard typed last. It keeps the
 * promises that keyboard.h makes to clients.
 *
 * A state is a wlr_keyboard with a keymap and modifiers of its own: what all real keyboards are
 * together, or a virtual one.
 */

#define MIRROR_DOWN_MAX WLR_KEYBOARD_KEYS_CAP

struct mirror_key {
	struct wlr_keyboard *state; // where it went down
	uint32_t code;
	bool ours; // clients were not told
};

struct mirror {
	struct wlr_keyboard wlr; // keymap and modifiers in force; keycodes: what is down for clients

	// private state
	struct wlr_seat *seat;
	struct wlr_keyboard *current; // whose modifiers these are; NULL: it went
	struct xkb_keymap *shown;     // whose keymap this is, as that state has it
	struct mirror_key down[MIRROR_DOWN_MAX]; // and not up again
	size_t down_size;
};

/* The seat has this keyboard from now on; give it a keymap with mirror_show at once. */
void mirror_init(struct mirror *mirror, struct wlr_seat *seat);
void mirror_finish(struct mirror *mirror);

/* What clients see becomes this state. One without a keymap is not shown. */
void mirror_show(struct mirror *mirror, struct wlr_keyboard *state);
/* A key of a state goes down; ours: it is not for clients. */
void mirror_press(struct mirror *mirror, struct wlr_keyboard *state, uint32_t time_msec,
	uint32_t code, bool ours);
/* A key of a state goes up. It means nothing if it never went down, or was released since. */
void mirror_release(struct mirror *mirror, struct wlr_keyboard *state, uint32_t time_msec,
	uint32_t code);
/* The modifiers of a state have changed. */
void mirror_modifiers(struct mirror *mirror, struct wlr_keyboard *state);
/* A state goes: its keys go up, its modifiers are over, its keymap stays until another key comes. */
void mirror_forget(struct mirror *mirror, struct wlr_keyboard *state);
/* All keys and modifiers go up. */
void mirror_release_all(struct mirror *mirror);

#endif
