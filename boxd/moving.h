/* SPDX-License-Identifier: MIT */
#ifndef BOXD_MOVING_H
#define BOXD_MOVING_H

#include "mover.h"

/* What all that move bytes from a source to a target keep and tell alike: mover.c, convert.c. */

#define MOVING_QUEUE_MAX (512 * 1024) // bytes held for a slower one before the faster is paused

struct moving {
	const struct mover_events *events;
	void *data;
	uint64_t done, size; // size 0: not known
	int64_t told_ms;
};

/* The source answered ok. false: why, it is nothing to be copied. */
bool moving_begin(struct moving *moving, const struct op_head *reply, struct op_refusal *why);
/* Tells how far it is, now and then; the last time always. */
void moving_tell(struct moving *moving, bool last);
/*
 * The target's call is over, all having been sent or not. Returns how the whole ended: why, or early,
 * filled, if the target took no more.
 */
const struct op_refusal *moving_end(struct moving *moving, bool all_sent,
	const struct op_refusal *why, struct op_refusal *early);

#endif
