/* SPDX-License-Identifier: MIT */
/*
 * fs_change.c - new files, new folders, and the end of them: each is on the disk, with the folder
 * that names it synced, before it is answered.
 */
#include "boxes/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "boxes/fs_both.h"
#include "boxes/fs_rights.h"

struct change {
	struct fs_job job;
	bool makes_folder;
	int dir; // -1: not open
};

static void change_finish(void *data) {
	struct change *change = data;
	if (change->dir >= 0) {
		close(change->dir);
	}
}

/* On a thread. */

static void run_make(void *data) {
	struct change *change = data;
	struct fs_job *job = &change->job;
	bool found = fs_open_parent(job, &change->dir);
	if (!found && job->error == ENOTDIR) { // an inner box of a file
		job->error = 0;
		found = fs_grow_parent(job) && fs_open_parent(job, &change->dir);
	}
	if (!found) {
		return;
	}
	const char *name = fs_last_name(job);
	fs_lock();
	if (change->makes_folder) {
		job->error = mkdirat(change->dir, name, 0777) < 0 ? errno : 0;
		job->fd = job->error ? -1 : openat(change->dir, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	} else {
		job->fd = openat(change->dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		job->error = job->fd < 0 ? errno : 0;
	}
	fs_unlock();
	if (job->fd >= 0 && fs_set_maker(job, job->fd) && fsync(job->fd) < 0) {
		job->error = errno;
	}
	if (!job->error && (fsync(change->dir) < 0 ||
			fstatat(change->dir, name, &job->st, AT_SYMLINK_NOFOLLOW) < 0)) {
		job->error = errno;
	}
}

// A folder in which only what an earlier life of boxd left behind is empty for all who look at it; and
// bytes of its own go with it.
static bool remove_folder(struct change *change) {
	const char *name = fs_last_name(&change->job);
	if (unlinkat(change->dir, name, AT_REMOVEDIR) == 0) {
		return true;
	}
	int error = errno;
	int inner = error == ENOTEMPTY || error == EEXIST ?
		openat(change->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (inner >= 0) {
		fs_sweep(&change->job, inner, 0);
		bool only_bytes = fs_has_only_bytes(inner);
		close(inner);
		if (only_bytes) {
			return fs_remove_both(&change->job, change->dir);
		}
		error = unlinkat(change->dir, name, AT_REMOVEDIR) < 0 ? errno : 0;
	}
	return error == 0 || fs_job_fail(&change->job, error);
}

static void run_delete(void *data) {
	struct change *change = data;
	struct fs_job *job = &change->job;
	struct stat there;
	bool is_there;
	if (!fs_open_parent(job, &change->dir)) {
		return;
	}
	fs_lock();
	if (!fs_look(job, change->dir, &there, &is_there)) {
	} else if (is_there && S_ISDIR(there.st_mode)) {
		remove_folder(change);
	} else if (unlinkat(change->dir, fs_last_name(job), 0) < 0) {
		fs_job_fail(job, errno);
	}
	fs_unlock();
	if (!job->error && fsync(change->dir) < 0) {
		fs_job_fail(job, errno);
	}
}

/* In the loop. */

static void change_done(void *data, bool cancelled) {
	struct change *change = data;
	if (!fs_job_is_back(change)) {
		return;
	}
	struct req *req = change->job.req;
	if (req->head->verb == OP_MAKE) {
		fs_describe(req_reply(req), &change->job.st, NULL);
		op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	}
	fs_job_destroy(change);
	req_ok(req);
}

static void begin(struct box *box, struct req *req, bool folder, void (*run)(void *)) {
	static const struct req_events events = {.gone = fs_job_gone};
	if (fs_refuse_root(req)) {
		return;
	}
	struct change *change = fs_job_create(sizeof(*change), box, req, &events, change_finish);
	if (change) {
		change->dir = -1;
		change->makes_folder = folder;
		fs_job_run(change, run, change_done);
	}
}

void fs_make(struct box *box, struct req *req) {
	const char *type = op_get(req->head, OP_F_TYPE);
	bool folder = type && cnstr_text_meets(type, "dir");
	if (type && !folder && !cnstr_text_meets(type, "file")) {
		req_fail(req, OP_ETYPE, "here are files and folders: type file (unless told) or dir");
		return;
	}
	begin(box, req, folder, run_make);
}

void fs_delete(struct box *box, struct req *req) {
	begin(box, req, false, run_delete);
}
