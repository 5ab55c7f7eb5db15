/* SPDX-License-Identifier: MIT */
#ifndef BOXD_MOVER_H
#define BOXD_MOVER_H

#include "net/call.h"

/*
 * Moves the bytes of one box into another: a getmem and a putmem, joined here, the faster held to
 * the slower. Knows names and a way to ask, no node.
 */

struct mover;

struct mover_events {
	/* Both boxes have been found, and it goes on from there; before any progress. */
	void (*moving)(void *data, uint64_t from);
	/* At most every 200 ms, and at the end. size 0: not known. */
	void (*progress)(void *data, uint64_t done, uint64_t size);
	/* Over: once, last; the mover is freed before it. trailer, of who refused, may be NULL. */
	void (*moved)(void *data, const struct op_refusal *why, const struct op_head *trailer);
};

/*
 * caller must outlive it; all else is copied. type: what the target is told that the bytes are; NULL:
 * what the source says. NULL: no memory. No event comes from inside.
 */
struct mover *mover_create(struct wl_event_loop *loop, const struct caller *caller,
	const struct subject *subject, const char *source, const char *want, const char *type,
	const char *target, const struct mover_events *events, void *data);
/* Breaks it off: what the target had stays. No event follows; NULL is fine. */
void mover_destroy(struct mover *mover);

#endif
