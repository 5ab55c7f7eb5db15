/* SPDX-License-Identifier: MIT */
#ifndef BOXD_LEASES_H
#define BOXD_LEASES_H

#include <wayland-server-core.h>

#include "box/op.h"
#include "box/perm.h"
#include "net/call.h"

/*
 * Links that this node asked another person's node for, to a device of a third person's: what the
 * device is asked for in our name, by whose leave, and for how long. Each has a grant, signed here,
 * good for a day; after half of it the link is given a newer one, which is another `link`, of the same
 * device to the link itself. When this boxd ends they are forgotten, and run out.
 */

struct grants;
struct route;
struct way;

struct leases {
	struct wl_event_loop *loop;
	const struct route *route;
	const struct caller *caller; // asks as a program of this node's owner
	struct wl_list list;         // of leases.c
	struct wl_event_source *timer; // likewise; NULL: there was none yet
};

void leases_init(struct leases *leases, struct wl_event_loop *loop, const struct route *route,
	const struct caller *caller);
void leases_finish(struct leases *leases);

/*
 * To a link request on its way, rewritten for it, adds the grant that it takes, if it does. EPERM, EIO.
 */
enum op_code leases_sign(const struct leases *leases, const struct way *way, struct op_head *head,
	const struct subject *subject, struct op_refusal *refusal);
/* The node of that key has answered such a request; name is the link's there, as it says. */
void leases_linked(struct leases *leases, const char *key, const struct op_head *head,
	const char *name);
/* A box of that node was asked to go: links that are it, or in it, are kept up no more. */
void leases_forget(struct leases *leases, const char *key, const char *name);
/* Renews those whose time has come: a peer is up, or a clock may have been set. */
void leases_check(struct leases *leases);

#endif
