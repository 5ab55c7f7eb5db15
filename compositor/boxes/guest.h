/* SPDX-License-Identifier: MIT */
#ifndef BOXES_GUEST_H
#define BOXES_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "box/frame.h"

/*
 * Input from afar: a linked keyboard or pointer, or a viewer, each a guest of one window. What a
 * guest does reaches that window's client alone, through the client's own resources of seat0, with
 * an enter and leave of its own and its own keymap; bindings and the local focus never see it.
 *
 * A client has one keyboard and one pointer, so guests and the local person take turns: who acts has
 * it, unless who had it still holds something down. A local key or motion always takes it back.
 */

struct server;
struct toplevel;
struct guests;
struct guest;

struct guest_events {
	/* The client locked the guest's pointer in place, or let it go. Optional. */
	void (*lock)(void *data, bool locked);
	/* The window is gone; the guest does nothing from now on. */
	void (*gone)(void *data);
};

struct guests *guests_create(struct server *server);
void guests_destroy(struct guests *guests); // no guest is left

/* NULL: no memory. */
struct guest *guest_create(struct guests *guests, struct toplevel *toplevel,
	const struct guest_events *events, void *data);
/* Releases what it holds and leaves. NULL is fine. */
void guest_destroy(struct guest *guest);

/*
 * One record (box/frame.h; types and codes as box-cast-v1's request input has them). Motion that is
 * relative moves the guest's pointer within the window unless the client has locked it.
 */
void guest_record(struct guest *guest, const struct input_record *record);
/* What came since the last one belongs together (wl_pointer.frame). */
void guest_frame(struct guest *guest);
/* xkb, text v1. false: it makes no keymap, and the old one stays. */
bool guest_set_keymap(struct guest *guest, const char *text);
void guest_set_modifiers(struct guest *guest, uint32_t depressed, uint32_t latched,
	uint32_t locked, uint32_t group);
void guest_set_repeat(struct guest *guest, int32_t rate, int32_t delay);
/* It has the keyboard of its own desktop now (a view was focused), or no longer. */
void guest_set_focus(struct guest *guest, bool focused);
/* Everything it holds goes up. */
void guest_release_all(struct guest *guest);

#endif
