/* SPDX-License-Identifier: MIT */
/*
 * fs.c - /fs/NAME/…: exported folders, as they are read. Names below an export are walked on disk.
 * What writes to those that may be written is fs_put.c's.
 *
 * All file work is done on the worker pool; the loop only passes results on. A name cannot leave its
 * export: the kernel resolves it beneath the folder, symbolic links included.
 */
#include "boxes/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOG_MODULE "fs"
#include "base/log.h"
#include "box/name.h"
#include "config.h"

#define PIECE (256 * 1024) // bytes read at once

struct entry {
	char *name;
	struct stat st;
};

// One request on its way through the pool. Runs on a thread or waits in the loop, never both.
struct job {
	struct box_env *env;
	struct req *req; // NULL: the caller is gone; the job is freed when it comes back
	bool running;
	char *root, *rest;
	uint64_t offset, left; // of the file, still to read
	bool opened;
	// results
	int fd;
	int error; // errno
	struct stat st;
	uint8_t *piece;
	ssize_t size;
	struct entry *entries;
	size_t count;
};

static void job_destroy(struct job *job) {
	for (size_t i = 0; i < job->count; i++) {
		free(job->entries[i].name);
	}
	free(job->entries);
	if (job->fd >= 0) {
		close(job->fd);
	}
	free(job->piece);
	free(job->root);
	free(job->rest);
	free(job);
}

/* On a thread. */

int fs_open_beneath(const char *root, const char *rest, int flags) {
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		return -1;
	}
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 100;
	do { // EAGAIN: something above was renamed meanwhile, and the kernel would not be sure
		fd = (int)syscall(SYS_openat2, dir, *rest ? rest : ".", &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && --tries > 0);
	int kept = errno;
	close(dir);
	errno = kept;
	return fd;
}

static bool job_open(struct job *job, int flags) {
	job->fd = fs_open_beneath(job->root, job->rest, flags);
	if (job->fd < 0 || fstat(job->fd, &job->st) < 0) {
		job->error = errno;
		return false;
	}
	return true;
}

static void run_stat(void *data) {
	job_open(data, O_PATH);
}

