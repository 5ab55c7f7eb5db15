/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_TREE_H
#define BOXES_FS_TREE_H

#include "base/tree.h"
#include "boxes/fs_rights.h"

/*
 * A folder on its way: a thread packs or unpacks it at one end of a pipe, the loop is at the other.
 * Closing the loop's end early ends the thread.
 */
struct fs_tree {
	struct fs_job job;
	struct wl_list link; // fs.moving
	char person[OP_MAX_SUBJECT + 1]; // for whom
	int loop_end;        // -1: closed
	int thread_end;      // the thread's to close
	struct wl_event_source *source; // of loop_end; NULL: not waited for
	struct tree_trouble trouble;
	// the thread's: the rights of the folder it was in last
	bool has_folder;
	dev_t dev;
	ino_t ino;
	struct perm_path rights;
};

/*
 * A tree for a request, of size bytes, with its pipe; reads: the loop reads. NULL: refused; also
 * when its person has too many under way.
 */
void *fs_tree_create(size_t size, struct box *box, struct req *req, bool reads,
	const struct req_events *events, void (*finish)(void *tree));
/* For req_events.gone. */
void fs_tree_gone(struct req *req);
/* For finish, and at the end of the stream: the loop's end. */
void fs_tree_close(struct fs_tree *tree);
/* On a thread: the rights in a folder that is open. false: it is not there any more. */
bool fs_tree_rights(struct fs_tree *tree, int dir, struct perm_path *rights);
/* On a thread: closes the thread's end. */
void fs_tree_close_thread(struct fs_tree *tree);
/* On a thread: what tree_pack or tree_unpack said becomes the job's refusal. Returns false. */
bool fs_tree_failed(struct fs_tree *tree);

#endif
