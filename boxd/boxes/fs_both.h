/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_BOTH_H
#define BOXES_FS_BOTH_H

#include "boxes/fs_place.h"

/* Boxes with bytes and inner boxes both: a folder with a hidden file. On a thread. */

/* What moves with a folder: boxes, and its own bytes. */
bool fs_is_stored(const char *name);
/* Whether the folder has bytes of its own; then bytes is their file's. */
bool fs_has_bytes(int folder, struct stat *bytes);
/*
 * If the job's name, in the folder dir, is such a folder, makes the file of its bytes the job's name
 * and the folder dir. false: noted.
 */
bool fs_enter_bytes(struct fs_job *job, int *dir);
/* The file that the job's name is below becomes such a folder. false: noted; ENOTDIR, it is none. */
bool fs_grow_parent(struct fs_job *job);
/* Whether there is nothing else in the folder. */
bool fs_has_only_bytes(int folder);
/* Takes such a folder away, with the names locked. false: noted. */
bool fs_remove_both(struct fs_job *job, int dir);

#endif
