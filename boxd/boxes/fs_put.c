/* SPDX-License-Identifier: MIT */
/*
 * fs_put.c - bytes into files of a folder that is written too: whole files, and parts of them.
 *
 * A file that is put as a whole is written beside its place, synced, renamed, and the folder synced,
 * before the answer: what was acknowledged outlives a crash, and nobody sees half of it. With offset
 * it is written in place; with part, what came before a break is kept (fs_part.c), and offset goes on
 * from there. What is in a file of this machine is copied by the kernel. All of it is done on the worker
 * pool.
 */
#include "boxes/fs_put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boxes/fs_both.h"
#include "boxes/fs_part.h"
#include "boxes/fs_rights.h"
#include "boxes/fs_type.h"

#define PIECE (256 * 1024)       // bytes written at once
#define LARGE (1024 * 1024)      // from here on a file waits until there is a piece to write
#define QUEUE_MAX (1024 * 1024)  // bytes held for a slow disk before the caller is paused

struct put {
	struct fs_job job;
	bool in_place, opened, ended;
	uint64_t offset; // of the next byte
	uint64_t taken;  // bytes, by the thread
	struct buf in;   // came, not taken by the thread
	struct buf out;  // the thread's
	int from;        // a file with some of the bytes; -1: none
	uint64_t from_offset, from_left; // of it, to be copied
	int dir;         // -1: not open
	struct fs_landing *landing; // NULL: the bytes have their place at once
	struct fs_part part;
	bool is_part;    // the file is one meanwhile
	char temporary[FS_TEMPORARY_SIZE]; // else its name; "" it has none yet
};

static void put_finish(void *data) {
	struct put *put = data;
	const struct fs_job *job = &put->job;
	if (put->temporary[0]) {
		unlinkat(put->dir, put->temporary, 0);
	}
	if (put->is_part && (job->error || job->why.code != OP_OK)) { // it was not the sender's break
		unlinkat(put->part.dir, put->part.file, 0);
	}
	fs_part_finish(&put->part);
	if (put->from >= 0) {
		close(put->from);
	}
	if (put->dir >= 0) {
		close(put->dir);
	}
	buf_finish(&put->in);
	buf_finish(&put->out);
	if (put->landing) {
		put->landing->destroy(put->landing);
	}
}

/* On a thread. */

// What is there already: a file that may be replaced, or nothing.
static bool look_at_file(struct put *put, struct stat *there, bool *is_there) {
	if (!fs_look(&put->job, put->dir, there, is_there)) {
		return false;
	}
	return !*is_there || S_ISREG(there->st_mode) ||
		fs_job_fail(&put->job, S_ISDIR(there->st_mode) ? EISDIR : EPERM);
}

// Without a name where the file system can, so that a crash leaves nothing.
static int open_temporary(struct put *put) {
	struct fs_job *job = &put->job;
	if (put->part.text) {
		int part = fs_part_open(job, &put->part, put->dir, put->offset);
		put->is_part = part >= 0;
		if (part >= 0 || job->error || job->why.code != OP_OK) {
			return part;
		}
	}
	int fd = openat(put->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
		return fd;
	}
	fs_name_temporary(&put->job, put->temporary);
	fd = openat(put->dir, put->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0) {
		put->temporary[0] = '\0';
	}
	return fd;
}

// What was there keeps its owner, its list and its type; what was not is the maker's.
static bool keep(struct put *put, bool is_there) {
	struct fs_job *job = &put->job;
	const char *name = fs_last_name(job);
	if (!is_there) {
		fs_drop_rights(job->fd); // of a part that would have replaced another
		return fs_set_maker(job, job->fd);
	}
	return put->in_place || (fs_keep_rights(job, job->fd, put->dir, name) &&
		fs_keep_type(job, put->dir, name));
}

static void run_open(void *data) {
	struct put *put = data;
	struct fs_job *job = &put->job;
	struct stat there;
	bool is_there;
	if (!fs_open_parent(job, &put->dir)) {
		return;
	}
	if (put->landing) { // what is there is looked at then
		job->fd = open_temporary(put);
		job->error = job->fd < 0 && !job->error ? errno : job->error;
		return;
	}
	if (!fs_enter_bytes(job, &put->dir) || !look_at_file(put, &there, &is_there)) {
		return;
	}
	job->fd = put->in_place ? openat(put->dir, fs_last_name(job),
		O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666) : open_temporary(put);
	if (job->fd < 0 && !job->error && job->why.code == OP_OK) {
		fs_job_fail(job, errno);
	} else if (job->fd >= 0 && keep(put, is_there) && is_there && !put->in_place &&
			fchmod(job->fd, there.st_mode & 07777) < 0) {
		fs_job_fail(job, errno);
	}
}

