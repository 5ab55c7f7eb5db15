/* SPDX-License-Identifier: MIT */
#ifndef BOXD_CONVERT_H
#define BOXD_CONVERT_H

#include "box/plan.h"
#include "mover.h"
#include "route.h"

/*
 * Moves the bytes of one box into another of another type: through the programs of a chain of casts,
 * each a process on a processor, joined here, the faster held to the slower. What the target had
 * stays until all of them have ended well.
 */

struct convert;

struct convert_plan {
	const struct route *route;
	const struct caller *caller;
	struct work_pool *pool;
	const struct subject *subject; // for whom the programs run, too
	const struct cast *const *chain; // at least one has a program
	int length;
	const char *source, *want;     // want may be NULL
	const char *target;
};

/*
 * Events as a mover's. route, caller, pool and the casts must outlive it; all else is copied. NULL: no
 * memory.
 */
struct convert *convert_create(const struct convert_plan *way, const struct mover_events *events,
	void *data);
/* Breaks it off: what the target had stays. No event follows; NULL is fine. */
void convert_destroy(struct convert *convert);

#endif
