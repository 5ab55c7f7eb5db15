/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_PUT_H
#define BOXES_FS_PUT_H

#include "boxes/fs_job.h"

/* What is done with bytes that were put, when all have come and are synced, in place of a rename. */
struct fs_landing {
	/*
	 * On a thread: they are in the file temporary of the folder dir. *taken: that name is not to be
	 * taken away. false: noted in the job.
	 */
	bool (*land)(struct fs_landing *landing, struct fs_job *job, int dir, const char *temporary,
		bool *taken);
	/* On whichever side it ends. */
	void (*destroy)(struct fs_landing *landing);
};

/* A putmem whose bytes land; landing is taken over, at once if it is refused. */
void fs_put_landing(struct box *box, struct req *req, struct fs_landing *landing);

#endif