static void run_write(void *data) {
	struct put *put = data;
	while (put->out.size > 0) {
		size_t size = put->out.size < PIECE ? put->out.size : PIECE;
		ssize_t n = pwrite(put->job.fd, buf_front(&put->out), size, (off_t)put->offset);
		if (n < 0 && errno != EINTR) {
			fs_job_fail(&put->job, errno);
			return;
		} else if (n > 0) {
			put->offset += (uint64_t)n;
			buf_drop(&put->out, (size_t)n);
		}
	}
}

// Between two file systems, or kinds of them, that cannot do it by themselves.
static ssize_t copy_by_hand(struct put *put, size_t size) {
	uint8_t *piece = malloc(PIECE);
	if (!piece) {
		errno = ENOMEM;
		return -1;
	}
	ssize_t n = pread(put->from, piece, size < PIECE ? size : PIECE, (off_t)put->from_offset);
	if (n > 0) {
		n = pwrite(put->job.fd, piece, (size_t)n, (off_t)put->offset);
	}
	int error = errno;
	free(piece);
	errno = error;
	return n;
}

// Where the file system can, the two share their blocks from now on (reflink).
static ssize_t copy_some(struct put *put) {
	off_t from = (off_t)put->from_offset, to = (off_t)put->offset;
	ssize_t n = copy_file_range(put->from, &from, put->job.fd, &to, put->from_left, 0);
	bool cannot = n < 0 && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL ||
		errno == ENOSYS || errno == EPERM);
	return cannot ? copy_by_hand(put, put->from_left) : n;
}

static void run_copy(void *data) {
	struct put *put = data;
	while (put->from_left > 0) {
		ssize_t n = copy_some(put);
		if (n < 0 && errno != EINTR) {
			fs_job_fail(&put->job, errno);
			return;
		} else if (n == 0) {
			op_refuse(&put->job.why, OP_EIO, "the file became shorter while it was read, by %llu bytes: "
				"get it again", (unsigned long long)put->from_left);
			return;
		} else if (n > 0) {
			put->offset += (uint64_t)n;
			put->from_offset += (uint64_t)n;
			put->from_left -= (uint64_t)n;
		}
	}
}

static bool give_name(struct put *put) {
	char path[64];
	if (put->temporary[0] || put->is_part) {
		return true;
	}
	fs_name_temporary(&put->job, put->temporary);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", put->job.fd);
	if (linkat(AT_FDCWD, path, put->dir, put->temporary, AT_SYMLINK_FOLLOW) < 0) {
		put->temporary[0] = '\0';
		return fs_job_fail(&put->job, errno);
	}
	return true;
}

// Somebody else may have put or changed it meanwhile: his list goes on, and counts. With names locked.
static bool may_replace(struct put *put) {
	struct fs_job *job = &put->job;
	struct perm_path rights;
	const char *name = fs_last_name(job);
	bool known = fs_rights_at(job, put->dir, &rights);
	if (known && fs_is_box(name)) {
		fs_rights_in(&rights, put->dir, name);
	}
	enum perm perm = known ? letters_allow(rights.letters, 'p') : PERM_NO;
	if (perm == PERM_NO || (perm == PERM_ASK && job->asker.given != 'p')) {
		op_refuse(&job->why, OP_EPERM, "%.150s became somebody else's meanwhile: ask its owner",
			job->rest);
		return false;
	}
	return fs_has_same_rights(job->fd, put->dir, name) ||
		(fs_keep_rights(job, job->fd, put->dir, name) &&
		(fsync(job->fd) == 0 || fs_job_fail(job, errno)));
}

static bool replace(struct put *put) {
	struct stat there;
	bool is_there;
	if (!give_name(put)) {
		return false;
	}
	fs_lock();
	bool good = look_at_file(put, &there, &is_there) && (!is_there || may_replace(put));
	if (good && renameat(put->is_part ? put->part.dir : put->dir,
			put->is_part ? put->part.file : put->temporary, put->dir, fs_last_name(&put->job)) < 0) {
		good = fs_job_fail(&put->job, errno);
	}
	fs_unlock();
	if (good) {
		put->temporary[0] = '\0';
		put->is_part = false;
	}
	return good;
}

