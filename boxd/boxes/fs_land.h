/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_LAND_H
#define BOXES_FS_LAND_H

#include "boxes/fs_theirs.h"
#include "replica/history.h"

/*
 * What a replica does to the disk, by the rules (replica/rules.h). On a thread, the history locked;
 * whatever it does is on the disk when it returns true.
 */

/* The machines, as conflicts are called. */
struct fs_parties {
	char ours[OP_MAX_SUBJECT + 1], theirs[OP_MAX_SUBJECT + 1];
};

/*
 * All that needs no bytes; *bytes: theirs are to be fetched, and landed. false: noted in the job, which
 * is no request's: root and fs are said, and rest becomes theirs.
 */
bool fs_apply(struct fs_job *job, struct history *history, const struct fs_theirs *theirs,
	const struct fs_parties *parties, bool *bytes);
/*
 * Their bytes are in the file temporary of the folder that path is in, and synced. *taken: it has a
 * place, or else it is of no use. false: noted.
 */
bool fs_land(struct fs_job *job, struct history *history, const struct fs_theirs *theirs,
	const struct fs_parties *parties, int dir, const char *temporary, bool *taken);

#endif
