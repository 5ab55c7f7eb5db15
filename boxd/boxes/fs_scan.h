/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_SCAN_H
#define BOXES_FS_SCAN_H

#include "boxes/fs_place.h"
#include "replica/history.h"

/*
 * What a history says and what the disk has, brought together. On a thread, the history locked. What
 * differs was changed here, by whomever: the change is counted, so whoever follows hears of it.
 *
 * A file's vector also stands in an extended attribute of it, user.box.vector, with the name, time and
 * size that it is true of: so a file that a replica has taken is known for what it is after a crash.
 */

/* path and all that is below it. false: noted, and nothing is taken for deleted. */
bool fs_scan_all(struct fs_job *job, struct history *history, const char *path);
/* One name in an open folder; *record: NULL if it is not there and never was. false: noted. */
bool fs_scan_at(struct fs_job *job, struct history *history, int dir, const char *name,
	const char *path, struct record **record);
/* A file of that name is so now, and that is no change. false: noted. */
bool fs_scan_known(struct fs_job *job, struct history *history, int dir, const char *name,
	struct record *record);

/*
 * name in dir, or "": dir itself, which may be open with O_PATH; path: its name below the storage.
 * false: it has none that is true now.
 */
bool fs_vector_read(int dir, const char *name, const char *path, const struct stat *st,
	struct vector *vector);
/* As well as the file system can. */
void fs_vector_write(int dir, const char *name, const char *path, const struct vector *vector);

#endif
