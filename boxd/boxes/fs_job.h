/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_JOB_H
#define BOXES_FS_JOB_H

#include <sys/stat.h>

#include "boxes/fs.h"

/*
 * A request of /fs on its way through the worker pool. It runs on a thread or waits in the loop,
 * never both, so its fields need no lock. The caller may go at any time: then req is NULL, and the
 * job is destroyed when it comes back.
 */
struct fs_asker { // and what he may do with the export: copied, for threads
	struct subject subject;
	struct acl acl; // the export's
	char owner[OP_MAX_SUBJECT + 1]; // likewise
	char given;     // the letter that he got leave for
	bool makes;     // what is made there for him becomes his
};

struct fs_job {
	struct fs *fs;
	struct req *req;
	bool running;
	struct fs_asker asker;
	char *root, *rest; // the export's folder, and the name below it
	bool stored;       // the last name may be Boxland's own for a folder's bytes
	char *if_version;  // that the caller expects; NULL: any
	int fd;            // -1: not open; closed with the job
	struct stat st;    // what it is about
	// what failed
	int error;             // errno; 0: nothing
	struct op_refusal why; // or in words of our own; OP_OK: nothing
	void (*finish)(void *job); // what the job's owner holds in it; may be NULL
	// while it waits for a change
	struct wl_event_source *timer; // NULL: it does not
};

/*
 * A job of size bytes, zeroed, whose first member is a struct fs_job. finish is called before it is
 * freed, on whichever side it ends. NULL: refused. The request's data is the job.
 */
void *fs_job_create(size_t size, struct box *box, struct req *req,
	const struct req_events *events, void (*finish)(void *job));
void fs_job_destroy(void *job);

/* Whether the name is of what is Boxland's own, and so nobody's box. */
bool fs_is_hidden(const struct req *req);

/* Who asks for something to be done in a store. */
void fs_asker_init(struct fs_asker *asker, const struct box *box, const struct subject *subject);
/* Whether both are the same to every list of rights. */
bool fs_asker_equal(const struct fs_asker *a, const struct fs_asker *b);
/* For req_events.gone. */
void fs_job_gone(struct req *req);
/* Runs on a thread of the pool; done comes back in the loop. No memory is refused. */
void fs_job_run(void *job, void (*run)(void *job), void (*done)(void *job, bool cancelled));
void fs_job_run_in(void *job, struct work_pool *pool, void (*run)(void *job),
	void (*done)(void *job, bool cancelled));
/*
 * Its request is served anew half a second later, for who waits for a change. Too many that wait are
 * refused.
 */
void fs_job_run_later(void *job);
/*
 * First thing in done. false: the job is gone, because its caller is, or because it failed and that
 * was answered.
 */
bool fs_job_is_back(void *job);
/* Answers what failed; the job is destroyed. */
void fs_job_refuse(void *job);

/* On a thread: notes what failed, and returns false. */
bool fs_job_fail(void *job, int error);

#endif
