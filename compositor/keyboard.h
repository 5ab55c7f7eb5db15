/* SPDX-License-Identifier: MIT */
#ifndef KEYBOARD_H
#define KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <wlr/types/wlr_keyboard.h>

/*
 * The seat's one keyboard, as clients see it, and the real and virtual ones that type on it.
 *
 * Clients have a keymap from the moment they ask, whether or not a keyboard is there. It is replaced
 * only when a key comes from a keyboard with another one, never because a keyboard goes; and at that
 * moment no key is down for any client: those that were are released first. Keymap and modifiers
 * are sent before the key.
 */

struct input_device;
struct server;
struct keyboard;

struct keyboard *keyboard_create(struct server *server);
void keyboard_destroy(struct keyboard *keyboard);

/* A device that types on it from now on. */
void keyboard_add(struct keyboard *keyboard, struct input_device *device);

/* What the seat's clients see: keymap, modifiers, and in keycodes what is down for them. */
struct wlr_keyboard *keyboard_wlr(struct keyboard *keyboard);
/* The person's own keymap, for keyboards that have none of their own. Borrowed. */
struct xkb_keymap *keyboard_keymap(struct keyboard *keyboard);
/* WLR_MODIFIER_ bits that are down on the keyboard typed on last. */
uint32_t keyboard_modifiers(struct keyboard *keyboard);

/* Everything that is down goes up, for clients and for us; its real going up later means nothing. */
void keyboard_release_all(struct keyboard *keyboard);

#endif
