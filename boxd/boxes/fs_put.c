/* SPDX-License-Identifier: MIT */
/*
 * fs_put.c - writing into exported folders: whole files, parts of them, new folders, deletions.
 *
 * A file that is put as a whole is written beside its place, synced, renamed, and the folder synced,
 * before the answer: what was acknowledged outlives a crash, and nobody sees half of it. With offset
 * it is written in place. All of it is done on the worker pool.
 */
#include "boxes/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "box/name.h"

#define PIECE (256 * 1024)       // bytes written at once
#define QUEUE_MAX (1024 * 1024)  // bytes held for a slow disk before the caller is paused
#define TEMPORARY_SIZE (sizeof(FS_TEMPORARY) + 16)

// Between looking at the version and changing what has it.
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;

// A request on its way through the pool. Runs on a thread or waits in the loop, never both.
struct change {
	struct box_env *env;
	struct req *req; // NULL: the caller is gone; it is freed when it comes back
	bool running;
	char *root, *rest;
	char *if_version; // NULL: any
	bool makes_folder;
	int error;        // errno
	struct stat st;   // of the file, when it is whole
	// of a putmem
	bool in_place, opened, ended;
	uint64_t offset;  // of the next byte
	struct buf in;    // came, not taken by the thread
	struct buf out;   // the thread's
	int dir, fd;      // -1: not open
	char temporary[TEMPORARY_SIZE]; // its name meanwhile; "" it has none yet
};

static void change_destroy(struct change *change) {
	if (change->temporary[0]) {
		unlinkat(change->dir, change->temporary, 0);
	}
	if (change->fd >= 0) {
		close(change->fd);
	}
	if (change->dir >= 0) {
		close(change->dir);
	}
	buf_finish(&change->in);
	buf_finish(&change->out);
	free(change->root);
	free(change->rest);
	free(change->if_version);
	free(change);
}

/* On a thread. */

static bool fail(struct change *change, int error) {
	change->error = error;
	return false;
}

static const char *last_name(const struct change *change) {
	const char *slash = strrchr(change->rest, '/');
	return slash ? slash + 1 : change->rest;
}

static bool open_parent(struct change *change) {
	const char *name = last_name(change);
	if (!*name || strncmp(name, FS_TEMPORARY, strlen(FS_TEMPORARY)) == 0) {
		return fail(change, EPERM);
	}
	char *parent = strndup(change->rest, name > change->rest ? (size_t)(name - change->rest - 1) : 0);
	if (!parent) {
		return fail(change, ENOMEM);
	}
	change->dir = fs_open_beneath(change->root, parent, O_RDONLY | O_DIRECTORY);
	int error = errno;
	free(parent);
	return change->dir >= 0 || fail(change, error);
}

// What is there already: a file that may be replaced, or nothing; in the version that is expected.
static bool check_there(struct change *change, struct stat *there, bool *is_there) {
	char version[64];
	*is_there = fstatat(change->dir, last_name(change), there, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*is_there && errno != ENOENT) {
		return fail(change, errno);
	}
	if (change->if_version &&
			(!*is_there || strcmp(change->if_version, fs_version(there, version)) != 0)) {
		return fail(change, ESTALE);
	}
	return true;
}

static bool check_file(struct change *change, struct stat *there, bool *is_there) {
	if (!check_there(change, there, is_there)) {
		return false;
	}
	return !*is_there || S_ISREG(there->st_mode) ||
		fail(change, S_ISDIR(there->st_mode) ? EISDIR : EPERM);
}

static void name_temporary(struct change *change) {
	uint64_t random = 0;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		random = (uint64_t)(uintptr_t)change;
	}
	snprintf(change->temporary, sizeof(change->temporary), "%s%016llx", FS_TEMPORARY,
		(unsigned long long)random);
}

// Without a name where the file system can, so that a crash leaves nothing.
static int open_temporary(struct change *change) {
	int fd = openat(change->dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
		return fd;
	}
	name_temporary(change);
	fd = openat(change->dir, change->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0) {
		change->temporary[0] = '\0';
	}
	return fd;
}

