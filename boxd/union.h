/* SPDX-License-Identifier: MIT */
#ifndef BOXD_UNION_H
#define BOXD_UNION_H

#include "mounts.h"
#include "net/exchange.h"
#include "relay.h"
#include "route.h"

/*
 * Several servers mounted with one prefix are a union, in order of mounting: a request goes to the
 * first that has a box of that name (and, where there is a want, one that meets it); a make to the
 * first that allows it; selectors list the boxes of all, and where two have a name, the first's. It
 * stays with its server to its end, whatever comes or goes meanwhile.
 *
 * To find out costs one round trip on this machine. A server that does not say in time whether it has
 * the box is passed over, and from then on hardly waited for until it answers again.
 */

struct unions {
	const struct route *route;
	struct relays *relays;
	struct mounts *mounts;
	struct wl_list list; // of union.c
};

void unions_init(struct unions *unions, const struct route *route, struct relays *relays,
	struct mounts *mounts);
/* Breaks all off. */
void unions_finish(struct unions *unions);

/*
 * Whether more than one server answers for the name of a request, or may before it is over: who waits
 * for a change of a list hears of a server that comes, too.
 */
bool union_is(const struct unions *unions, const struct op_head *head);
/* Takes the exchange over. head has been rewritten for a mounted server (route_rewrite); copied. */
void union_create(struct unions *unions, struct exchange *exchange, const struct op_head *head,
	const struct subject *subject);

#endif
