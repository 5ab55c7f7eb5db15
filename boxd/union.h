/* SPDX-License-Identifier: MIT */
#ifndef BOXD_UNION_H
#define BOXD_UNION_H

#include "net/exchange.h"
#include "net/serve.h"
#include "route.h"

/*
 * /b/TYPE/…: a box of this kind wherever it is, this node's own first, then the paired nodes' by
 * round trip time. All are asked for their kind at once; the first in that order that meets the
 * request's want gets the request. net and rtt are what this node measured.
 */
struct relays;

struct unions {
	const struct route *route;
	struct relays *relays;
	struct box_server *server; // answers what is this node's own
	struct wl_list list;   // of union.c
};

void unions_init(struct unions *unions, const struct route *route, struct relays *relays,
	struct box_server *server);
void unions_finish(struct unions *unions);

/*
 * Takes the exchange over if name is below /b/TYPE; false: it is not. EMATCH, when nothing fits,
 * lists what was seen.
 */
bool union_take(struct unions *unions, struct exchange *exchange, const struct op_head *head,
	const struct subject *subject);

#endif
