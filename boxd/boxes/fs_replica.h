/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_REPLICA_H
#define BOXES_FS_REPLICA_H

#include <time.h>

#include "base/buf.h"
#include "boxes/fs_land.h"
#include "boxes/fs_link.h"

/* Between fs_replica.c, fs_hear.c and fs_fetching.c, and nobody else's. */

struct replica {
	struct wl_list link; // fs.replicas
	struct fs *fs;
	struct box *box;     // the store
	char *rest;
	struct link *by;     // NULL: not made yet
	struct fs_parties parties;
	struct buf in;         // of the history, not a whole entry yet
	bool skips;            // until the end of an entry that is too long
	struct origins hearing; // what is below the device is a replica of what: said since the last end
	struct origins origins; // the same of all that is carried, as it was said last
	struct origins back;    // of what is not, as it leads back
	bool anew;              // the device has not said all since the link is up
	time_t said_s;          // the second of CLOCK_MONOTONIC in which it last said what it is a replica of
	int said;               // how often in that second
	struct wl_list heard;  // fs_theirs.link, of which more may follow
	struct wl_list ready;  // whole, to be looked at
	struct wl_list todo;   // whose bytes are to be fetched
	struct wl_list again;  // what failed
	struct wl_list fetches; // fetching.link
	struct pass *pass;     // the one that runs
	size_t behind, bytes;  // of all these
	size_t left_out;       // entries since the link is up
	struct op_refusal left; // why the first was
	struct op_refusal left_back; // what is left out because it leads back; OP_OK: nothing
	bool whole, synced;    // a history was heard to its end; and looked at
	bool unsaved;
	struct op_refusal trouble; // of the last that failed
	struct wl_event_source *timer;
	bool waits;            // timer is armed
	int again_ms;          // for how long, the next time
};

/* fs_replica.c */

/* theirs is done with: freed, and no longer behind. */
void replica_drop(struct replica *replica, struct fs_theirs *theirs);
void replica_trouble(struct replica *replica, const struct op_refusal *why, const char *path);
/* Does what is to be done next, if nothing is under way. */
void replica_go_on(struct replica *replica);

/* fs_hear.c */

/* For link_user.data. */
void replica_hear(struct link *link, const void *bytes, size_t size);

/* fs_fetching.c */

/* Takes theirs out of its list until its bytes have landed, or failed to. false: no memory. */
bool fetching_begin(struct replica *replica, struct fs_theirs *theirs);
/* Breaks all off; what was to be fetched is forgotten. */
void fetchings_drop(struct replica *replica);

#endif
