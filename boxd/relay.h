/* SPDX-License-Identifier: MIT */
#ifndef BOXD_RELAY_H
#define BOXD_RELAY_H

#include "net/exchange.h"
#include "route.h"

/*
 * One exchange that is answered elsewhere: taken over here, asked there, both halves passed on with
 * back-pressure, payloads unseen. Repeats by itself only what may be repeated: kind, selectors, and
 * a getmem of which nothing was delivered.
 */
struct relays {
	const struct route *route;
	/* Optional: a link was made on the node of that key; head is the request as it went there. */
	void (*linked)(void *data, const char *key, const struct op_head *head, const char *name);
	void *data;
	struct wl_list list; // of relay.c
	int parted;          // of them: the asker is gone, what he said last is on its way
};

void relays_init(struct relays *relays, const struct route *route);
/* Breaks all off. */
void relays_finish(struct relays *relays);

/*
 * Takes the exchange over. head has been rewritten for the way (route_rewrite); both are copied.
 */
void relay_create(struct relays *relays, struct exchange *from, const struct way *way,
	const struct op_head *head, const struct subject *subject);
/*
 * The same to the first of several mounted servers that does not refuse with EUNSUPP or EPERM. With a
 * body it goes to the first and no other: the body is sent only once.
 */
void relay_create_in_turn(struct relays *relays, struct exchange *from, const char *const *sockets,
	int count, const struct op_head *head, const struct subject *subject);

/*
 * Groups are others: name sets those of a subject anew. What mounted servers do for who is in one of his
 * no more is broken off: if he may go on, he asks again.
 */
void relays_regroup(struct relays *relays, void (*name)(void *data, struct subject *subject), void *data);

/* Answers an exchange with a refusal and lets it go. */
void relay_refuse(struct exchange *exchange, const struct op_refusal *why);

/* What an exchange about this box is worth on the wire; by the kind of box it names. */
enum stream_class relay_class(const char *name);

#endif
