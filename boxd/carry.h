/* SPDX-License-Identifier: MIT */
#ifndef BOXD_CARRY_H
#define BOXD_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/work.h"
#include "box/op.h"

/*
 * A program of this node, read so that it can be carried to a processor of another (convert.h). It is
 * read on the pool, a piece at a time, as it is asked for. Whom it may be read for is its user's to know.
 */
struct carry;

struct carry_events { // from the loop; the carry may be destroyed in them
	/* It is there, and may be carried. */
	void (*opened)(void *data, uint64_t size);
	void (*piece)(void *data, const void *bytes, size_t size);
	/* No such program here, or it was changed meanwhile. Nothing follows. */
	void (*failed)(void *data, const struct op_refusal *why);
};

/*
 * prog: a path, or a word that is looked up as for any program here. opened or failed follows. NULL: no
 * memory.
 */
struct carry *carry_create(struct work_pool *pool, const char *prog, const struct carry_events *events,
	void *data);
/* No event follows. NULL is fine. */
void carry_destroy(struct carry *carry);
/*
 * After opened: the piece from offset on follows, and no other that was asked for. false: no memory, and
 * none follows.
 */
bool carry_read(struct carry *carry, uint64_t offset);

#endif