static void land(struct put *put) {
	bool taken = false;
	if (give_name(put)) {
		put->landing->land(put->landing, &put->job, put->dir, put->temporary, &taken);
	}
	if (taken) {
		put->temporary[0] = '\0';
	}
}

static void run_commit(void *data) {
	struct put *put = data;
	struct fs_job *job = &put->job;
	if (fsync(job->fd) < 0) {
		fs_job_fail(job, errno);
	} else if (put->landing) {
		land(put);
	} else if ((put->in_place || replace(put)) &&
			(fsync(put->dir) < 0 || fstat(job->fd, &job->st) < 0)) {
		fs_job_fail(job, errno);
	}
}

/* In the loop. */

// What there is to do next, if nothing is under way.
static void put_go_on(struct put *put);

static void put_done(void *data, bool cancelled) {
	struct put *put = data;
	if (fs_job_is_back(put)) {
		put->opened = true;
		put_go_on(put);
	}
}

static void commit_done(void *data, bool cancelled) {
	struct put *put = data;
	if (fs_job_is_back(put)) {
		struct req *req = put->job.req;
		fs_describe(req_reply(req), &put->job.st, NULL);
		fs_job_destroy(put);
		req_ok(req);
	}
}

// A large file that nobody sees yet is written in large pieces: each costs a wake-up or two.
static size_t enough(const struct put *put) {
	return put->in_place || put->ended || put->taken < LARGE ? 1 : PIECE;
}

static void put_go_on(struct put *put) {
	if (put->job.running) {
		return;
	}
	req_pause(put->job.req, put->in.size > QUEUE_MAX || put->from_left > 0);
	if (!put->opened) {
		fs_job_run(put, run_open, put_done);
	} else if (put->from_left > 0) {
		fs_job_run(put, run_copy, put_done);
	} else if (put->in.size >= enough(put)) {
		put->taken += put->in.size;
		struct buf taken = put->in;
		put->in = put->out; // empty
		put->out = taken;
		req_pause(put->job.req, false);
		fs_job_run(put, run_write, put_done);
	} else if (put->ended) {
		fs_job_run(put, run_commit, commit_done);
	}
}

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct put *put = req->data;
	if (!buf_append(&put->in, bytes, size)) {
		put->job.error = ENOMEM;
		if (!put->job.running) {
			fs_job_refuse(put);
		}
		return;
	}
	if (put->in.size > QUEUE_MAX) {
		req_pause(req, true);
	}
	put_go_on(put);
}

static void put_file(struct req *req, int fd, uint64_t offset, uint64_t size) {
	struct put *put = req->data;
	if (put->from < 0) {
		put->from = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	if (put->from < 0) {
		put->job.error = errno;
		if (!put->job.running) {
			fs_job_refuse(put);
		}
		return;
	}
	put->from_offset = offset;
	put->from_left = size;
	put_go_on(put);
}

static void put_end(struct req *req) {
	struct put *put = req->data;
	put->ended = true;
	put_go_on(put);
}

static bool is_tar(const struct req *req) {
	struct cnstr type;
	const char *text = op_get(req->head, OP_F_TYPE);
	return text && cnstr_parse(&type, text, NULL) == OP_OK && strcmp(type.type, "tar") == 0;
}

// NULL: refused.
static struct put *put_create(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = put_data, .file = put_file, .end = put_end, .gone = fs_job_gone,
	};
	struct put *put = fs_job_create(sizeof(*put), box, req, &events, put_finish);
	if (!put) {
		return NULL;
	}
	put->dir = put->from = -1;
	buf_init(&put->in);
	buf_init(&put->out);
	put->offset = op_get_number(req->head, OP_F_OFFSET, 0);
	if (!fs_part_init(&put->part, req)) {
		fs_job_fail(put, ENOMEM);
		fs_job_refuse(put);
		return NULL;
	}
	return put;
}

void fs_putmem(struct box *box, struct req *req) {
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_fail(req, OP_EUNSUPP, "files take bytes, not frames: body N, or body chunks");
		return;
	}
	if (is_tar(req)) {
		fs_tree_put(box, req);
		return;
	}
	if (fs_refuse_root(req)) {
		return;
	}
	struct put *put = put_create(box, req);
	if (put) {
		put->in_place = op_has(req->head, OP_F_OFFSET) && !put->part.text;
		put_go_on(put);
	}
}

void fs_put_landing(struct box *box, struct req *req, struct fs_landing *landing) {
	struct put *put = put_create(box, req);
	if (put) {
		put->landing = landing;
		put->job.stored = true;
		put_go_on(put);
	} else {
		landing->destroy(landing);
	}
}
