/* SPDX-License-Identifier: MIT */
/*
 * fs_job.c - requests of /fs between the loop and the pool, and what the kernel's refusals mean to a
 * caller. What a job does is its owner's.
 */
#include "boxes/fs_job.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "box/tree.h"
#include "boxes/fs_place.h"

#define LOOK_MS 500     // between two looks for a change
#define WAITING_MAX 256 // for changes, at once
#define LARGE (1024 * 1024)

// The last name of a change is refused where it is made.
bool fs_is_hidden(const struct req *req) {
	enum op_verb verb = req->head->verb;
	bool reads = verb == OP_KIND || verb == OP_SELECTORS || verb == OP_GETMEM;
	for (const char *at = req->rest; *at;) {
		size_t size = strcspn(at, "/");
		if (strncmp(at, FS_HIDDEN, strlen(FS_HIDDEN)) == 0 && (at[size] || reads)) {
			return true;
		}
		at += size + (at[size] == '/');
	}
	return false;
}

void fs_asker_init(struct fs_asker *asker, const struct box *box, const struct subject *subject) {
	const struct acl *acl = box_acl_in_force(box);
	*asker = (struct fs_asker){.subject = *subject};
	if (acl) {
		asker->acl = *acl;
	}
	snprintf(asker->owner, sizeof(asker->owner), "%s", box->owner);
}

static bool same_list(const struct acl *a, const struct acl *b) {
	bool same = a->size == b->size;
	for (int i = 0; i < a->size && same; i++) {
		same = strcmp(a->lines[i].who, b->lines[i].who) == 0 &&
			strcmp(a->lines[i].letters, b->lines[i].letters) == 0;
	}
	return same;
}

static bool same_subject(const struct subject *a, const struct subject *b) {
	bool same = a->groups_size == b->groups_size && strcmp(a->person, b->person) == 0 &&
		strcmp(a->machine, b->machine) == 0;
	for (int i = 0; i < a->groups_size && same; i++) {
		same = strcmp(a->groups[i], b->groups[i]) == 0;
	}
	return same;
}

bool fs_asker_equal(const struct fs_asker *a, const struct fs_asker *b) {
	return same_subject(&a->subject, &b->subject) && same_list(&a->acl, &b->acl) &&
		strcmp(a->owner, b->owner) == 0;
}

static void asker_init(struct fs_asker *asker, const struct req *req) {
	fs_asker_init(asker, req->box, req->subject);
	asker->given = req->given;
	asker->makes = box_req_allows(req, 'm') == PERM_YES &&
		strcmp(req->subject->person, box_req_owner(req)) != 0;
}

void *fs_job_create(size_t size, struct box *box, struct req *req,
		const struct req_events *events, void (*finish)(void *job)) {
	const struct fs_export *export = box->data;
	const char *if_version = op_get(req->head, OP_F_IF_VERSION);
	if (fs_is_hidden(req)) {
		box_no_such(req);
		return NULL;
	}
	struct fs_job *job = calloc(1, size);
	if (job) {
		job->fs = export->fs;
		job->req = req;
		job->fd = -1;
		job->root = strdup(export->path);
		job->rest = strdup(req->rest);
		job->if_version = if_version ? strdup(if_version) : NULL;
		asker_init(&job->asker, req);
	}
	if (!job || !job->root || !job->rest || (if_version && !job->if_version)) {
		if (job) {
			fs_job_destroy(job);
		}
		req_fail(req, OP_EIO, "out of memory");
		return NULL;
	}
	job->finish = finish;
	req->data = job;
	req->events = events;
	return job;
}

static void run_close(void *data) {
	close((int)(intptr_t)data);
}

static void close_done(void *data, bool cancelled) {
	if (cancelled) {
		run_close(data);
	}
}

// With the last descriptor of a file without a name its blocks are freed: of a large one, that takes long.
static void close_file(const struct fs_job *job) {
	struct work_pool *pool = job->fs->env->pool;
	struct stat st;
	bool frees = fstat(job->fd, &st) == 0 && st.st_nlink == 0 &&
		st.st_size > LARGE;
	void *data = (void *)(intptr_t)job->fd;
	if (!frees || !pool || !work_add(pool, run_close, close_done, data)) {
		run_close(data);
	}
}

void fs_job_destroy(void *data) {
	struct fs_job *job = data;
	if (job->timer) {
		wl_event_source_remove(job->timer);
		job->fs->waiting--;
	}
	if (job->finish) {
		job->finish(job);
	}
	if (job->fd >= 0) {
		close_file(job);
	}
	free(job->root);
	free(job->rest);
	free(job->if_version);
	free(job);
}

void fs_job_gone(struct req *req) {
	struct fs_job *job = req->data;
	job->req = NULL;
	if (!job->running) {
		fs_job_destroy(job);
	}
}

void fs_job_run_in(void *data, struct work_pool *pool, void (*run)(void *job),
		void (*done)(void *job, bool cancelled)) {
	struct fs_job *job = data;
	job->running = true;
	if (!pool || !work_add(pool, run, done, job)) {
		job->running = false;
		job->error = ENOMEM;
		fs_job_refuse(job);
	}
}

void fs_job_run(void *data, void (*run)(void *job), void (*done)(void *job, bool cancelled)) {
	struct fs_job *job = data;
	fs_job_run_in(job, job->fs->env->pool, run, done);
}

static int handle_time(void *data) {
	struct fs_job *job = data;
	wl_event_source_remove(job->timer);
	job->timer = NULL;
	job->fs->waiting--;
	struct req *req = job->req;
	fs_job_destroy(job);
	box_serve_anew(req); // what he may do can have been taken from him meanwhile
	return 0;
}

void fs_job_run_later(void *data) {
	struct fs_job *job = data;
	struct fs *fs = job->fs;
	if (fs->waiting == WAITING_MAX) {
		op_refuse(&job->why, OP_EQUOTA, "%d callers wait for changes here already: ask again later",
			WAITING_MAX);
		fs_job_refuse(job);
		return;
	}
	job->timer = wl_event_loop_add_timer(fs->env->loop, handle_time, job);
	if (!job->timer) {
		fs_job_fail(job, ENOMEM);
		fs_job_refuse(job);
		return;
	}
	fs->waiting++;
	wl_event_source_timer_update(job->timer, LOOK_MS);
}

bool fs_job_is_back(void *data) {
	struct fs_job *job = data;
	job->running = false;
	if (!job->req) {
		fs_job_destroy(job);
		return false;
	}
	if (job->error || job->why.code != OP_OK) {
		fs_job_refuse(job);
		return false;
	}
	return true;
}

static void refuse_errno(struct req *req, int error) {
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
		req_fail(req, OP_EIO, "No space left on that disk; what was there before is there still");
		break;
	default:
		req_fail(req, OP_EIO, "%s", strerror(error));
	}
}

void fs_job_refuse(void *data) {
	struct fs_job *job = data;
	struct req *req = job->req;
	int error = job->error;
	struct op_refusal why = job->why;
	fs_job_destroy(job);
	if (why.code == OP_OK && req->answered) {
		op_refuse(&why, OP_EIO, "%s", strerror(error));
	}
	if (req->answered) {
		req_end_fail(req, why.code, "%s", why.sentence);
	} else if (why.code != OP_OK) {
		req_refuse(req, &why);
	} else {
		refuse_errno(req, error);
	}
}

bool fs_job_fail(void *data, int error) {
	struct fs_job *job = data;
	job->error = error;
	return false;
}
