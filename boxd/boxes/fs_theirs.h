/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_THEIRS_H
#define BOXES_FS_THEIRS_H

#include "boxes/fs_place.h"
#include "replica/rules.h"

/* A box as another machine has it. */
struct fs_theirs {
	struct wl_list link;
	char *below;   // its name there, below the device; "/" is the device itself
	char *path;    // its place in our storage
	enum replica_what what;
	char *vector, *type, *version;
	size_t bytes;  // of memory, about
};

/* Of one entry of a history that begins at path of our storage. NULL: why says what is wrong. */
struct fs_theirs *fs_theirs_create(const struct op_head *entry, const char *path,
	struct op_refusal *why);
struct fs_theirs *fs_theirs_copy(const struct fs_theirs *theirs);
void fs_theirs_destroy(struct fs_theirs *theirs);

#endif
