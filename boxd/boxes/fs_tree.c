/* SPDX-License-Identifier: MIT */
/*
 * fs_tree.c - folders that go out whole, as a tar stream; and the pipe between the loop and a thread
 * that those that come in (fs_tree_put.c) use too. What a tree is, is base/tree.h's.
 *
 * A thread waits here for whoever takes the stream, so trees have threads of their own, and nobody
 * else's files wait for a slow peer. One person has a few of them at most.
 */
#include "boxes/fs_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boxes/fs_both.h"

#define TREES_EACH 4           // of one person
#define PIPE_SIZE (1024 * 1024)
#define PIECE (256 * 1024)     // read from a pipe at once

struct packing {
	struct fs_tree tree;
	bool ended;  // the pipe has said all
	bool packed; // the thread has
	uint8_t *piece;
};

void fs_tree_close(struct fs_tree *tree) {
	if (tree->source) {
		wl_event_source_remove(tree->source);
		tree->source = NULL;
	}
	if (tree->loop_end >= 0) {
		close(tree->loop_end);
		tree->loop_end = -1;
	}
}

void fs_tree_close_thread(struct fs_tree *tree) {
	close(tree->thread_end);
	tree->thread_end = -1;
}

void fs_tree_gone(struct req *req) {
	struct fs_tree *tree = req->data;
	fs_tree_close(tree);
	fs_job_gone(req);
}

static bool has_many(const struct fs *fs, const char *person) {
	const struct fs_tree *tree;
	int count = 0;
	wl_list_for_each(tree, &fs->moving, link) {
		count += strcmp(tree->person, person) == 0;
	}
	return count >= TREES_EACH;
}

static bool open_pipe(struct fs_tree *tree, bool reads) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return fs_job_fail(tree, errno);
	}
	tree->loop_end = ends[reads ? 0 : 1];
	tree->thread_end = ends[reads ? 1 : 0];
	fcntl(tree->loop_end, F_SETFL, O_NONBLOCK);
	fcntl(tree->loop_end, F_SETPIPE_SZ, PIPE_SIZE); // it may stay smaller: then it takes longer
	return true;
}

void *fs_tree_create(size_t size, struct box *box, struct req *req, bool reads,
		const struct req_events *events, void (*finish)(void *tree)) {
	struct fs *fs = ((struct fs_export *)box->data)->fs;
	if (has_many(fs, req->subject->person)) {
		req_fail(req, OP_EQUOTA, "%s has %d folders under way here: let one end first",
			req->subject->person, TREES_EACH);
		return NULL;
	}
	struct fs_tree *tree = fs_job_create(size, box, req, events, NULL);
	if (!tree) {
		return NULL;
	}
	tree->loop_end = tree->thread_end = -1;
	tree->job.finish = finish;
	snprintf(tree->person, sizeof(tree->person), "%s", req->subject->person);
	wl_list_insert(&fs->moving, &tree->link);
	if (!open_pipe(tree, reads)) {
		fs_job_refuse(tree);
		return NULL;
	}
	return tree;
}

bool fs_tree_rights(struct fs_tree *tree, int dir, struct perm_path *rights) {
	struct stat st;
	if (fstat(dir, &st) < 0) {
		return false;
	}
	if (!tree->has_folder || tree->dev != st.st_dev || tree->ino != st.st_ino) {
		tree->has_folder = fs_rights_at(&tree->job, dir, &tree->rights);
		tree->dev = st.st_dev;
		tree->ino = st.st_ino;
	}
	*rights = tree->rights;
	return tree->has_folder;
}

bool fs_tree_failed(struct fs_tree *tree) {
	const struct tree_trouble *trouble = &tree->trouble;
	bool theirs = trouble->error == EINVAL || trouble->error == EEXIST || trouble->error == E2BIG;
	op_refuse(&tree->job.why, theirs ? trouble->error == E2BIG ? OP_E2BIG : OP_EARG :
		trouble->error == EACCES || trouble->error == EPERM ? OP_EPERM : OP_EIO, "%s",
		trouble->what);
	return false;
}

/* A getmem. */

