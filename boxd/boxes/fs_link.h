/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_LINK_H
#define BOXES_FS_LINK_H

#include "boxes/fs.h"

/*
 * Links of storages: a box of a store, with all below it, becomes a replica of a device. fs_link.c
 * makes the links and keeps them on disk; fs_replica.c follows a device, fs_feed.c is what it follows.
 *
 * A link's box is called .box-link-N, as no box on disk is. It is a real box, inside the storage's own;
 * its name is below the box that is the replica.
 */
#define FS_LINK FS_HIDDEN "link-"

struct replica;

/* Handlers. */
void fs_link(struct box *box, struct req *req);
void fs_feed_get(struct box *box, struct req *req);

/*
 * The link that a request's name is that of, to be served in place of box; NULL: none. *folder, if asked
 * for, is what it is a link of, below the store.
 */
struct box *fs_link_named(struct box *box, const char *rest, const char **folder);
/* Calls each for the links of path, and of what is so many levels below; name: "/a/.box-link-0". */
void fs_link_each(struct box *box, const char *path, uint64_t depth,
	void (*each)(void *data, const char *name, struct box *link), void *data);

/* Those that were kept. */
void fs_links_restore(struct fs *fs);
/* They have changed, and are to be kept so. */
void fs_links_save(struct fs *fs);

/* fs_origins.c */

/* In the loop: a link of this store is made, has ended, or its device says anew what is below it. */
void fs_origins_changed(struct box *box);
/* On a thread: what is told of the folder at path along with its history. */
void fs_origins_of(struct fs_export *export, const char *path, struct origins *out);

/* fs_replica.c */

/* What link.data is. NULL: no memory. */
struct replica *replica_create(struct box *box, const char *rest);
void replica_destroy(struct replica *replica);
const char *replica_rest(const struct replica *replica);
extern const struct link_user replica_user;
/* The link is made. */
void replica_begin(struct replica *replica, struct link *link);
struct link *replica_link(const struct replica *replica);
/* What the device says of itself, below its own folder. */
struct origins *replica_origins(struct replica *replica);
struct replica *replica_next(struct fs *fs, struct replica *before); // before NULL: the first

#endif
