/* SPDX-License-Identifier: MIT */
/*
 * fs_type.c - what chinfo changes of files and folders: types, owners and access lists.
 */
#include "boxes/fs_type.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "boxes/fs_both.h"
#include "boxes/fs_rights.h"

struct change {
	struct fs_job job;
	char *type;  // NULL: as it is; "": as if it had never been said
	char *owner; // NULL: as it is
	char *acl;   // lines; NULL: as it is
	struct op_refusal wrong; // with what was asked
};

static void change_finish(void *data) {
	struct change *change = data;
	free(change->type);
	free(change->owner);
	free(change->acl);
}

/* On a thread. */

static const char *type_in(ssize_t size, char out[static OP_MAX_CNSTR + 1]) {
	struct cnstr cnstr;
	out[size > 0 ? size : 0] = '\0';
	if (*out && cnstr_parse(&cnstr, out, NULL) != OP_OK) { // another program's, or a wrong one
		out[0] = '\0';
	}
	return out;
}

const char *fs_read_type(int dir, const char *name, char out[static OP_MAX_CNSTR + 1]) {
	char path[OP_MAX_COMPONENT + 64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d%s%s", dir, *name ? "/" : "", name);
	return type_in(getxattr(path, TREE_TYPE, out, OP_MAX_CNSTR), out);
}

const char *fs_read_type_of(int fd, char out[static OP_MAX_CNSTR + 1]) {
	return type_in(fgetxattr(fd, TREE_TYPE, out, OP_MAX_CNSTR), out);
}

static bool set_type(struct fs_job *job, int fd, const char *type) {
	bool good = *type ? fsetxattr(fd, TREE_TYPE, type, strlen(type), 0) == 0 :
		fremovexattr(fd, TREE_TYPE) == 0 || errno == ENODATA;
	if (!good && (errno == EOPNOTSUPP || errno == ENOSPC)) {
		op_refuse(&job->why, OP_EUNSUPP, "the file system of that folder keeps no extended attributes, "
			"in which types are: store on another one");
		return false;
	}
	return good || fs_job_fail(job, errno);
}

bool fs_keep_type(struct fs_job *job, int dir, const char *name) {
	char type[OP_MAX_CNSTR + 1];
	return !*fs_read_type(dir, name, type) || set_type(job, job->fd, type);
}

// The thing itself, not its bytes, if it has both.
static bool change_rights(struct change *change, int dir, const struct stat *st) {
	struct fs_job *job = &change->job;
	struct perm_step step;
	char *rest = change->acl;
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
		op_refuse(&job->why, OP_EUNSUPP, "only files and folders have owners and rights of their own");
		return false;
	}
	int fd = openat(dir, fs_last_name(job), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		return fs_job_fail(job, errno);
	}
	fs_read_step(fd, "", &step);
	bool good = true;
	for (char *line; good && (line = strsep(&rest, "\n"));) {
		good = acl_set(&step.acl, line, &job->why) == OP_OK;
	}
	good = good && (!change->owner || fs_set_owner(job, fd, change->owner)) &&
		(!change->acl || fs_set_acl(job, fd, &step.acl)) && (fsync(fd) == 0 || fs_job_fail(job, errno));
	close(fd);
	return good;
}

static bool change_type(struct change *change, int *dir, const struct stat *st) {
	struct fs_job *job = &change->job;
	struct stat bytes = *st;
	if (!fs_enter_bytes(job, dir)) {
		return false;
	}
	if (fstatat(*dir, fs_last_name(job), &bytes, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(bytes.st_mode)) {
		op_refuse(&job->why, OP_EUNSUPP, "only files have a type that can be said: this is a %s",
			fs_type_of(&bytes));
		return false;
	}
	job->fd = openat(*dir, fs_last_name(job), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return job->fd < 0 ? fs_job_fail(job, errno) : set_type(job, job->fd, change->type) &&
		(fsync(job->fd) == 0 || fs_job_fail(job, errno));
}

static void run_change(void *data) {
	struct change *change = data;
	struct fs_job *job = &change->job;
	struct stat there;
	bool is_there;
	int dir = -1;
	fs_lock();
	if (!fs_open_parent(job, &dir)) {
	} else if (fs_look(job, dir, &there, &is_there) && !is_there) {
		fs_job_fail(job, ENOENT);
	} else if (!job->error && change->wrong.code != OP_OK) {
		job->why = change->wrong;
	} else if (!job->error && (!(change->owner || change->acl) || change_rights(change, dir, &there)) &&
			change->type) {
		change_type(change, &dir, &there);
	}
	fs_unlock();
	if (dir >= 0) {
		close(dir);
	}
}

/* In the loop. */

static void change_done(void *data, bool cancelled) {
	struct change *change = data;
	if (fs_job_is_back(change)) {
		struct req *req = change->job.req;
		fs_job_destroy(change);
		req_ok(req);
	}
}

// What cannot be changed of a box below a storage; that is said of those that are there.
static void check_change(const struct req *req, struct op_refusal *why) {
	const struct op_head *head = req->head;
	const char *type = op_get(head, OP_F_TYPE), *owner = op_get(head, OP_F_OWNER);
	const char *person = req->subject->person;
	struct cnstr cnstr;
	struct acl acl = {0};
	size_t at = 0;
	if (op_has(head, OP_F_TITLE) || (!type && !owner && !op_has(head, OP_F_ACL))) {
		op_refuse(why, OP_EUNSUPP, "of what is in a storage type, owner and acl can be changed");
	} else if (type && (cnstr_text_meets(type, "dir") || cnstr_text_meets(type, "tar") ||
			cnstr_text_meets(type, "device"))) {
		op_refuse(why, OP_EARG, "%.100s is what folders, their streams and devices are: a file is of "
			"another type", type);
	} else if (type) {
		cnstr_parse(&cnstr, type, why);
	}
	if (why->code == OP_OK && owner && strcmp(person, box_req_owner(req)) != 0 &&
			strcmp(person, req->box->owner) != 0) {
		op_refuse(why, OP_EPERM, "only its owner, %s, can give a box away", box_req_owner(req));
	} else if (why->code == OP_OK && owner) {
		subject_check_part(owner, why);
	}
	for (const char *line; why->code == OP_OK && (line = op_each(head, OP_F_ACL, &at));) {
		acl_set(&acl, line, why);
	}
}

static bool copy_text(char **to, const char *text) {
	*to = text ? strdup(text) : NULL;
	return !text || *to;
}

static bool copy_lines(char **to, const struct op_head *head) {
	size_t at = 0;
	for (const char *line; (line = op_each(head, OP_F_ACL, &at));) {
		char *longer;
		if (asprintf(&longer, "%s%s%s", *to ? *to : "", *to ? "\n" : "", line) < 0) {
			return false;
		}
		free(*to);
		*to = longer;
	}
	return true;
}

void fs_chinfo(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone};
	const char *type = op_get(req->head, OP_F_TYPE);
	if (!*req->rest) {
		box_serve_chinfo(box, req);
		return;
	}
	struct change *change = fs_job_create(sizeof(*change), box, req, &events, change_finish);
	if (!change) {
		return;
	}
	check_change(req, &change->wrong);
	if (!copy_text(&change->type, type && strcmp(type, "file") == 0 ? "" : type) ||
			!copy_text(&change->owner, op_get(req->head, OP_F_OWNER)) ||
			!copy_lines(&change->acl, req->head)) {
		fs_job_fail(change, ENOMEM);
		fs_job_refuse(change);
		return;
	}
	fs_job_run(change, run_change, change_done);
}