static int compare_entries(const void *a, const void *b) {
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

// What a name of the folder is; a symbolic link is what it leads to, in the export.
static bool stat_entry(const struct job *job, int dir, const char *name, struct stat *st) {
	char *path;
	if (fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st->st_mode)) {
		return !S_ISLNK(st->st_mode);
	}
	if (asprintf(&path, "%s%s%s", job->rest, *job->rest ? "/" : "", name) < 0) {
		return false;
	}
	int fd = fs_open_beneath(job->root, path, O_PATH);
	free(path);
	bool good = fd >= 0 && fstat(fd, st) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

static bool add_entry(struct job *job, size_t *capacity, int dir, const char *name) {
	struct stat st = {0};
	if (name_check_component(name, NULL) != OP_OK ||
			strncmp(name, FS_TEMPORARY, strlen(FS_TEMPORARY)) == 0 || !stat_entry(job, dir, name, &st)) {
		return true; // ".", "..", a link that leads nowhere or out: not boxes
	}
	if (job->count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 64;
		struct entry *entries = reallocarray(job->entries, *capacity, sizeof(*entries));
		if (!entries) {
			return false;
		}
		job->entries = entries;
	}
	char *copy = strdup(name);
	if (!copy) {
		return false;
	}
	job->entries[job->count++] = (struct entry){copy, st};
	return true;
}

static void run_list(void *data) {
	struct job *job = data;
	if (!job_open(job, O_RDONLY | O_NONBLOCK) || !S_ISDIR(job->st.st_mode)) {
		return;
	}
	DIR *dir = fdopendir(job->fd);
	if (!dir) {
		job->error = errno;
		return;
	}
	job->fd = -1;
	size_t capacity = 0;
	for (struct dirent *d; (d = readdir(dir));) {
		if (!add_entry(job, &capacity, dirfd(dir), d->d_name)) {
			job->error = ENOMEM;
			break;
		}
	}
	closedir(dir);
	if (job->count > 0) {
		qsort(job->entries, job->count, sizeof(job->entries[0]), compare_entries);
	}
}

static void run_read(void *data) {
	struct job *job = data;
	if (!job->opened) {
		if (!job_open(job, O_RDONLY | O_NONBLOCK)) { // a pipe must not hold the thread
			return;
		}
		uint64_t size = (uint64_t)job->st.st_size;
		uint64_t there = size > job->offset ? size - job->offset : 0;
		job->left = job->left < there ? job->left : there;
		job->opened = true;
	}
	if (!S_ISREG(job->st.st_mode) || job->left == 0) {
		return;
	}
	if (!job->piece && !(job->piece = malloc(PIECE))) {
		job->error = ENOMEM;
		return;
	}
	size_t want = job->left < PIECE ? (size_t)job->left : PIECE;
	job->size = pread(job->fd, job->piece, want, (off_t)job->offset);
	job->error = job->size < 0 ? errno : 0;
}

/* In the loop. */

static void job_gone(struct req *req) {
	struct job *job = req->data;
	job->req = NULL;
	if (!job->running) {
		job_destroy(job);
	}
}

void fs_refuse(struct req *req, int error) {
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case EXDEV: // a link that leads out of the export
	case ELOOP:
	case ENAMETOOLONG:
		box_no_such(req);
		break;
	case EACCES:
	case EPERM:
		req_fail(req, OP_EPERM, "the file's own rights forbid it");
		break;
	case EISDIR:
		req_fail(req, OP_ETYPE, "a folder has no bytes of its own: put them into a name below it");
		break;
	case EEXIST:
		req_fail(req, OP_EEXIST, "there is such a box already");
		break;
	case ENOTEMPTY:
		req_fail(req, OP_EBUSY, "the folder is not empty: delete what is in it first");
		break;
	case ESTALE:
		req_fail(req, OP_ESTALE, "it has another version now: get it again, then put");
		break;
	case ENOSPC:
	case EDQUOT:
		req_fail(req, OP_EQUOTA, "there is no room left on that disk");
		break;
	default:
		req_fail(req, OP_EIO, "%s", strerror(error));
	}
}

static void job_refuse(struct job *job) {
	struct req *req = job->req;
	int error = job->error;
	job_destroy(job);
	fs_refuse(req, error);
}

