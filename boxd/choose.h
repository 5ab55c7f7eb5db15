/* SPDX-License-Identifier: MIT */
#ifndef BOXD_CHOOSE_H
#define BOXD_CHOOSE_H

#include "box/ns.h"
#include "kinds.h"
#include "net/exchange.h"
#include "route.h"

/*
 * Which box is meant. A request of this node's own programs has names of a name space; before it
 * goes anywhere each becomes the name of one box. Where a name may mean several, all are asked for
 * their kind at once; the first in search order that is there, meets what is wanted and, for a make,
 * allows it, is meant. On any node is: this one, then the paired ones by round trip time; net and
 * rtt of their constraints are what this node measured.
 */

struct chooser {
	const struct route *route;
	const struct caller *caller; // asks as a program of this node, names meaning themselves
	struct kinds kinds; // what nodes have said of their boxes, for as long as it may be kept
	const struct follow *follow; // what nodes advertise: who does not have a box is not asked; may be NULL
	/* Goes on with a request whose names are chosen; takes the exchange over. */
	void (*chosen)(void *data, struct exchange *exchange, struct op_head *head,
		const struct subject *subject);
	void *data;
	struct wl_list list; // of choose.c
};

void chooser_init(struct chooser *chooser, const struct route *route, const struct caller *caller);
void chooser_finish(struct chooser *chooser);

/*
 * true: the exchange was taken over, chosen follows or a refusal: EMATCH lists what was seen. false:
 * each name means one box, and stands in head now.
 */
bool choose(struct chooser *chooser, const struct ns *ns, struct exchange *exchange,
	struct op_head *head, const struct subject *subject);

#endif
