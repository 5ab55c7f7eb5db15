/* SPDX-License-Identifier: MIT */
#ifndef BOXD_COPY_H
#define BOXD_COPY_H

#include "box/box.h"
#include "box/cast.h"
#include "net/call.h"
#include "net/exchange.h"
#include "route.h"

/*
 * The verb copy. The node that was asked finds out where both boxes are. If one of them is its own
 * it moves the bytes itself, to or from the other node; else it asks the source's node to push, and
 * if that cannot reach the target's node, the target's to pull. Only when neither can do the bytes
 * pass through here. Every part is done with the asker's subject. If both boxes are files of its own,
 * the kernel copies what is in them (direct.h).
 *
 * The two must be of one type, or casts of the asker's name space lead from the one to the other; then
 * the bytes pass through here and through their programs (convert.h).
 */

struct copies {
	struct wl_event_loop *loop;
	const struct route *route;
	const struct caller *caller; // asks as a program of this node
	struct box_tree *tree;       // of this node's own boxes
	struct work_pool *pool;
	struct wl_list list;         // of copy.c
};

void copies_init(struct copies *copies, struct wl_event_loop *loop, const struct route *route,
	const struct caller *caller, struct box_tree *tree, struct work_pool *pool);
void copies_finish(struct copies *copies);

/*
 * Takes the exchange over. head and subject are copied. local: see route_resolve. casts: of the
 * asker's name space, by which types are checked and converted; NULL: that was done where he asked.
 */
void copy_create(struct copies *copies, struct exchange *exchange, const struct op_head *head,
	const struct subject *subject, bool local, const struct casts *casts);

#endif
