/* SPDX-License-Identifier: MIT */
#ifndef BOXD_CLAIMS_H
#define BOXD_CLAIMS_H

#include <wayland-server-core.h>

#include "net/call.h"

struct keys;
struct peer;
struct quic;
struct usr;

/*
 * Tells the person's other machines what the person's devices are now: each that is known when it
 * changes, and one that appears.
 */
struct claims {
	struct wl_event_loop *loop;
	const struct caller *caller; // asks as a program of this node
	const struct usr *usr;
	const struct keys *keys;
	struct quic *quic;   // NULL: no network
	struct wl_list list; // of claims.c
};

void claims_init(struct claims *claims, struct wl_event_loop *loop, const struct caller *caller,
	const struct usr *usr, const struct keys *keys);
void claims_finish(struct claims *claims);

void claims_tell_all(struct claims *claims);
/* Does nothing for a machine of another person. */
void claims_tell(struct claims *claims, const struct peer *peer);

#endif
