/* SPDX-License-Identifier: MIT */
#ifndef NET_ASKER_H
#define NET_ASKER_H

#include <wayland-server-core.h>

#include "box/asking.h"
#include "net/call.h"

/*
 * Asks the person by a box of the node's boxd: the one implementation of box/asking.h. A question is
 * `make /ask` with about, letters, by and title, on behalf of the node's owner; its answer says in
 * state what leave was given and in by who gave it. Leave until it is taken back lasts as long as
 * that exchange: boxd ends it when it is taken back, this side when the box goes.
 */
struct net_asker {
	struct asker asker;
	struct wl_event_loop *loop;
	const struct caller *caller;
	struct wl_list questions; // of asker.c
};

/* caller asks for this node's owner; it must outlive the asker. */
void net_asker_init(struct net_asker *asker, struct wl_event_loop *loop,
	const struct caller *caller);
/* No tree may use it any more (box_tree_set_asker NULL). */
void net_asker_finish(struct net_asker *asker);

#endif
