/* SPDX-License-Identifier: MIT */
#ifndef REPLICA_ORIGINS_H
#define REPLICA_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Of which boxes there are replicas in a folder: told along with its history, and along with the
 * histories of those who follow that. So who follows sees what would come back to below where it came
 * from, and on to below that, for ever; it leaves that out.
 */
#define ORIGINS_MAX 64
#define ORIGINS_BYTES_MAX 16384 // of all names together: a peer says them

struct origin {
	char *path;   // of the replica, in the folder: "a/b"; "" is the folder itself
	char *device; // what it is a replica of: KEYHASH/name
};

struct origins {
	struct origin at[ORIGINS_MAX];
	size_t size, bytes;
};

void origins_init(struct origins *origins);
void origins_finish(struct origins *origins);
/* Both are copied; one that is there already is not added. false: no memory, or too many. */
bool origins_add(struct origins *origins, const char *path, const char *device);
/* All of more, each below the path above. false: as origins_add. */
bool origins_add_below(struct origins *origins, const char *above, const struct origins *more);
/*
 * Those of more that say something of the folder at path, as its own: what is below it, and of what is
 * above it the part that is the folder's.
 */
bool origins_add_of(struct origins *origins, const char *path, const struct origins *more);

/*
 * The one that the box at path (below the folder) is of, if that leads back: it would stand, on the
 * machine of this key where the folder is called name, below what it is a replica of. NULL: it does not.
 */
const struct origin *origins_loop(const struct origins *origins, const char *path, const char *key,
	const char *name);
/*
 * Shares all out by that: what is carried, and what leads back and is not. What is below the latter is in
 * neither, for nothing of it is there. false: as origins_add.
 */
bool origins_split(const struct origins *all, const char *key, const char *name,
	struct origins *carried, struct origins *back);

#endif
