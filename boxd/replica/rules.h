/* SPDX-License-Identifier: MIT */
#ifndef REPLICA_RULES_H
#define REPLICA_RULES_H

#include "box/op.h"
#include "replica/vector.h"

/* What a replica does about a box that another machine has, too. Decisions only. */

enum replica_what {
	REPLICA_UNKNOWN, // never heard of
	REPLICA_GONE,    // deleted, and that is remembered
	REPLICA_FILE,
	REPLICA_FOLDER,
};

struct replica_side {
	enum replica_what what;
	struct vector vector;
};

enum replica_deed {
	REPLICA_NOTHING,
	REPLICA_LEARN,   // ours is as it should be: it has in it what is in theirs
	REPLICA_TAKE,    // theirs takes the place of ours, or of nothing
	REPLICA_REMOVE,
	REPLICA_KEEP,    // theirs was deleted, ours was changed meanwhile: it stays, and that is a change
	REPLICA_REVIVE,  // the other way round: take theirs, and that is a change
	REPLICA_COMPARE, // two files, changed on both sides: if their bytes are the same, learn; else both
	REPLICA_BOTH,    // a file and a folder: the folder has the name, the file becomes a conflict
};

enum replica_deed replica_decide(const struct replica_side *ours, const struct replica_side *theirs);
/*
 * Of two files in conflict the longer one keeps the name, on all machines; of two of one length the
 * one that sorts later. What the other one is called: NAME.conflict-NODE; or, when that is taken by
 * other bytes, with something of its own bytes behind it. E2BIG: no box may have so long a name.
 */
enum op_code replica_conflict_name(const char *name, const char *node, const uint64_t *hash,
	char out[static OP_MAX_COMPONENT + 1]);

#endif
