/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_PLAIN_H
#define BOXES_FS_PLAIN_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Files and folders that were seen to have no attribute of ours: neither owner, list nor type. To ask a disk
 * for attributes may take long, and most have none; stat says without a wait whether it is as it was seen.
 */

/* On a thread: none was there, asked for after st was. */
void fs_plain_note(const struct stat *st);
/* Whether that is known of what is so now; false may mean that it is not known. Never waits. */
bool fs_plain_is(const struct stat *st);

#endif