const char *fs_version(const struct stat *st, char out[static 64]) {
	snprintf(out, 64, "%llx.%llx.%lx", (unsigned long long)st->st_ino,
		(unsigned long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	return out;
}

static void set_version(struct op_head *head, const struct stat *st) {
	char version[64];
	op_set(head, OP_F_VERSION, fs_version(st, version));
}

static const char *type_of(const struct stat *st) {
	return S_ISDIR(st->st_mode) ? "dir" : S_ISREG(st->st_mode) ? "file" : "device";
}

void fs_describe(struct op_head *head, const struct stat *st) {
	op_set(head, OP_F_TYPE, type_of(st));
	set_version(head, st);
	if (S_ISREG(st->st_mode)) {
		op_set_number(head, OP_F_SIZE, (uint64_t)st->st_size);
	}
}

static void job_run(struct job *job, void (*run)(void *), void (*done)(void *, bool)) {
	job->running = true;
	if (!work_add(job->env->pool, run, done, job)) {
		struct req *req = job->req;
		job_destroy(job);
		if (req->answered) {
			req_end_fail(req, OP_EIO, "out of memory");
		} else {
			req_fail(req, OP_EIO, "out of memory");
		}
	}
}

// The caller is there still, and there is something to answer.
static bool job_is_back(struct job *job) {
	job->running = false;
	if (!job->req) {
		job_destroy(job);
		return false;
	}
	if (job->error && !job->req->answered) {
		job_refuse(job);
		return false;
	}
	return true;
}

// What the caller wants it to be; of a list, its entries.
static bool meets_want(const struct req *req, const struct stat *st) {
	const char *want = op_get(req->head, OP_F_WANT);
	return !want || cnstr_text_meets(type_of(st), want);
}

static bool job_meets_want(struct job *job) {
	struct req *req = job->req;
	if (meets_want(req, &job->st)) {
		return true;
	}
	const char *type = type_of(&job->st);
	job_destroy(job);
	req_fail(req, OP_EMATCH, "%.150s is a %s, not %.150s", op_get(req->head, OP_F_NAME), type,
		op_get(req->head, OP_F_WANT));
	return false;
}

// What may be done is also served: an export is read, whatever its list allows.
static const char *served_letters(const struct req *req, char out[static 20]) {
	size_t size = 0;
	box_letters(req->box, req->subject, out);
	for (const char *letter = out; *letter; letter++) {
		if (!strchr("pPmMdD", *letter) || req->box->type->fn[OP_PUTMEM]) {
			out[size++] = *letter;
		}
	}
	out[size] = '\0';
	return out;
}

static void stat_done(void *data, bool cancelled) {
	struct job *job = data;
	if (!job_is_back(job) || !job_meets_want(job)) {
		return;
	}
	struct req *req = job->req;
	char letters[20];
	fs_describe(req_reply(req), &job->st);
	op_set(req_reply(req), OP_F_OWNER, req->box->owner);
	op_set(req_reply(req), OP_F_LETTERS, served_letters(req, letters));
	job_destroy(job);
	req_ok(req);
}

static void list_done(void *data, bool cancelled) {
	struct job *job = data;
	if (!job_is_back(job)) {
		return;
	}
	struct req *req = job->req;
	if (op_get_number(req->head, OP_F_DEPTH, 1) > 1) {
		job_destroy(job);
		req_fail(req, OP_EUNSUPP, "exported folders are listed one level at a time: leave depth out, "
			"and ask for each folder");
		return;
	}
	struct buf body;
	buf_init(&body);
	const char *match = op_get(req->head, OP_F_MATCH), *after = op_get(req->head, OP_F_AFTER);
	uint64_t left = op_get_number(req->head, OP_F_COUNT, UINT64_MAX);
	for (size_t i = 0; i < job->count && left > 0; i++) {
		const struct entry *entry = &job->entries[i];
		if ((match && fnmatch(match, entry->name, 0) != 0) ||
				(after && strcmp(entry->name, name_last(after)) <= 0) ||
				!meets_want(req, &entry->st)) {
			continue;
		}
		struct op_head head;
		op_head_init_entry(&head);
		op_setf(&head, OP_F_NAME, "/%s", entry->name);
		fs_describe(&head, &entry->st);
		op_encode(&head, &body, NULL);
		op_head_finish(&head);
		left--;
	}
	set_version(req_reply(req), &job->st);
	job_destroy(job);
	req_ok_bytes(req, buf_front(&body), body.size);
	buf_finish(&body);
}

static void read_done(void *data, bool cancelled);

static void read_drained(struct req *req) {
	struct job *job = req->data;
	if (!job->running) {
		job_run(job, run_read, read_done);
	}
}

static bool read_open(struct job *job) {
	struct req *req = job->req;
	if (!S_ISREG(job->st.st_mode)) {
		bool dir = S_ISDIR(job->st.st_mode);
		job_destroy(job);
		req_fail(req, dir ? OP_ETYPE : OP_EPERM, dir ? "a folder has no bytes of its own (box ls "
			"lists it)" : "devices and pipes are not read through an export");
		return false;
	}
	fs_describe(req_reply(req), &job->st);
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	return true;
}

// The file may have become shorter meanwhile: what is there is what was there.
static void read_pass_on(struct job *job) {
	struct req *req = job->req;
	if (job->error) {
		int error = job->error;
		job_destroy(job);
		req_end_fail(req, OP_EIO, "%s", strerror(error));
		return;
	}
	job->offset += (uint64_t)job->size;
	job->left -= (uint64_t)job->size;
	bool room = job->size == 0 || req_write(req, job->piece, (size_t)job->size);
	if (job->size == 0 || job->left == 0) {
		job_destroy(job);
		req_end(req, NULL);
	} else if (room) {
		job_run(job, run_read, read_done);
	}
}

static void read_done(void *data, bool cancelled) {
	struct job *job = data;
	if (!job_is_back(job)) {
		return;
	}
	if (job->req->answered) {
		read_pass_on(job);
	} else if (job_meets_want(job) && read_open(job)) {
		read_pass_on(job);
	}
}

static struct job *job_create(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = job_gone, .drained = read_drained};
	const struct fs_export *export = box->data;
	struct job *job = calloc(1, sizeof(*job));
	if (job) {
		job->fd = -1;
		job->env = export->env;
		job->req = req;
		job->offset = op_get_number(req->head, OP_F_OFFSET, 0);
		job->left = op_get_number(req->head, OP_F_LENGTH, UINT64_MAX);
		job->root = strdup(export->path);
		job->rest = strdup(req->rest);
	}
	if (!job || !job->root || !job->rest) {
		if (job) {
			job_destroy(job);
		}
		req_fail(req, OP_EIO, "out of memory");
		return NULL;
	}
	req->data = job;
	req->events = &events;
	return job;
}

static void fs_begin(struct box *box, struct req *req, void (*run)(void *),
		void (*done)(void *, bool)) {
	if (op_has(req->head, OP_F_SINCE)) {
		req_fail(req, OP_EUNSUPP, "changes of exported files are not watched: ask again instead");
		return;
	}
	struct job *job = job_create(box, req);
	if (job) {
		job_run(job, run, done);
	}
}

static void export_kind(struct box *box, struct req *req) {
	fs_begin(box, req, run_stat, stat_done);
}

static void export_selectors(struct box *box, struct req *req) {
	fs_begin(box, req, run_list, list_done);
}

static void export_getmem(struct box *box, struct req *req) {
	fs_begin(box, req, run_read, read_done);
}

static void export_destroy(struct box *box) {
	struct fs_export *export = box->data;
	free(export->path);
	free(export);
}

static const struct box_type export_type = {
	.name = "export",
	.fn = {
		[OP_KIND] = export_kind,
		[OP_SELECTORS] = export_selectors,
		[OP_GETMEM] = export_getmem,
	},
	.walks = true,
	.destroy = export_destroy,
};

static const struct box_type store_type = {
	.name = "store",
	.fn = {
		[OP_KIND] = export_kind,
		[OP_SELECTORS] = export_selectors,
		[OP_GETMEM] = export_getmem,
		[OP_PUTMEM] = fs_putmem,
		[OP_MAKE] = fs_make,
		[OP_DELETE] = fs_delete,
	},
	.takes_body = 1 << OP_PUTMEM,
	.walks = true,
	.destroy = export_destroy,
};

static bool fs_init(struct box_env *env) {
	struct box *fs = box_create(box_tree_root(env->tree), "fs", &box_type_dir, "dir", NULL);
	struct config_export *wanted;
	if (!fs) {
		return false;
	}
	wl_list_for_each(wanted, &env->config->exports, link) {
		struct fs_export *export = calloc(1, sizeof(*export));
		if (!export || !(export->path = strdup(wanted->path))) {
			free(export);
			return false;
		}
		export->env = env;
		if (!box_create(fs, wanted->name, wanted->store ? &store_type : &export_type, "dir", export)) {
			log_error("export %s: the name is taken", wanted->name);
			free(export->path);
			free(export);
			return false;
		}
	}
	return true;
}

const struct boxd_type boxd_type_fs = {.init = fs_init};