static void run_open(void *data) {
	struct change *change = data;
	struct stat there;
	bool is_there;
	if (!open_parent(change) || !check_file(change, &there, &is_there)) {
		return;
	}
	change->fd = change->in_place ? openat(change->dir, last_name(change),
		O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666) : open_temporary(change);
	if (change->fd < 0) {
		change->error = errno;
	} else if (is_there && !change->in_place && fchmod(change->fd, there.st_mode & 07777) < 0) {
		change->error = errno;
	}
}

static void run_write(void *data) {
	struct change *change = data;
	while (change->out.size > 0) {
		size_t size = change->out.size < PIECE ? change->out.size : PIECE;
		ssize_t n = pwrite(change->fd, buf_front(&change->out), size, (off_t)change->offset);
		if (n < 0 && errno != EINTR) {
			change->error = errno;
			return;
		} else if (n > 0) {
			change->offset += (uint64_t)n;
			buf_drop(&change->out, (size_t)n);
		}
	}
}

static bool give_name(struct change *change) {
	char path[64];
	if (change->temporary[0]) {
		return true;
	}
	name_temporary(change);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", change->fd);
	if (linkat(AT_FDCWD, path, change->dir, change->temporary, AT_SYMLINK_FOLLOW) < 0) {
		change->temporary[0] = '\0';
		return fail(change, errno);
	}
	return true;
}

static bool replace(struct change *change) {
	struct stat there;
	bool is_there;
	if (!give_name(change)) {
		return false;
	}
	pthread_mutex_lock(&changing);
	bool good = check_file(change, &there, &is_there);
	if (good && renameat(change->dir, change->temporary, change->dir, last_name(change)) < 0) {
		good = fail(change, errno);
	}
	pthread_mutex_unlock(&changing);
	if (good) {
		change->temporary[0] = '\0';
	}
	return good;
}

static void run_commit(void *data) {
	struct change *change = data;
	if (fsync(change->fd) < 0) {
		change->error = errno;
	} else if ((change->in_place || replace(change)) &&
			(fsync(change->dir) < 0 || fstat(change->fd, &change->st) < 0)) {
		change->error = errno;
	}
}

static void run_make(void *data) {
	struct change *change = data;
	if (!open_parent(change)) {
		return;
	}
	const char *name = last_name(change);
	if (change->makes_folder) {
		change->error = mkdirat(change->dir, name, 0777) < 0 ? errno : 0;
	} else {
		change->fd = openat(change->dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		change->error = change->fd < 0 || fsync(change->fd) < 0 ? errno : 0;
	}
	if (!change->error && (fsync(change->dir) < 0 ||
			fstatat(change->dir, name, &change->st, AT_SYMLINK_NOFOLLOW) < 0)) {
		change->error = errno;
	}
}

static void run_delete(void *data) {
	struct change *change = data;
	struct stat there;
	bool is_there;
	if (!open_parent(change)) {
		return;
	}
	pthread_mutex_lock(&changing);
	if (check_there(change, &there, &is_there)) {
		int flags = is_there && S_ISDIR(there.st_mode) ? AT_REMOVEDIR : 0;
		change->error = unlinkat(change->dir, last_name(change), flags) < 0 ? errno : 0;
	}
	pthread_mutex_unlock(&changing);
	if (!change->error && fsync(change->dir) < 0) {
		change->error = errno;
	}
}

/* In the loop. */

static void change_gone(struct req *req) {
	struct change *change = req->data;
	change->req = NULL;
	if (!change->running) {
		change_destroy(change);
	}
}

static void change_fail(struct change *change, int error) {
	struct req *req = change->req;
	change_destroy(change);
	fs_refuse(req, error);
}

static void change_run(struct change *change, void (*run)(void *), void (*done)(void *, bool)) {
	change->running = true;
	if (!work_add(change->env->pool, run, done, change)) {
		change->running = false;
		change_fail(change, ENOMEM);
	}
}

// The caller is there still, and nothing failed.
static bool change_is_back(struct change *change) {
	change->running = false;
	if (!change->req) {
		change_destroy(change);
		return false;
	}
	if (change->error) {
		change_fail(change, change->error);
		return false;
	}
	return true;
}

static void change_done(void *data, bool cancelled) {
	struct change *change = data;
	if (!change_is_back(change)) {
		return;
	}
	struct req *req = change->req;
	if (change->st.st_nlink > 0) { // not of what was deleted
		fs_describe(req_reply(req), &change->st);
	}
	if (req->head->verb == OP_MAKE) {
		op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	}
	change_destroy(change);
	req_ok(req);
}

static struct change *change_create(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = change_gone};
	if (!*req->rest) {
		req_fail(req, OP_EUNSUPP, "%s is the folder that boxd.conf stores in: use a name below it",
			op_get(req->head, OP_F_NAME));
		return NULL;
	}
	const struct fs_export *export = box->data;
	const char *if_version = op_get(req->head, OP_F_IF_VERSION);
	struct change *change = calloc(1, sizeof(*change));
	if (change) {
		change->env = export->env;
		change->req = req;
		change->dir = change->fd = -1;
		buf_init(&change->in);
		buf_init(&change->out);
		change->root = strdup(export->path);
		change->rest = strdup(req->rest);
		change->if_version = if_version ? strdup(if_version) : NULL;
	}
	if (!change || !change->root || !change->rest || (if_version && !change->if_version)) {
		if (change) {
			change_destroy(change);
		}
		req_fail(req, OP_EIO, "out of memory");
		return NULL;
	}
	req->data = change;
	req->events = &events;
	return change;
}

