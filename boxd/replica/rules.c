/* SPDX-License-Identifier: MIT */
/*
 * rules.c - what follows from two version vectors.
 *
 * Two machines that meet the same conflict decide alike, so that it is the same boxes on both; and
 * each counts its decision as a change of its own. Without that two ways of merging the same changes
 * could give the same vector to different bytes.
 */
#include "replica/rules.h"

#include <inttypes.h>
#include <stdio.h>

#include "box/name.h"

static enum replica_deed decide_concurrent(enum replica_what ours, enum replica_what theirs) {
	if (theirs == REPLICA_GONE) {
		return ours == REPLICA_GONE ? REPLICA_LEARN : REPLICA_KEEP;
	}
	if (ours == REPLICA_GONE) {
		return REPLICA_REVIVE;
	}
	if (ours != theirs) {
		return REPLICA_BOTH;
	}
	return ours == REPLICA_FOLDER ? REPLICA_LEARN : REPLICA_COMPARE;
}

enum replica_deed replica_decide(const struct replica_side *ours,
		const struct replica_side *theirs) {
	if (theirs->what == REPLICA_UNKNOWN) {
		return REPLICA_NOTHING;
	}
	if (ours->what == REPLICA_UNKNOWN) {
		return theirs->what == REPLICA_GONE ? REPLICA_LEARN : REPLICA_TAKE;
	}
	switch (vector_compare(&ours->vector, &theirs->vector)) {
	case VECTOR_CONCURRENT:
		return decide_concurrent(ours->what, theirs->what);
	case VECTOR_BEFORE:
		if (theirs->what == REPLICA_GONE) {
			return ours->what == REPLICA_GONE ? REPLICA_LEARN : REPLICA_REMOVE;
		}
		return ours->what == REPLICA_FOLDER && theirs->what == REPLICA_FOLDER ? REPLICA_LEARN :
			REPLICA_TAKE;
	default:
		return REPLICA_NOTHING;
	}
}

enum op_code replica_conflict_name(const char *name, const char *node, const uint64_t *hash,
		char out[static OP_MAX_COMPONENT + 1]) {
	int size = hash ? snprintf(out, OP_MAX_COMPONENT + 1, "%s.conflict-%s-%08" PRIx64, name, node,
		*hash & 0xffffffff) : snprintf(out, OP_MAX_COMPONENT + 1, "%s.conflict-%s", name, node);
	return size > OP_MAX_COMPONENT ? OP_E2BIG : name_check_component(out, NULL);
}
