/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_H
#define BOXES_FS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "boxes/env.h"
#include "boxes/fs_at_hand.h"
#include "replica/origins.h"

/*
 * /fs/NAME: folders of the disk as boxes. fs.c makes them; fs_read.c and fs_list.c answer (small
 * files: fs_at_hand.c), fs_put.c takes bytes, fs_change.c makes and deletes, fs_tree.c moves folders
 * whole, fs_link.c replicates. What they share is in fs_job.h (a request on its way through the pool)
 * and fs_place.h (names on disk).
 */

struct fs { // of all of them
	struct box_env *env;
	struct work_pool *trees; // threads that wait for peers; NULL until the first tree
	struct wl_list moving;   // fs_tree.link
	int waiting;             // jobs, for a change
	struct wl_list replicas; // of fs_replica.c
	_Atomic unsigned int rights; // counts changes of lists and owners of files, for who tells of boxes
};

/* What may be waited for when a file of an export is opened, though all that leads to it is at hand. */
enum fs_medium {
	FS_MEDIUM_UNKNOWN, // until something of it has been read
	FS_MEDIUM_MEMORY,  // nothing
	FS_MEDIUM_DISK,    // nothing, and reading says whether the bytes are at hand
	FS_MEDIUM_OTHER,   // another machine, or a program
};

/* Whether the loop may look: it is said, without a wait, if it would have to. */
static inline bool fs_is_at_hand(enum fs_medium medium) {
	return medium == FS_MEDIUM_MEMORY || medium == FS_MEDIUM_DISK;
}

struct fs_export {
	struct fs *fs;
	char *path;
	enum fs_medium medium;
	struct fs_at_hand at_hand;
	struct history *history; // of what is replicated; NULL: it is only read
	pthread_mutex_t mutex;   // of the next
	struct origins origins;  // what in it is a replica of what: fs_origins.c
};

/* The threads for trees; NULL: none can be had. */
struct work_pool *fs_tree_pool(struct fs *fs);

/* Handlers; box->data is a struct fs_export. */
void fs_kind(struct box *box, struct req *req);
void fs_selectors(struct box *box, struct req *req);
void fs_getmem(struct box *box, struct req *req);
void fs_putmem(struct box *box, struct req *req);
void fs_make(struct box *box, struct req *req);
void fs_delete(struct box *box, struct req *req);

/* A getmem of a folder, open as fd, which is taken over: as a tar stream (fs_tree.c). */
void fs_tree_get(struct box *box, struct req *req, int fd);
/* A putmem of type tar (fs_tree_put.c). */
void fs_tree_put(struct box *box, struct req *req);

#endif
