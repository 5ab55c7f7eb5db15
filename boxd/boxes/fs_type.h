/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_TYPE_H
#define BOXES_FS_TYPE_H

#include "base/tree.h"
#include "boxes/fs_place.h"

/*
 * What a file is said to be (chinfo type): an extended attribute of it, user.box.type, so it goes where
 * the file goes. A file that has none is of type file.
 */

/* On a thread. name in the folder dir, or "": dir itself, which may be open with O_PATH. "": none. */
const char *fs_read_type(int dir, const char *name, char out[static OP_MAX_CNSTR + 1]);
/* The same of a file that is open for reading. */
const char *fs_read_type_of(int fd, char out[static OP_MAX_CNSTR + 1]);
/* On a thread: gives the file fd what name in dir has. false: noted. */
bool fs_keep_type(struct fs_job *job, int dir, const char *name);

/* chinfo; box->data is a struct fs_export. */
void fs_chinfo(struct box *box, struct req *req);

#endif
