/* SPDX-License-Identifier: MIT */
/*
 * fs_read.c - what is asked of exported files and folders: kinds and bytes. Lists are fs_list.c's.
 *
 * File work is done on the worker pool; the loop passes results on. Small files that the kernel has at hand
 * are fs_at_hand.c's.
 */
#include "boxes/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boxes/fs_both.h"
#include "boxes/fs_link.h"
#include "boxes/fs_part.h"
#include "boxes/fs_rights.h"
#include "boxes/fs_scan.h"
#include "boxes/fs_type.h"

#define PIECE (256 * 1024) // bytes read at once

struct reading {
	struct fs_job job;
	bool is_both;      // a folder with bytes of its own; then the job is about these
	bool wants_tar;    // of a folder, not its bytes
	struct perm_step step; // the owner and the list of its own
	char type[OP_MAX_CNSTR + 1]; // that the file is said to be; "": none
	char vector[VECTOR_TEXT];    // of a replicated file; "": none
	// of a kind
	struct fs_part part; // what he asks for, if he may go on with it
	uint64_t kept;       // of it
	// of bytes
	enum fs_medium medium; // of the export, seen on the thread
	bool opened;
	uint64_t offset, left; // of the file, still to read
	uint8_t *piece;
	ssize_t size;
};

static void reading_finish(void *data) {
	struct reading *reading = data;
	free(reading->piece);
	fs_part_finish(&reading->part);
}

/* On a thread. */

static bool open_by_name(struct fs_job *job, int flags) {
	job->fd = fs_open_beneath(job->root, job->rest, flags);
	return (job->fd >= 0 && fstat(job->fd, &job->st) == 0) || fs_job_fail(job, errno);
}

static bool open_file(struct reading *reading, int flags) {
	struct fs_job *job = &reading->job;
	struct stat bytes;
	char version[64];
	if (!open_by_name(job, flags)) {
		return false;
	}
	reading->is_both = S_ISDIR(job->st.st_mode) && !reading->wants_tar &&
		fs_has_bytes(job->fd, &bytes);
	if (reading->is_both) {
		job->st = bytes;
	} else if (S_ISREG(job->st.st_mode) && (flags & O_PATH)) {
		fs_read_type(job->fd, "", reading->type);
	} else if (S_ISREG(job->st.st_mode)) {
		fs_read_type_of(job->fd, reading->type);
	}
	return !*job->rest || !job->if_version ||
		strcmp(job->if_version, fs_version(&job->st, version)) == 0 || fs_job_fail(job, ESTALE);
}

static void run_stat(void *data) {
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	struct vector vector;
	reading->vector[0] = '\0';
	reading->kept = reading->part.text ? fs_part_kept(job, &reading->part) : 0;
	if (open_file(reading, O_PATH)) {
		fs_read_step(job->fd, "", &reading->step);
		if (S_ISREG(job->st.st_mode) && !reading->is_both &&
				fs_vector_read(job->fd, "", job->rest, &job->st, &vector)) {
			vector_print(&vector, reading->vector);
		}
	} else if (job->error == ENOENT && reading->kept > 0) {
		job->error = 0; // a box to be
		job->st = (struct stat){.st_mode = S_IFREG};
	}
}

