/* SPDX-License-Identifier: MIT */
#ifndef SWITCHER_H
#define SWITCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <xkbcommon/xkbcommon.h>

/*
 * Going from window to window: a list of them, the focused one first, minimised ones included. It is
 * open while the modifier that opened it is held; letting go takes the window chosen.
 */

struct server;
struct switcher;

struct switcher *switcher_create(struct server *server);
void switcher_destroy(struct switcher *switcher);

/* Opens it if it is not, and goes so many windows on. */
void switcher_step(struct switcher *switcher, int by);
/* A key no binding wants. true: the switcher is open and has it. */
bool switcher_key(struct switcher *switcher, xkb_keysym_t sym);
/* Modifiers are these WLR_MODIFIER_ bits now. */
void switcher_modifiers(struct switcher *switcher, uint32_t modifiers);

#endif
