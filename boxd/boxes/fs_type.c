/* SPDX-License-Identifier: MIT */
/*
 * fs_type.c - the types of files, as their owner said them.
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

struct typing {
	struct fs_job job;
	char *type; // "": as if it had never been said
	struct op_refusal wrong; // with what was asked
};

static void typing_finish(void *data) {
	struct typing *typing = data;
	free(typing->type);
}

/* On a thread. */

const char *fs_read_type(int dir, const char *name, char out[static OP_MAX_CNSTR + 1]) {
	char path[OP_MAX_COMPONENT + 64];
	struct cnstr cnstr;
	snprintf(path, sizeof(path), "/proc/self/fd/%d%s%s", dir, *name ? "/" : "", name);
	ssize_t size = getxattr(path, TREE_TYPE, out, OP_MAX_CNSTR);
	out[size > 0 ? size : 0] = '\0';
	if (*out && cnstr_parse(&cnstr, out, NULL) != OP_OK) { // another program's, or a wrong one
		out[0] = '\0';
	}
	return out;
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

static void run_type(void *data) {
	struct typing *typing = data;
	struct fs_job *job = &typing->job;
	struct stat there;
	bool is_there;
	int dir = -1;
	if (!fs_open_parent(job, &dir) || !fs_enter_bytes(job, &dir)) {
	} else if (fs_look(job, dir, &there, &is_there) && !is_there) {
		fs_job_fail(job, ENOENT);
	} else if (!job->error && typing->wrong.code != OP_OK) {
		job->why = typing->wrong;
	} else if (!job->error && !S_ISREG(there.st_mode)) {
		op_refuse(&job->why, OP_EUNSUPP, "only files have a type that can be said: this is a %s",
			fs_type_of(&there));
	} else if (!job->error) {
		job->fd = openat(dir, fs_last_name(job), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (job->fd < 0) {
			fs_job_fail(job, errno);
		} else if (set_type(job, job->fd, typing->type) && fsync(job->fd) < 0) {
			fs_job_fail(job, errno);
		}
	}
	if (dir >= 0) {
		close(dir);
	}
}

/* In the loop. */

static void type_done(void *data, bool cancelled) {
	struct typing *typing = data;
	if (fs_job_is_back(typing)) {
		struct req *req = typing->job.req;
		fs_job_destroy(typing);
		req_ok(req);
	}
}

// What cannot be changed of a box below a storage; that is said of those that are there.
static void check_change(const struct op_head *head, struct op_refusal *why) {
	const char *type = op_get(head, OP_F_TYPE);
	if (!type || op_has(head, OP_F_OWNER) || op_has(head, OP_F_ACL) || op_has(head, OP_F_TITLE)) {
		op_refuse(why, OP_EUNSUPP, "of what is in a storage only the type can be changed; owner and "
			"rights are those of the whole (box chinfo on /fs/NAME)");
	} else if (cnstr_text_meets(type, "dir") || cnstr_text_meets(type, "tar") ||
			cnstr_text_meets(type, "device")) {
		op_refuse(why, OP_EARG, "%.100s is what folders, their streams and devices are: a file is of "
			"another type", type);
	}
}

void fs_chinfo(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone};
	const char *type = op_get(req->head, OP_F_TYPE);
	if (!*req->rest) {
		box_serve_chinfo(box, req);
		return;
	}
	struct typing *typing = fs_job_create(sizeof(*typing), box, req, &events, typing_finish);
	if (!typing) {
		return;
	}
	check_change(req->head, &typing->wrong);
	typing->type = strdup(!type || strcmp(type, "file") == 0 ? "" : type);
	if (!typing->type) {
		fs_job_fail(typing, ENOMEM);
		fs_job_refuse(typing);
		return;
	}
	fs_job_run(typing, run_type, type_done);
}
