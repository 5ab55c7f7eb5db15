/* SPDX-License-Identifier: MIT */
/*
 * fs_read.c - what is asked of exported folders: kinds, lists, bytes.
 *
 * All file work is done on the worker pool; the loop only passes results on.
 */
#include "boxes/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box/name.h"
#include "boxes/fs_part.h"
#include "boxes/fs_place.h"

#define PIECE (256 * 1024) // bytes read at once

struct entry {
	char *name;
	struct stat st;
};

struct reading {
	struct fs_job job;
	// of a kind
	struct fs_part part; // what he asks for, if he may go on with it
	uint64_t kept;       // of it
	// of a list
	struct entry *entries;
	size_t count, capacity;
	// of bytes
	bool opened;
	uint64_t offset, left; // of the file, still to read
	uint8_t *piece;
	ssize_t size;
};

static void reading_finish(void *data) {
	struct reading *reading = data;
	for (size_t i = 0; i < reading->count; i++) {
		free(reading->entries[i].name);
	}
	free(reading->entries);
	free(reading->piece);
	fs_part_finish(&reading->part);
}

/* On a thread. */

static bool open_file(struct fs_job *job, int flags) {
	char version[64];
	job->fd = fs_open_beneath(job->root, job->rest, flags);
	if (job->fd < 0 || fstat(job->fd, &job->st) < 0) {
		return fs_job_fail(job, errno);
	}
	return !*job->rest || !job->if_version ||
		strcmp(job->if_version, fs_version(&job->st, version)) == 0 || fs_job_fail(job, ESTALE);
}

static void run_stat(void *data) {
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	reading->kept = reading->part.text ? fs_part_kept(job, &reading->part) : 0;
	if (!open_file(job, O_PATH) && job->error == ENOENT && reading->kept > 0) {
		job->error = 0; // a box to be
		job->st = (struct stat){.st_mode = S_IFREG};
	}
}

