/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_COPYING_H
#define CLIENTS_COPYING_H

#include "box.h"
#include "elsewhere.h"

/*
 * A copy from box to box, which boxd does: said how far it is, and asked again when the line was away
 * for a while. For box cp.
 */
struct copy_wish {
	const char *source, *target; // boxes
	const char *type, *spec;     // may be NULL
};

/*
 * true: done, or refused for good; then *status is the exit status, and why was said, unless the
 * target is lost. false: nobody serves copies between these.
 */
bool copy_boxes(struct asker *asker, const struct copy_wish *wish, struct lost *lost, int *status);

/*
 * A line broke that was there: waits some time for it. since_ms, 0 before the first time, is when that
 * was; the break is said once. true: ask again. false: it was another failure, or is away for too long.
 */
bool copying_wait_for_line(struct asker *asker, int64_t *since_ms, const struct op_refusal *why);
bool copying_wait(struct asker *asker, int ms); // false: no memory

#endif
