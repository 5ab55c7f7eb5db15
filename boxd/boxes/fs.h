/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_H
#define BOXES_FS_H

#include <sys/stat.h>

#include "boxes/env.h"

/* What fs.c (folders that are read) and fs_put.c (those that are written too) share. */

struct fs_export {
	struct box_env *env;
	char *path;
};

#define FS_TEMPORARY ".box-put-" // begins the names of files that are not whole: no boxes

/*
 * On a thread: opens rest ("": root itself) beneath root, which no link leads out of. -1 and errno.
 */
int fs_open_beneath(const char *root, const char *rest, int flags);
/* Type, version and size. */
void fs_describe(struct op_head *head, const struct stat *st);
/* The version alone, as text; returns out. */
const char *fs_version(const struct stat *st, char out[static 64]);
/* Refuses for what the kernel said. */
void fs_refuse(struct req *req, int error);

/* Handlers of a folder that is written too; box->data is a struct fs_export. */
void fs_putmem(struct box *box, struct req *req);
void fs_make(struct box *box, struct req *req);
void fs_delete(struct box *box, struct req *req);

#endif
