/* SPDX-License-Identifier: MIT */
#ifndef BOXD_TALES_H
#define BOXD_TALES_H

#include <wayland-server-core.h>

#include "net/call.h"

/*
 * Tells other nodes what persons have signed: at each connect and on each change. What they have revoked
 * is told of this node's own person and of the other's; to one of our own person's of all. Which groups
 * our person has, and who is in them, is told to that person's other machines alone. What they answer
 * changes nothing here: who did not hear of it does at the next connect.
 */

struct keys;
struct peer;
struct quic;

struct tales {
	struct wl_event_loop *loop;
	const struct caller *caller; // as a program of this node
	struct keys *keys;
	struct quic *quic;   // NULL: no network, or still loading
	struct wl_list list; // of tales.c
};

void tales_init(struct tales *tales, struct wl_event_loop *loop, const struct caller *caller,
	struct keys *keys);
void tales_finish(struct tales *tales);
/* The peer is up. */
void tales_tell(struct tales *tales, const struct peer *peer);
/* That person's list of what is revoked is new. */
void tales_tell_revoked(struct tales *tales, const char *person);
/* That group of ours is new, another, or gone. */
void tales_tell_group(struct tales *tales, const char *name);

#endif
