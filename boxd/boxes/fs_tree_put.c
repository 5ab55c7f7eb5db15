/* SPDX-License-Identifier: MIT */
/*
 * fs_tree_put.c - a tar stream into a folder of a store.
 *
 * It is unpacked into a hidden folder beside the name. When it is whole the file system is synced
 * once, and then a new folder gets its name, by one rename; into a folder that was there already
 * what came is moved file by file, each seen whole. A stream that breaks off, or that names what may
 * not be, leaves nothing.
 */
#include "boxes/fs_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boxes/fs_both.h"

#define QUEUE_MAX (1024 * 1024) // bytes held for a slow disk before the caller is paused

struct unpacking {
	struct fs_tree tree;
	struct buf in;     // not in the pipe yet
	bool ended;        // the caller has said all
	atomic_bool whole; // and all of it is in the pipe, which is closed behind that
	// the thread's
	int dir, folder;   // of the name, and the hidden one; -1: not open
	char temporary[FS_TEMPORARY_SIZE]; // "": not there
};

static void unpacking_finish(void *data) {
	struct unpacking *unpacking = data;
	struct fs_tree *tree = &unpacking->tree;
	fs_tree_close(tree);
	if (tree->thread_end >= 0) {
		close(tree->thread_end);
	}
	wl_list_remove(&tree->link);
	buf_finish(&unpacking->in);
}

/* On a thread. */

static bool open_temporary(struct unpacking *unpacking) {
	struct fs_job *job = &unpacking->tree.job;
	fs_sweep(job, unpacking->dir, 86400);
	fs_name_temporary(job, unpacking->temporary);
	if (mkdirat(unpacking->dir, unpacking->temporary, 0777) < 0) {
		unpacking->temporary[0] = '\0';
		return fs_job_fail(job, errno);
	}
	unpacking->folder = openat(unpacking->dir, unpacking->temporary,
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return unpacking->folder >= 0 ? fs_set_maker(job, unpacking->folder) : fs_job_fail(job, errno);
}

static bool look_at_folder(struct fs_job *job, int dir, bool *is_there) {
	struct stat there;
	if (!fs_look(job, dir, &there, is_there)) {
		return false;
	}
	if (*is_there && !S_ISDIR(there.st_mode)) {
		op_refuse(&job->why, OP_EEXIST, "%.150s is a file, and a folder was sent: delete it first, or "
			"choose another name", job->rest);
		return false;
	}
	return true;
}

static bool give_name(struct unpacking *unpacking) {
	struct fs_job *job = &unpacking->tree.job;
	int failed = renameat2(unpacking->dir, unpacking->temporary, unpacking->dir, fs_last_name(job),
		RENAME_NOREPLACE);
	if (failed && errno == EINVAL) { // a file system that cannot promise it: we have looked
		failed = renameat(unpacking->dir, unpacking->temporary, unpacking->dir, fs_last_name(job));
	}
	if (failed) {
		return fs_job_fail(job, errno);
	}
	unpacking->temporary[0] = '\0';
	return true;
}

// What is new in a folder is the maker's; what was there keeps whose it is. The top is one he may put to.
static bool keep(struct fs_tree *tree, int from, int to, const char *name, bool there) {
	struct fs_job *job = &tree->job;
	struct stat st;
	bool good = true;
	if ((!there && !job->asker.makes) || fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			S_ISLNK(st.st_mode)) {
		return true; // a link that is moved over a file has none
	}
	int fd = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		return fs_job_fail(job, errno);
	}
	if (!there || !fs_has_same_rights(fd, to, name)) {
		good = there ? fs_keep_rights(job, fd, to, name) : fs_set_maker(job, fd);
		good = good && (fsync(fd) == 0 || fs_job_fail(job, errno));
	}
	close(fd);
	return good;
}

static bool place(void *data, int from, int to, const char *name, bool there, bool move,
		struct tree_trouble *trouble) {
	struct fs_tree *tree = data;
	struct fs_asker *asker = &tree->job.asker;
	struct perm_path rights;
	bool known = fs_tree_rights(tree, to, &rights), decided = false;
	asker->makes = known && letters_allow(rights.letters, 'm') == PERM_YES &&
		strcmp(asker->subject.person, rights.owner) != 0;
	if (known && there && fs_is_box(name)) {
		decided = fs_rights_in(&rights, to, name);
	}
	enum perm perm = known ? letters_allow(rights.letters, 'p') : PERM_NO;
	if (perm == PERM_NO || (perm == PERM_ASK && (decided || asker->given != 'p'))) {
		*trouble = (struct tree_trouble){.error = EPERM};
		snprintf(trouble->what, sizeof(trouble->what), "%.300s is %s's, and %s may not put anything "
			"in its place", name, known ? rights.owner : "another", asker->subject.person);
		return false;
	}
	if (move && !keep(tree, from, to, name, there)) {
		*trouble = (struct tree_trouble){.error = EIO};
		snprintf(trouble->what, sizeof(trouble->what), "%.300s: its owner and rights cannot be kept",
			name);
		return false;
	}
	return true;
}