static int compare_entries(const void *a, const void *b) {
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

// What a name of the folder is; a symbolic link is what it leads to, in the export.
static bool stat_entry(const struct fs_job *job, int dir, const char *name, struct stat *st) {
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

static bool add_entry(struct reading *reading, int dir, const char *name) {
	struct stat st = {0};
	if (!fs_is_box(name) || !stat_entry(&reading->job, dir, name, &st)) {
		return true; // ".", "..", a link that leads nowhere or out: not boxes
	}
	if (reading->count == reading->capacity) {
		size_t capacity = reading->capacity ? reading->capacity * 2 : 64;
		struct entry *entries = reallocarray(reading->entries, capacity, sizeof(*entries));
		if (!entries) {
			return false;
		}
		reading->entries = entries;
		reading->capacity = capacity;
	}
	char *copy = strdup(name);
	if (!copy) {
		return false;
	}
	reading->entries[reading->count++] = (struct entry){copy, st};
	return true;
}

static void run_list(void *data) {
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	if (!open_file(job, O_RDONLY | O_NONBLOCK) || !S_ISDIR(job->st.st_mode)) {
		return;
	}
	DIR *dir = fdopendir(job->fd);
	if (!dir) {
		job->error = errno;
		return;
	}
	job->fd = -1;
	for (struct dirent *d; (d = readdir(dir));) {
		if (!add_entry(reading, dirfd(dir), d->d_name)) {
			job->error = ENOMEM;
			break;
		}
	}
	closedir(dir);
	if (reading->count > 0) {
		qsort(reading->entries, reading->count, sizeof(reading->entries[0]), compare_entries);
	}
}

static bool open_bytes(struct reading *reading) {
	struct fs_job *job = &reading->job;
	if (!open_file(job, O_RDONLY | O_NONBLOCK)) { // a pipe must not hold the thread
		return false;
	}
	uint64_t size = (uint64_t)job->st.st_size;
	uint64_t there = size > reading->offset ? size - reading->offset : 0;
	reading->left = reading->left < there ? reading->left : there;
	reading->opened = true;
	return true;
}

static void run_read(void *data) {
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	if (!reading->opened && !open_bytes(reading)) {
		return;
	}
	if (!S_ISREG(job->st.st_mode) || reading->left == 0) {
		return;
	}
	size_t want = reading->left < PIECE ? (size_t)reading->left : PIECE; // the first is the largest
	if (!reading->piece && !(reading->piece = malloc(want))) {
		job->error = ENOMEM;
		return;
	}
	reading->size = pread(job->fd, reading->piece, want, (off_t)reading->offset);
	job->error = reading->size < 0 ? errno : 0;
}

/* In the loop. */

// What the caller wants it to be; of a list, its entries.
static bool meets_want(const struct req *req, const struct stat *st) {
	const char *want = op_get(req->head, OP_F_WANT);
	return !want || cnstr_text_meets(fs_type_of(st), want);
}

// false: refused.
static bool job_meets_want(struct fs_job *job) {
	struct req *req = job->req;
	if (!meets_want(req, &job->st)) {
		op_refuse(&job->why, OP_EMATCH, "%.150s is a %s, not %.150s", op_get(req->head, OP_F_NAME),
			fs_type_of(&job->st), op_get(req->head, OP_F_WANT));
		fs_job_refuse(job);
		return false;
	}
	return true;
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
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	if (!fs_job_is_back(job) || !job_meets_want(job)) {
		return;
	}
	struct req *req = job->req;
	char letters[20];
	if (reading->kept > 0) {
		op_set_number(req_reply(req), OP_F_OFFSET, reading->kept);
	}
	fs_describe(req_reply(req), &job->st);
	op_set(req_reply(req), OP_F_OWNER, req->box->owner);
	op_set(req_reply(req), OP_F_LETTERS, served_letters(req, letters));
	fs_job_destroy(job);
	req_ok(req);
}

static void list_entries(const struct reading *reading, struct buf *body) {
	const struct req *req = reading->job.req;
	const char *match = op_get(req->head, OP_F_MATCH), *after = op_get(req->head, OP_F_AFTER);
	uint64_t left = op_get_number(req->head, OP_F_COUNT, UINT64_MAX);
	for (size_t i = 0; i < reading->count && left > 0; i++) {
		const struct entry *entry = &reading->entries[i];
		if ((match && fnmatch(match, entry->name, 0) != 0) ||
				(after && strcmp(entry->name, name_last(after)) <= 0) ||
				!meets_want(req, &entry->st)) {
			continue;
		}
		struct op_head head;
		op_head_init_entry(&head);
		op_setf(&head, OP_F_NAME, "/%s", entry->name);
		fs_describe(&head, &entry->st);
		op_encode(&head, body, NULL);
		op_head_finish(&head);
		left--;
	}
}

static void list_done(void *data, bool cancelled) {
	struct reading *reading = data;
	if (!fs_job_is_back(reading)) {
		return;
	}
	struct req *req = reading->job.req;
	if (op_get_number(req->head, OP_F_DEPTH, 1) > 1) {
		op_refuse(&reading->job.why, OP_EUNSUPP, "exported folders are listed one level at a time: "
			"leave depth out, and ask for each folder");
		fs_job_refuse(reading);
		return;
	}
	char version[64];
	struct buf body;
	buf_init(&body);
	list_entries(reading, &body);
	op_set(req_reply(req), OP_F_VERSION, fs_version(&reading->job.st, version));
	fs_job_destroy(reading);
	req_ok_bytes(req, buf_front(&body), body.size);
	buf_finish(&body);
}

static void read_done(void *data, bool cancelled);

static void read_drained(struct req *req) {
	struct reading *reading = req->data;
	if (!reading->job.running) {
		fs_job_run(reading, run_read, read_done);
	}
}

// Whether a folder is wanted as a tar stream; "*" wants nothing in particular.
static bool wants_tar(const struct req *req) {
	struct cnstr want;
	const char *text = op_get(req->head, OP_F_WANT);
	return text && cnstr_parse(&want, text, NULL) == OP_OK && strcmp(want.type, "tar") == 0;
}

static bool read_open(struct reading *reading) {
	struct fs_job *job = &reading->job;
	struct req *req = job->req;
	if (S_ISREG(job->st.st_mode)) {
		fs_describe(req_reply(req), &job->st);
		req_ok_open(req, OP_BODY_CHUNKS, 0);
		return true;
	}
	if (S_ISDIR(job->st.st_mode)) {
		op_set(req_reply(req), OP_F_TYPE, fs_type_of(&job->st)); // so a copy knows what to want
		op_refuse(&job->why, OP_ETYPE, "a folder has no bytes of its own (box ls lists it, box cp "
			"copies it with all that is in it: want tar)");
	} else {
		op_refuse(&job->why, OP_EPERM, "devices and pipes are not read through an export");
	}
	fs_job_refuse(job);
	return false;
}

// The file may have become shorter meanwhile; who reads it was told its size.
static void read_pass_on(struct reading *reading) {
	struct req *req = reading->job.req;
	reading->offset += (uint64_t)reading->size;
	reading->left -= (uint64_t)reading->size;
	bool room = reading->size == 0 || req_write(req, reading->piece, (size_t)reading->size);
	if (reading->size == 0 && reading->left > 0) {
		unsigned long long left = reading->left;
		fs_job_destroy(reading);
		req_end_fail(req, OP_EIO, "the file became shorter while it was read, by %llu bytes: get it "
			"again", left);
	} else if (reading->left == 0) {
		fs_job_destroy(reading);
		req_end(req, NULL);
	} else if (room) {
		fs_job_run(reading, run_read, read_done);
	}
}

static void read_done(void *data, bool cancelled) {
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	if (!fs_job_is_back(reading)) {
		return;
	}
	struct req *req = job->req;
	if (req->answered) {
		read_pass_on(reading);
	} else if (S_ISDIR(job->st.st_mode) && wants_tar(req)) {
		int fd = job->fd;
		job->fd = -1;
		fs_job_destroy(job);
		fs_tree_get(req->box, req, fd);
	} else if (job_meets_want(job) && read_open(reading)) {
		read_pass_on(reading);
	}
}

static void begin(struct box *box, struct req *req, void (*run)(void *),
		void (*done)(void *, bool)) {
	static const struct req_events events = {.gone = fs_job_gone, .drained = read_drained};
	if (op_has(req->head, OP_F_SINCE)) {
		req_fail(req, OP_EUNSUPP, "changes of exported files are not watched: ask again instead");
		return;
	}
	struct reading *reading = fs_job_create(sizeof(*reading), box, req, &events, reading_finish);
	if (reading) {
		reading->offset = op_get_number(req->head, OP_F_OFFSET, 0);
		reading->left = op_get_number(req->head, OP_F_LENGTH, UINT64_MAX);
		reading->part.dir = -1;
		if (*req->rest && req->box->type->fn[OP_PUTMEM] &&
				box_allows(req->box, req->subject, 'p') == PERM_YES) {
			fs_part_init(&reading->part, req); // without memory for it: nothing is kept
		}
		fs_job_run(reading, run, done);
	}
}

void fs_kind(struct box *box, struct req *req) {
	begin(box, req, run_stat, stat_done);
}

void fs_selectors(struct box *box, struct req *req) {
	begin(box, req, run_list, list_done);
}

void fs_getmem(struct box *box, struct req *req) {
	begin(box, req, run_read, read_done);
}
