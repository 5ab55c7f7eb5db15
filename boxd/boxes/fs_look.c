/* SPDX-License-Identifier: MIT */
/*
 * fs_look.c - what is looked at before anything below an export is served: what the name leads to
 * without links, and who may do what with it. The name is served as it was found here, through no link,
 * so nobody gets by another way what he may not get by this one.
 */
#include "boxes/fs_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boxes/fs_link.h"

struct looking {
	struct fs_job job;
	bool last_is_no_link; // of the last component only what stands there counts
	bool last_is_new;     // nor that: what is asked is to make it
	struct req_found *found;
};

static void found_free(struct req_found *found) {
	if (found) {
		free(found->list);
		free(found->rest);
		free(found);
	}
}

static void looking_finish(void *data) {
	struct looking *looking = data;
	found_free(looking->found);
}

/* On a thread. */

char *fs_rest_of(const struct fs_job *job, int fd) {
	char link[32], root[PATH_MAX], path[PATH_MAX];
	int top = fs_open_beneath(job->root, "", O_PATH | O_DIRECTORY);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", top);
	ssize_t size = top >= 0 ? readlink(link, root, sizeof(root)) : -1;
	if (top >= 0) {
		close(top);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t whole = readlink(link, path, sizeof(path));
	if (size <= 0 || whole < size || whole == sizeof(path) || memcmp(root, path, (size_t)size) != 0) {
		return NULL;
	}
	size -= root[size - 1] == '/';
	if (whole > size && path[size] != '/') {
		return NULL;
	}
	size += whole > size;
	return strndup(path + size, (size_t)(whole - size));
}

// How much of the name there is, its links followed; as what is left without them. NULL: no memory.
static char *resolve(const struct looking *looking, const char **left) {
	const struct fs_job *job = &looking->job;
	char *at = strdup(job->rest), *real = NULL;
	size_t size = at ? strlen(at) : 0;
	if (at && looking->last_is_no_link) {
		size = (size_t)(fs_last_name(job) - job->rest);
		size -= size > 0;
	}
	while (at && !real) {
		at[size] = '\0';
		int fd = fs_follow_beneath(job->root, at, O_PATH);
		real = fd >= 0 ? fs_rest_of(job, fd) : NULL;
		if (fd >= 0) {
			close(fd);
		}
		if (size == 0) {
			break;
		}
		if (!real) {
			const char *slash = strrchr(at, '/');
			size = slash ? (size_t)(slash - at) : 0;
		}
	}
	free(at);
	*left = job->rest + size + (job->rest[size] == '/');
	return real ? real : strdup(""); // the folder is gone: whoever serves it says so
}

static bool join(struct req_found *found, const char *real, const char *left) {
	return asprintf(&found->rest, "%s%s%s", real, *real && *left ? "/" : "", left) >= 0;
}

// NULL: no memory.
static struct req_found *settle(struct req_found *found, const struct perm_path *path,
		size_t decided) {
	found->list = strndup(found->rest, decided);
	strcpy(found->letters, path->letters);
	strcpy(found->owner, path->owner);
	if (!found->list) {
		found_free(found);
		return NULL;
	}
	return found;
}

static void run_look(void *data) {
	struct looking *looking = data;
	struct fs_job *job = &looking->job;
	struct req_found *found = calloc(1, sizeof(*found));
	struct perm_path path;
	const char *left;
	size_t decided = 0;
	char *real = found ? resolve(looking, &left) : NULL;
	if (!real || !join(found, real, left)) {
		free(real);
		free(found);
		return;
	}
	// What is there at the last place has its say, unless it is a link, or would be made.
	bool whole = *left && !strchr(left, '/') && looking->last_is_no_link && !looking->last_is_new;
	if (!whole || !fs_rights_on(job, found->rest, &path, &decided)) {
		fs_rights_on(job, real, &path, &decided);
	}
	free(real);
	looking->found = settle(found, &path, decided);
}

/* In the loop. */

static void look_done(void *data, bool cancelled) {
	struct looking *looking = data;
	if (fs_job_is_back(looking)) {
		struct req *req = looking->job.req;
		struct req_found *found = looking->found;
		looking->found = NULL;
		fs_job_destroy(looking);
		box_found(req, found);
	}
}

// A link is seen by who may list what it is a link of.
static void look_done_link(void *data, bool cancelled) {
	struct looking *looking = data;
	if (fs_job_is_back(looking)) {
		struct req *req = looking->job.req;
		bool listed = looking->found && letters_allow(looking->found->letters, 's') == PERM_YES;
		fs_job_destroy(looking);
		struct box *link = listed ? fs_link_named(req->box, req->rest, NULL) : NULL;
		if (link) {
			box_found_box(req, link);
		} else {
			box_no_such(req);
		}
	}
}

static void look_up_link(struct box *box, struct req *req, const char *folder) {
	static const struct req_events events = {.gone = fs_job_gone};
	const char *rest = req->rest;
	req->rest = folder;
	struct looking *looking = fs_job_create(sizeof(*looking), box, req, &events, looking_finish);
	if (looking) { // else the request is gone
		req->rest = rest;
		fs_job_run(looking, run_look, look_done_link);
	}
}

void fs_look_up(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone};
	struct fs_export *export = box->data;
	const char *folder;
	if (fs_link_named(box, req->rest, &folder)) {
		look_up_link(box, req, folder);
		return;
	}
	enum op_verb verb = req->head->verb;
	struct req_found *found = verb == OP_GETMEM ? fs_look_at_hand(export, req) : NULL;
	if (found) {
		box_found(req, found);
		fs_leave_at_hand(export);
		return;
	}
	struct looking *looking = fs_job_create(sizeof(*looking), box, req, &events, looking_finish);
	if (looking) { // else it was refused
		looking->last_is_new = verb == OP_MAKE;
		looking->last_is_no_link = verb == OP_MAKE || verb == OP_PUTMEM || verb == OP_DELETE ||
			verb == OP_CHINFO || verb == OP_LINK;
		fs_job_run(looking, run_look, look_done);
	}
}

/* Leave that somebody gave for always. */

struct allowing {
	struct fs *fs;
	char *root, *rest, *line;
};

static void allowing_destroy(struct allowing *allowing) {
	free(allowing->root);
	free(allowing->rest);
	free(allowing->line);
	free(allowing);
}

static void run_allow(void *data) {
	struct allowing *allowing = data;
	struct fs_job job = {.fs = allowing->fs, .fd = -1};
	struct perm_step step;
	int fd = fs_open_beneath(allowing->root, allowing->rest, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		return; // gone meanwhile
	}
	fs_lock();
	fs_read_step(fd, "", &step);
	if (!step.broken && acl_set(&step.acl, allowing->line, NULL) == OP_OK &&
			fs_set_acl(&job, fd, &step.acl)) {
		fsync(fd);
	}
	fs_unlock();
	close(fd);
}

static void allow_done(void *data, bool cancelled) {
	allowing_destroy(data);
}

void fs_allow(struct box *box, const char *rest, const char *line) {
	const struct fs_export *export = box->data;
	struct allowing *allowing = calloc(1, sizeof(*allowing));
	if (!allowing) {
		return;
	}
	allowing->fs = export->fs;
	allowing->root = strdup(export->path);
	allowing->rest = strdup(rest);
	allowing->line = strdup(line);
	if (!allowing->root || !allowing->rest || !allowing->line ||
			!work_add(export->fs->env->pool, run_allow, allow_done, allowing)) {
		allowing_destroy(allowing);
	}
}