// What there is to do next, if nothing is under way.
static void put_go_on(struct change *change);

static void put_done(void *data, bool cancelled) {
	struct change *change = data;
	if (change_is_back(change)) {
		change->opened = true;
		put_go_on(change);
	}
}

static void put_go_on(struct change *change) {
	if (change->running) {
		return;
	}
	req_pause(change->req, change->in.size > QUEUE_MAX);
	if (!change->opened) {
		change_run(change, run_open, put_done);
	} else if (change->in.size > 0) {
		struct buf taken = change->in;
		change->in = change->out; // empty
		change->out = taken;
		req_pause(change->req, false);
		change_run(change, run_write, put_done);
	} else if (change->ended) {
		change_run(change, run_commit, change_done);
	}
}

static void put_data(struct req *req, const void *bytes, size_t size) {
	struct change *change = req->data;
	if (!buf_append(&change->in, bytes, size)) {
		change->error = ENOMEM;
		if (!change->running) {
			change_fail(change, ENOMEM);
		}
		return;
	}
	if (change->in.size > QUEUE_MAX) {
		req_pause(req, true);
	}
	put_go_on(change);
}

static void put_end(struct req *req) {
	struct change *change = req->data;
	change->ended = true;
	put_go_on(change);
}

void fs_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = put_data, .end = put_end, .gone = change_gone,
	};
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_fail(req, OP_EUNSUPP, "files take bytes, not frames: body N, or body chunks");
		return;
	}
	struct change *change = change_create(box, req);
	if (change) {
		change->in_place = op_has(req->head, OP_F_OFFSET);
		change->offset = op_get_number(req->head, OP_F_OFFSET, 0);
		req->events = &events;
		put_go_on(change);
	}
}

void fs_make(struct box *box, struct req *req) {
	const char *type = op_get(req->head, OP_F_TYPE);
	bool folder = type && cnstr_text_meets(type, "dir");
	if (type && !folder && !cnstr_text_meets(type, "file")) {
		req_fail(req, OP_ETYPE, "here are files and folders: type file (unless told) or dir");
		return;
	}
	struct change *change = change_create(box, req);
	if (change) {
		change->makes_folder = folder;
		change_run(change, run_make, change_done);
	}
}

void fs_delete(struct box *box, struct req *req) {
	struct change *change = change_create(box, req);
	if (change) {
		change_run(change, run_delete, change_done);
	}
}
