/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_PLACE_H
#define BOXES_FS_PLACE_H

#include <sys/stat.h>

#include "boxes/fs_job.h"

/* Names of /fs on disk, on a thread; and what is there, as a box. */

/* In the loop: a change of the export itself is refused; true: it was. */
bool fs_refuse_root(struct req *req);

#define FS_HIDDEN ".box-"         // begins the names of what is Boxland's own: no boxes
#define FS_BYTES ".box-bytes"     // of a folder that has bytes too
#define FS_TEMPORARY ".box-put-"  // of what is not whole
#define FS_TEMPORARY_SIZE (sizeof(FS_TEMPORARY) + 8 + 1 + 16)

/* A name on disk that is a box: a component, and not Boxland's own. */
bool fs_is_box(const char *name);
/* Opens rest ("": root itself) beneath root, through no link: as fs_look.c found it. -1 and errno. */
int fs_open_beneath(const char *root, const char *rest, int flags);
/* Follows links, none of which leads out of root. */
int fs_follow_beneath(const char *root, const char *rest, int flags);
/*
 * In the loop, of an export on this machine's disk or in its memory: the root as O_PATH, and what is in a
 * folder, through no link, if the kernel has all that leads there at hand. -1 and errno: it may be there
 * all the same.
 */
int fs_open_root_at_hand(const char *root);
int fs_open_at_hand(int dir, const char *name, int flags);
/* What a root is on, and what is open is. */
enum fs_medium fs_medium_of(const char *root);
enum fs_medium fs_medium_at(int fd);
/* The folder that the job's name is in, as *dir, to be closed. false: noted in the job. */
bool fs_open_parent(struct fs_job *job, int *dir);
/* The last component of the job's name. */
const char *fs_last_name(const struct fs_job *job);
/* A new name for what is not whole, which says in which life of boxd it was made. */
void fs_name_temporary(struct fs_job *job, char out[static FS_TEMPORARY_SIZE]);
/*
 * Takes away what an earlier life of boxd left in a folder, if nothing has come to it for so many
 * seconds: another boxd may store in the same folder.
 */
void fs_sweep(struct fs_job *job, int dir, int64_t older_s);

/*
 * Between looking at what is there and changing it: only one thread changes names at a time. What is
 * there: in the version that the request expects, else noted in the job, and false.
 */
void fs_lock(void);
void fs_unlock(void);
bool fs_look(struct fs_job *job, int dir, struct stat *there, bool *is_there);

/* "dir", "file" or "device". */
const char *fs_type_of(const struct stat *st);
/* The version alone, as text; returns out. */
const char *fs_version(const struct stat *st, char out[static 64]);
/* Type, version and size; type NULL: fs_type_of. */
void fs_describe(struct op_head *head, const struct stat *st, const char *type);

#endif
