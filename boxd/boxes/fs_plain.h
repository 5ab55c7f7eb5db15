/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_PLAIN_H
#define BOXES_FS_PLAIN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

/*
 * Files and folders that were seen to have no attribute of ours: neither owner, list nor type. To ask a disk
 * for attributes may take long, and most have none; stat says without a wait whether it is as it was seen.
 */

/* When it is now, by the clock that the kernel stamps changes with. */
void fs_plain_moment(struct timespec *moment);
/*
 * On a thread: none was there, asked for after moment, and that was after st was. by_kernel: st's times
 * are of this machine's kernel, not of another's clock. What changed just before may not be believed yet.
 */
void fs_plain_note(const struct stat *st, const struct timespec *moment, bool by_kernel);
/* Whether that is known of what is so now; false may mean that it is not known. Never waits. */
bool fs_plain_is(const struct stat *st);

#endif