static bool open_bytes(struct reading *reading) {
	struct fs_job *job = &reading->job;
	if (!open_file(reading, O_RDONLY | O_NONBLOCK)) { // a pipe must not hold the thread
		return false;
	}
	if (reading->is_both) {
		int folder = job->fd;
		job->fd = openat(folder, FS_BYTES, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		int error = errno;
		close(folder);
		if (job->fd < 0 || fstat(job->fd, &job->st) < 0) {
			return fs_job_fail(job, job->fd < 0 ? error : errno);
		}
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
	if (reading->medium == FS_MEDIUM_UNKNOWN) {
		reading->medium = fs_medium_of(job->root);
	}
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

// What the caller wants it to be; false: refused.
static const char *type_of(const struct reading *reading) {
	return reading->is_both ? "dir" : reading->type[0] ? reading->type :
		fs_type_of(&reading->job.st);
}

static bool job_meets_want(struct reading *reading) {
	struct fs_job *job = &reading->job;
	struct req *req = job->req;
	const char *want = op_get(req->head, OP_F_WANT);
	if (want && !cnstr_text_meets(type_of(reading), want)) {
		op_refuse(&job->why, OP_EMATCH, "%.150s is a %s, not %.150s", op_get(req->head, OP_F_NAME),
			type_of(reading), want);
		fs_job_refuse(job);
		return false;
	}
	return true;
}

static void describe_acl(const struct acl *acl, struct op_head *head) {
	for (int i = 0; i < acl->size; i++) {
		char line[ACL_LINE_SIZE];
		snprintf(line, sizeof(line), "%s %s", acl->lines[i].who, acl->lines[i].letters);
		op_add(head, OP_F_ACL, line);
	}
}

static void stat_done(void *data, bool cancelled) {
	struct reading *reading = data;
	struct fs_job *job = &reading->job;
	if (!fs_job_is_back(job) || !job_meets_want(reading)) {
		return;
	}
	struct req *req = job->req;
	char letters[PERM_LETTERS_SIZE], listed[PERM_LETTERS_SIZE], version[64];
	const char *since = op_get(req->head, OP_F_SINCE);
	if (since && strcmp(since, fs_version(&job->st, version)) == 0) {
		fs_job_run_later(job);
		return;
	}
	if (reading->kept > 0) {
		op_set_number(req_reply(req), OP_F_OFFSET, reading->kept);
	}
	fs_describe(req_reply(req), &job->st, type_of(reading));
	if (reading->vector[0]) {
		op_set(req_reply(req), OP_F_VECTOR, reading->vector);
	}
	op_set(req_reply(req), OP_F_OWNER, box_req_owner(req));
	box_letters(req->box, req->subject, listed);
	op_set(req_reply(req), OP_F_LETTERS, fs_served_letters(req->box,
		req->found ? req->found->letters : listed, letters));
	if (box_req_allows(req, 'i') == PERM_YES && *req->rest) { // who may change the list may see it
		describe_acl(&reading->step.acl, req_reply(req));
	}
	fs_job_destroy(job);
	req_ok(req);
}

static void read_done(void *data, bool cancelled);

static void read_drained(struct req *req) {
	struct reading *reading = req->data;
	if (!reading->job.running) {
		fs_job_run(reading, run_read, read_done);
	}
}

// Whether a folder is wanted as a tar stream, or its history; "*" wants nothing in particular.
static bool wants(const struct req *req, const char *type) {
	struct cnstr want;
	const char *text = op_get(req->head, OP_F_WANT);
	return text && cnstr_parse(&want, text, NULL) == OP_OK && strcmp(want.type, type) == 0;
}

static bool read_open(struct reading *reading) {
	struct fs_job *job = &reading->job;
	struct req *req = job->req;
	if (S_ISREG(job->st.st_mode)) {
		fs_describe(req_reply(req), &job->st, type_of(reading));
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

// To who copies it on this machine.
static bool read_lend(struct reading *reading) {
	struct req *req = reading->job.req;
	bool lent = req_lend(req, reading->job.fd, reading->offset, reading->left);
	if (lent) {
		fs_job_destroy(reading);
		req_end(req, NULL);
	}
	return lent;
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
	struct fs_export *export = req->box->data;
	export->medium = reading->medium > export->medium ? reading->medium : export->medium;
	if (req->answered) {
		read_pass_on(reading);
	} else if (S_ISDIR(job->st.st_mode) && reading->wants_tar) {
		int fd = job->fd;
		job->fd = -1;
		fs_job_destroy(job);
		fs_tree_get(req->box, req, fd);
	} else if (job_meets_want(reading) && read_open(reading) && !read_lend(reading)) {
		read_pass_on(reading);
	}
}

// NULL: refused.
static struct reading *create(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone, .drained = read_drained};
	const struct fs_export *export = box->data;
	struct reading *reading = fs_job_create(sizeof(*reading), box, req, &events, reading_finish);
	if (reading) {
		reading->offset = op_get_number(req->head, OP_F_OFFSET, 0);
		reading->left = op_get_number(req->head, OP_F_LENGTH, UINT64_MAX);
		reading->wants_tar = wants(req, "tar");
		reading->medium = export->medium;
		reading->part.dir = -1;
	}
	return reading;
}

void fs_kind(struct box *box, struct req *req) {
	struct reading *reading = create(box, req);
	if (reading && *req->rest && req->box->type->fn[OP_PUTMEM] &&
			box_req_allows(req, 'p') == PERM_YES) {
		fs_part_init(&reading->part, req); // without memory for it: nothing is kept
	}
	if (reading) {
		fs_job_run(reading, run_stat, stat_done);
	}
}

void fs_getmem(struct box *box, struct req *req) {
	if (wants(req, "history")) {
		fs_feed_get(box, req);
		return;
	}
	if (fs_get_at_hand(box->data, req)) {
		return;
	}
	struct reading *reading = create(box, req);
	if (reading) {
		fs_job_run(reading, run_read, read_done);
	}
}
