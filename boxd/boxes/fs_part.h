/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_PART_H
#define BOXES_FS_PART_H

#include "boxes/fs_job.h"

/*
 * What came of a putmem with a part before it broke off: files in the hidden folder .box-parts of a
 * store, by person, name and part. They are kept for a day, in this life of the machine only (what
 * was not synced would not outlive it), and some of each person.
 */

struct fs_part {
	char *person, *text; // NULL: the request has no part
	int dir;             // of the parts; -1: not open
	char file[96];       // its name there
};

/* In the loop. false: no memory. */
bool fs_part_init(struct fs_part *part, const struct req *req);
void fs_part_finish(struct fs_part *part);

/* On a thread: how many bytes are kept of it; 0: none. */
uint64_t fs_part_kept(const struct fs_job *job, struct fs_part *part);
/*
 * Opens it to go on from offset, or with offset 0 anew, and holds it against others. beside: a folder of
 * the file system that it will go to. -1: noted in the job; or, with nothing noted, that file system is
 * another, or too many of the person's are written now: then nothing can be kept.
 */
int fs_part_open(struct fs_job *job, struct fs_part *part, int beside, uint64_t offset);
/* Takes away what is too old, of all persons. */
void fs_parts_sweep(const char *root);

#endif
