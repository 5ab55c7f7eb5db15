/* SPDX-License-Identifier: MIT */
#ifndef CROWD_H
#define CROWD_H

#include <stdbool.h>
#include <wayland-server-core.h>

/*
 * How many windows, menus and surfaces one client may have at once, so that a program that never stops
 * opening them does not take the desktop's time from all others: one too many ends the client, with a
 * sentence to it and one to the person.
 */

struct crowd;
struct server;

enum crowd_kind {
	CROWD_WINDOWS,  // dialogs too
	CROWD_POPUPS,
	CROWD_SURFACES, // counted by itself
	CROWD_KINDS,
};

struct crowd *crowd_create(struct server *server); // NULL: no memory
void crowd_destroy(struct crowd *crowd); // all clients are gone. NULL is fine

/*
 * One more of a client's, until gone is emitted (data is not looked at). false: it is not to be made, its
 * client is being ended.
 */
bool crowd_add(struct crowd *crowd, enum crowd_kind kind, struct wl_client *client,
	struct wl_signal *gone);

#endif
