/* SPDX-License-Identifier: MIT */
#ifndef BOXD_GROUP_TALES_H
#define BOXD_GROUP_TALES_H

#include <wayland-server-core.h>

#include "net/call.h"

/*
 * Tells the other machines of this node's person which groups she has and who is in them: at each
 * connect and on each change. Nobody else is told. What they answer changes nothing here: who did not
 * hear of it does at the next connect.
 */

struct keys;
struct peer;
struct quic;

struct group_tales {
	struct wl_event_loop *loop;
	const struct caller *caller; // as a program of this node
	struct keys *keys;
	struct quic *quic;   // NULL: no network
	struct wl_list list; // of group_tales.c
};

void group_tales_init(struct group_tales *tales, struct wl_event_loop *loop,
	const struct caller *caller, struct keys *keys);
void group_tales_finish(struct group_tales *tales);
/* The peer is up. */
void group_tales_tell(struct group_tales *tales, const struct peer *peer);
/* That group is new, another, or gone. */
void group_tales_tell_all(struct group_tales *tales, const char *name);

#endif
