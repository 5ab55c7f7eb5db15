/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_AT_HAND_H
#define BOXES_FS_AT_HAND_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * A getmem of a small file that the kernel has at hand, in the loop. What is not at hand, and whatever
 * would be refused, is a thread's to look at and to say.
 */

struct fs_export;
struct req;
struct req_found;
struct wl_event_source;

#define FS_SEEN 64 // names

struct fs_at_hand {
	int top, fd;         // the export, and what was looked at for the request; -1: not open
	bool is_readable;    // else fd is open with O_PATH
	struct stat st;      // fd's; it has no attributes of ours
	struct wl_event_source *idle; // closes them: the request was answered. NULL: it is being served
	char *seen[FS_SEEN]; // names below the export that were files when they were read; NULL: none
};

void fs_at_hand_init(struct fs_at_hand *at_hand);
void fs_at_hand_finish(struct fs_at_hand *at_hand);
/*
 * What the request's name leads to, for box_found; the same as a thread would find. NULL: that takes a
 * thread. What was found stays open until fs_leave_at_hand.
 */
struct req_found *fs_look_at_hand(struct fs_export *export, const struct req *req);
/*
 * In the same call as fs_look_at_hand. Answers with the bytes of what was just looked at. false: that takes
 * a thread; nothing was answered.
 */
bool fs_get_at_hand(struct fs_export *export, struct req *req);
void fs_leave_at_hand(struct fs_export *export);

#endif