static bool merge(struct unpacking *unpacking) {
	struct fs_job *job = &unpacking->tree.job;
	struct tree_rules rules = {.place = place, .data = &unpacking->tree};
	int into = openat(unpacking->dir, fs_last_name(job),
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (into < 0) {
		return fs_job_fail(job, errno);
	}
	bool good = tree_merge(unpacking->folder, into, &rules, &unpacking->tree.trouble) ||
		fs_tree_failed(&unpacking->tree);
	close(into);
	return good;
}

static bool commit(struct unpacking *unpacking) {
	struct fs_job *job = &unpacking->tree.job;
	bool is_there;
	if (syncfs(unpacking->folder) < 0) {
		return fs_job_fail(job, errno);
	}
	fs_lock();
	bool good = look_at_folder(job, unpacking->dir, &is_there) &&
		(is_there ? merge(unpacking) : give_name(unpacking));
	fs_unlock();
	if (good && (fsync(unpacking->dir) < 0 ||
			fstatat(unpacking->dir, fs_last_name(job), &job->st, AT_SYMLINK_NOFOLLOW) < 0)) {
		good = fs_job_fail(job, errno);
	}
	return good;
}

static bool unpack(struct unpacking *unpacking) {
	struct fs_tree *tree = &unpacking->tree;
	bool is_there;
	struct tree_rules rules = {
		.acl = strcmp(tree->job.asker.subject.person, tree->job.asker.owner) == 0,
	};
	if (!fs_open_parent(&tree->job, &unpacking->dir) ||
			!look_at_folder(&tree->job, unpacking->dir, &is_there) || !open_temporary(unpacking)) {
		return false;
	}
	if (!tree_unpack(tree->thread_end, unpacking->folder, fs_is_stored, &rules,
			&tree->trouble)) {
		return fs_tree_failed(tree);
	}
	// A stream that was cut at the right place looks whole.
	return unpacking->whole ? commit(unpacking) : fs_job_fail(&tree->job, ECANCELED);
}

static void run_unpack(void *data) {
	struct unpacking *unpacking = data;
	unpack(unpacking);
	fs_tree_close_thread(&unpacking->tree); // who writes more is told so
	if (unpacking->folder >= 0) {
		close(unpacking->folder);
	}
	if (unpacking->temporary[0]) {
		tree_remove(unpacking->dir, unpacking->temporary);
	}
	if (unpacking->dir >= 0) {
		close(unpacking->dir);
	}
}

/* In the loop. */

static void unpack_done(void *data, bool cancelled) {
	struct unpacking *unpacking = data;
	if (cancelled) {
		fs_job_fail(unpacking, ECANCELED);
	}
	if (fs_job_is_back(unpacking)) {
		struct req *req = unpacking->tree.job.req;
		fs_describe(req_reply(req), &unpacking->tree.job.st, NULL);
		fs_job_destroy(unpacking);
		req_ok(req);
	}
}

static int handle_writable(int fd, uint32_t mask, void *data);

// As much as the pipe takes. What a thread that has given up does not take is dropped.
static void pass_on(struct unpacking *unpacking) {
	struct fs_tree *tree = &unpacking->tree;
	while (unpacking->in.size > 0 && tree->loop_end >= 0) {
		ssize_t n = write(tree->loop_end, buf_front(&unpacking->in), unpacking->in.size);
		if (n > 0) {
			buf_drop(&unpacking->in, (size_t)n);
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			fs_tree_close(tree);
		}
	}
	if (tree->loop_end < 0) {
		buf_drop(&unpacking->in, unpacking->in.size);
	} else if (unpacking->in.size == 0 && unpacking->ended) {
		unpacking->whole = true;
		fs_tree_close(tree);
	} else if (unpacking->in.size > 0 && !tree->source) {
		tree->source = wl_event_loop_add_fd(tree->job.fs->env->loop, tree->loop_end,
			WL_EVENT_WRITABLE, handle_writable, unpacking);
	} else if (unpacking->in.size == 0 && tree->source) {
		wl_event_source_remove(tree->source);
		tree->source = NULL;
	}
	req_pause(tree->job.req, unpacking->in.size > QUEUE_MAX);
}

static int handle_writable(int fd, uint32_t mask, void *data) {
	pass_on(data);
	return 0;
}

static void unpack_data(struct req *req, const void *bytes, size_t size) {
	struct unpacking *unpacking = req->data;
	if (!buf_append(&unpacking->in, bytes, size)) {
		fs_tree_close(&unpacking->tree); // the thread ends, as of a broken stream
		return;
	}
	pass_on(unpacking);
}

static void unpack_end(struct req *req) {
	struct unpacking *unpacking = req->data;
	unpacking->ended = true;
	pass_on(unpacking);
}

void fs_tree_put(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = unpack_data, .end = unpack_end, .gone = fs_tree_gone,
	};
	if (fs_refuse_root(req)) {
		return;
	}
	if (op_has(req->head, OP_F_OFFSET)) {
		req_fail(req, OP_EARG, "a folder is put as a whole, not from an offset");
		return;
	}
	struct unpacking *unpacking = fs_tree_create(sizeof(*unpacking), box, req, false, &events,
		unpacking_finish);
	if (unpacking) {
		unpacking->dir = unpacking->folder = -1;
		buf_init(&unpacking->in);
		fs_job_run_in(unpacking, fs_tree_pool(unpacking->tree.job.fs), run_unpack, unpack_done);
	}
}