static void packing_finish(void *data) {
	struct packing *packing = data;
	fs_tree_close(&packing->tree);
	if (packing->tree.thread_end >= 0) {
		close(packing->tree.thread_end);
	}
	wl_list_remove(&packing->tree.link);
	free(packing->piece);
}

// What he may not see is not there for him. Leave that he got for the folder holds for what is in it, but
// for what has a list of its own.
static enum tree_part part(void *data, int dir, const char *name) {
	struct fs_tree *tree = data;
	const struct fs_asker *asker = &tree->job.asker;
	struct perm_path rights;
	if (!fs_tree_rights(tree, dir, &rights)) {
		return TREE_WITHOUT;
	}
	bool decided = *name && fs_is_box(name) && fs_rights_in(&rights, dir, name);
	enum perm perm = letters_allow(rights.letters, 'g');
	if (letters_allow(rights.letters, 'k') != PERM_YES) {
		return TREE_WITHOUT;
	}
	if (perm == PERM_NO || (perm == PERM_ASK && (decided || asker->given != 'g'))) {
		return TREE_REFUSED;
	}
	return strcmp(asker->subject.person, asker->owner) == 0 &&
		strcmp(rights.owner, asker->owner) == 0 && (!*name || fs_is_box(name)) ? TREE_WITH_ACL :
		TREE_WITH;
}

static void run_pack(void *data) {
	struct packing *packing = data;
	struct fs_tree *tree = &packing->tree;
	struct tree_rules rules = {.part = part, .data = tree};
	if (!tree_pack(tree->job.fd, tree->thread_end, fs_is_stored, &rules, &tree->trouble)) {
		fs_tree_failed(tree);
	}
	fs_tree_close_thread(tree);
}

static void packing_over(struct packing *packing) {
	if (packing->ended && packing->packed && fs_job_is_back(packing)) {
		struct req *req = packing->tree.job.req;
		fs_job_destroy(packing);
		req_end(req, NULL);
	}
}

static void pack_done(void *data, bool cancelled) {
	struct packing *packing = data;
	packing->packed = true;
	packing->tree.job.running = false; // what is left of it is the loop's
	if (!packing->tree.job.req || cancelled) {
		fs_job_destroy(packing);
		return;
	}
	packing_over(packing);
}

static bool pack_listen(struct packing *packing);

static int handle_packed(int fd, uint32_t mask, void *data) {
	struct packing *packing = data;
	struct fs_tree *tree = &packing->tree;
	ssize_t n = read(fd, packing->piece, PIECE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (n <= 0) {
		fs_tree_close(tree);
		packing->ended = true;
		packing_over(packing);
	} else if (!req_write(tree->job.req, packing->piece, (size_t)n)) {
		wl_event_source_remove(tree->source); // a hang-up would be told again and again
		tree->source = NULL;
	}
	return 0;
}

static bool pack_listen(struct packing *packing) {
	struct fs_tree *tree = &packing->tree;
	if (!tree->source && tree->loop_end >= 0) {
		tree->source = wl_event_loop_add_fd(tree->job.fs->env->loop, tree->loop_end,
			WL_EVENT_READABLE, handle_packed, packing);
	}
	return tree->source;
}

static void pack_drained(struct req *req) {
	pack_listen(req->data);
}

void fs_tree_get(struct box *box, struct req *req, int fd) {
	static const struct req_events events = {.gone = fs_tree_gone, .drained = pack_drained};
	struct packing *packing = fs_tree_create(sizeof(*packing), box, req, true, &events,
		packing_finish);
	if (!packing) {
		close(fd);
		return;
	}
	struct fs_tree *tree = &packing->tree;
	tree->job.fd = fd;
	packing->piece = malloc(PIECE);
	if (!packing->piece || !pack_listen(packing) || !fs_tree_pool(tree->job.fs)) {
		fs_job_fail(tree, ENOMEM);
		fs_job_refuse(tree);
		return;
	}
	op_set(req_reply(req), OP_F_TYPE, "tar");
	req_ok_open(req, OP_BODY_CHUNKS, 0);
	fs_job_run_in(packing, fs_tree_pool(tree->job.fs), run_pack, pack_done);
}
