/* SPDX-License-Identifier: MIT */
#ifndef BOXD_REVOCATIONS_H
#define BOXD_REVOCATIONS_H

#include <wayland-server-core.h>

#include "net/call.h"

/*
 * Tells other nodes what persons have revoked: at each connect and on each change. A node is told of
 * the lists of this node's own person and of its own; one of our own person's of all. What it answers
 * changes nothing here: who did not hear of it does at the next connect.
 */

struct keys;
struct peer;
struct quic;

struct revocations {
	struct wl_event_loop *loop;
	const struct caller *caller; // as a program of this node
	struct keys *keys;
	struct quic *quic;    // NULL: no network
	struct wl_list tales; // of revocations.c
};

void revocations_init(struct revocations *revocations, struct wl_event_loop *loop,
	const struct caller *caller, struct keys *keys);
void revocations_finish(struct revocations *revocations);
/* The peer is up. */
void revocations_tell(struct revocations *revocations, const struct peer *peer);
/* That person's list is new. */
void revocations_tell_all(struct revocations *revocations, const char *person);

#endif
