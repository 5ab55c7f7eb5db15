/* SPDX-License-Identifier: MIT */
#ifndef BINDINGS_H
#define BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wlr/types/wlr_keyboard.h>

struct server;

/*
 * Keys that are ours: "Super+Shift+e quit". A modifier alone ("Super launcher") means tapping it.
 * Letters mean what is printed on the key, in whichever layout has them; where none has, as on a US
 * keyboard.
 */

struct bindings;

/* Takes what the configuration binds, over our own defaults. NULL: no memory. */
struct bindings *bindings_create(struct server *server);
void bindings_destroy(struct bindings *bindings);

/* Whether the value of a `bind` line makes sense; if not, error says why and what would. */
bool binding_check(const char *text, char *error, size_t error_size);

struct binding_key {
	struct wlr_keyboard *state; // keymap and modifiers before this key
	uint32_t time_msec, keycode; // evdev
	bool pressed;
	bool physical; // the keycode means a place on a keyboard
};
/* A key came. true: it is ours, no client must see it. Its action has run. */
bool bindings_key(struct bindings *bindings, const struct binding_key *key);
/* Modifiers changed to these WLR_MODIFIER_ bits. */
void bindings_modifiers(struct bindings *bindings, uint32_t modifiers);
/* The pointer did something: a modifier held meanwhile was not tapped. */
void bindings_disarm(struct bindings *bindings);

/*
 * How a key for an action is written for people, such as "Super+Q"; the first bound of the default
 * ones first. "" if none is.
 */
void bindings_describe(struct bindings *bindings, const char *action, char *text, size_t size);

#endif
