/* SPDX-License-Identifier: MIT */
/*
 * fs_replica.c - one box of a store that follows a device: hears its history (fs_hear.c), does what the
 * rules say of each box in it, and has what bytes that needs fetched (fs_fetching.c).
 *
 * One pass over what was heard runs at a time, on a thread (fs_land.c does the deeds); then its bytes
 * are fetched, some at once, each through the put of every file. What fails is tried again later, and
 * the link's state says why.
 */
#include "boxes/fs_replica.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "config.h"
#include "quic/quic.h"
#include "replica/history.h"

#define FETCHES 4            // at once
#define AGAIN_MS 5000        // until what failed is tried again; twice as long each time, for
#define AGAIN_MAX_MS 300000  // its bytes may be fetched anew each time

static void forget_heard(struct replica *replica);

static void move_all(struct wl_list *to, struct wl_list *from) {
	wl_list_insert_list(to->prev, from);
	wl_list_init(from);
}

void replica_drop(struct replica *replica, struct fs_theirs *theirs) {
	wl_list_remove(&theirs->link);
	replica->behind--;
	replica->bytes -= theirs->bytes;
	fs_theirs_destroy(theirs);
}

static void drop_all(struct replica *replica, struct wl_list *list) {
	struct fs_theirs *theirs, *next;
	wl_list_for_each_safe(theirs, next, list, link) {
		replica_drop(replica, theirs);
	}
}

void replica_trouble(struct replica *replica, const struct op_refusal *why, const char *path) {
	op_refuse(&replica->trouble, why->code, "%.150s: %.300s", path, why->sentence);
}

/* A pass over what was heard. */

struct pass {
	struct replica *replica; // NULL: gone meanwhile
	struct history *history;
	struct fs_job job;       // what the deeds need of one
	struct fs_parties parties;
	struct wl_list work, bytes, failed;
	size_t done, bytes_done;
	struct op_refusal trouble;
	char path[OP_MAX_NAME + 1]; // of that
};

static void note_trouble(struct pass *pass, const char *path) {
	struct fs_job *job = &pass->job;
	pass->trouble = job->why;
	if (job->why.code == OP_OK) {
		op_refuse(&pass->trouble, job->error == EACCES ? OP_EPERM : OP_EIO, "%s", strerror(job->error));
	}
	snprintf(pass->path, sizeof(pass->path), "%s", path);
	job->error = 0;
	job->why.code = OP_OK;
}

static void apply(struct pass *pass, struct fs_theirs *theirs) {
	bool bytes;
	bool good = fs_apply(&pass->job, pass->history, theirs, &pass->parties, &bytes);
	if (!good) {
		note_trouble(pass, theirs->path);
	}
	wl_list_remove(&theirs->link);
	if (!good || bytes) {
		wl_list_insert((good ? &pass->bytes : &pass->failed)->prev, &theirs->link);
	} else {
		pass->bytes_done += theirs->bytes;
		fs_theirs_destroy(theirs);
		pass->done++;
	}
}

static void run_pass(void *data) {
	struct pass *pass = data;
	struct fs_theirs *theirs, *next;
	if (!history_lock(pass->history)) {
		fs_job_fail(&pass->job, errno);
		note_trouble(pass, pass->history->root);
		move_all(&pass->failed, &pass->work);
		return;
	}
	// What is in a folder goes before it, and comes after it.
	wl_list_for_each_reverse_safe(theirs, next, &pass->work, link) {
		if (theirs->what == REPLICA_GONE) {
			apply(pass, theirs);
		}
	}
	wl_list_for_each_safe(theirs, next, &pass->work, link) {
		apply(pass, theirs);
	}
	if (!history_save(pass->history)) {
		fs_job_fail(&pass->job, errno);
		note_trouble(pass, pass->history->file);
	}
	history_unlock(pass->history);
}

static void pass_destroy(struct pass *pass) {
	struct wl_list *const lists[] = {&pass->work, &pass->bytes, &pass->failed};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct fs_theirs *theirs, *next;
		wl_list_for_each_safe(theirs, next, lists[i], link) {
			wl_list_remove(&theirs->link);
			fs_theirs_destroy(theirs);
		}
	}
	free(pass);
}

static void pass_done(void *data, bool cancelled) {
	struct pass *pass = data;
	struct replica *replica = pass->replica;
	if (replica) {
		replica->pass = NULL;
		replica->behind -= pass->done;
		replica->bytes -= pass->bytes_done;
		if (pass->trouble.code != OP_OK) {
			replica_trouble(replica, &pass->trouble, pass->path);
		}
		move_all(&replica->todo, &pass->bytes);
		move_all(&replica->again, &pass->failed);
		move_all(&replica->ready, &pass->work); // cancelled
	}
	pass_destroy(pass);
	if (replica && !cancelled) {
		replica_go_on(replica);
	}
}

static void begin_pass(struct replica *replica) {
	const struct fs_export *export = replica->box->data;
	struct pass *pass = calloc(1, sizeof(*pass));
	if (!pass) {
		return; // with what is heard next
	}
	wl_list_init(&pass->work);
	wl_list_init(&pass->bytes);
	wl_list_init(&pass->failed);
	pass->replica = replica;
	pass->history = export->history;
	pass->parties = replica->parties;
	pass->job = (struct fs_job){.fs = replica->fs, .root = export->path, .fd = -1};
	fs_asker_init(&pass->job.asker, replica->box, &replica->by->subject);
	move_all(&pass->work, &replica->ready);
	if (!work_add(replica->fs->env->pool, run_pass, pass_done, pass)) {
		move_all(&replica->ready, &pass->work);
		pass_destroy(pass);
		return;
	}
	replica->pass = pass;
	replica->whole = replica->unsaved = false;
	if (wl_list_empty(&replica->again)) {
		replica->trouble.code = OP_OK;
	}
}

/* The link. */

static int handle_again(void *data) {
	struct replica *replica = data;
	replica->waits = false;
	move_all(&replica->ready, &replica->again);
	replica->whole = true;
	replica_go_on(replica);
	return 0;
}

static void say_state(struct replica *replica) {
	assert(replica->behind > 0 || replica->bytes == 0);
	if (replica->by) {
		box_changed(replica->by->box);
	}
}

void replica_go_on(struct replica *replica) {
	if (replica->pass) {
		return;
	}
	if (!replica->by || replica->by->state != LINK_UP) {
		forget_heard(replica); // all is told anew
		return;
	}
	while (!wl_list_empty(&replica->todo) && wl_list_length(&replica->fetches) < FETCHES) {
		struct fs_theirs *theirs = wl_container_of(replica->todo.next, theirs, link);
		if (!fetching_begin(replica, theirs)) {
			break;
		}
		if (replica->pass) {
			return; // it had ended in there
		}
	}
	if (!wl_list_empty(&replica->fetches) || !wl_list_empty(&replica->todo)) {
		return;
	}
	if (replica->whole || replica->unsaved) {
		replica->synced = replica->synced || replica->whole;
		begin_pass(replica);
		return;
	}
	if (wl_list_empty(&replica->again)) {
		replica->again_ms = AGAIN_MS;
	} else if (!replica->waits) {
		wl_event_source_timer_update(replica->timer, replica->again_ms);
		replica->waits = true;
		replica->again_ms = replica->again_ms * 2 < AGAIN_MAX_MS ? replica->again_ms * 2 : AGAIN_MAX_MS;
	}
	say_state(replica);
}

static void forget_heard(struct replica *replica) {
	fetchings_drop(replica);
	drop_all(replica, &replica->heard);
	drop_all(replica, &replica->ready);
	drop_all(replica, &replica->todo);
	drop_all(replica, &replica->again);
	buf_drop(&replica->in, replica->in.size);
	origins_finish(&replica->hearing);
	replica->skips = false;
	replica->anew = true;
	replica->left_out = 0;
	wl_event_source_timer_update(replica->timer, 0);
	replica->waits = false;
	replica->again_ms = AGAIN_MS;
	replica->whole = replica->synced = false;
	replica->trouble.code = replica->left_back.code = OP_OK;
}

static void user_request(struct link *link, struct op_head *head) {
	op_set(head, OP_F_WANT, "history");
}

// The other machine's name, as its own person calls it.
static void name_parties(struct replica *replica) {
	const struct box_env *env = replica->fs->env;
	char key[65];
	const char *name;
	struct fs_parties *parties = &replica->parties;
	snprintf(parties->ours, sizeof(parties->ours), "%s", env->config->machine);
	snprintf(parties->theirs, sizeof(parties->theirs), "%s", env->config->machine);
	if (where_split(replica->by->device, key, &name, NULL) == OP_OK && key[0]) {
		const struct peer *peer = env->quic ? quic_peer_by_key(env->quic, key) : NULL;
		snprintf(parties->theirs, sizeof(parties->theirs), "%.63s", peer ? peer->subject.machine : key);
	}
}

static void user_up(struct link *link, const struct op_head *reply) {
	struct replica *replica = link->data;
	replica->by = link;
	forget_heard(replica);
	name_parties(replica);
}

static void user_down(struct link *link) {
	struct replica *replica = link->data;
	forget_heard(replica);
}

static void user_gone(struct link *link) {
	struct replica *replica = link->data;
	struct fs *fs = replica->fs;
	struct box *box = replica->box;
	replica_destroy(replica);
	if (!fs->env->ending) {
		fs_origins_changed(box);
		fs_links_save(fs);
	}
}

static void user_describe(const struct link *link, struct op_head *entry) {
	const struct replica *replica = link->data;
	if (link->state != LINK_UP) {
		return;
	}
	if (replica->trouble.code != OP_OK) {
		op_setf(entry, OP_F_STATE, "waiting %s %s", op_code_name(replica->trouble.code),
			replica->trouble.sentence);
	} else if (replica->left_out > 0) {
		op_setf(entry, OP_F_STATE, "waiting %s left out is what cannot be a box here, %zu of it: %s",
			op_code_name(replica->left.code), replica->left_out, replica->left.sentence);
	}
	if (replica->behind > 0) {
		op_setf(entry, OP_F_TITLE, "%zu behind", replica->behind);
	} else if (replica->synced) {
		op_setf(entry, OP_F_TITLE, "up to date%s%s", replica->left_back.code != OP_OK ? ", but for what leads back: " :
			"", replica->left_back.code != OP_OK ? replica->left_back.sentence : "");
	}
}

static void user_granted(struct link *link) {
	const struct replica *replica = link->data;
	fs_links_save(replica->fs);
}

static void user_made(struct link *link, struct op_head *reply) {
	const struct replica *replica = link->data;
	char *name = box_name(link->io);
	if (name && *replica->rest) {
		op_setf(reply, OP_F_NAME, "%s/%s/%s", name, replica->rest, link->box->name);
	}
	free(name);
}

const struct link_user replica_user = {
	.verb = OP_GETMEM,
	.body = OP_BODY_CHUNKS,
	.prefix = FS_LINK,
	.describe = user_describe,
	.made = user_made,
	.granted = user_granted,
	.request = user_request,
	.up = user_up,
	.data = replica_hear,
	.down = user_down,
	.gone = user_gone,
};

struct replica *replica_create(struct box *box, const char *rest) {
	const struct fs_export *export = box->data;
	struct replica *replica = calloc(1, sizeof(*replica));
	if (!replica) {
		return NULL;
	}
	replica->fs = export->fs;
	replica->box = box;
	replica->rest = strdup(rest);
	buf_init(&replica->in);
	origins_init(&replica->origins);
	origins_init(&replica->hearing);
	origins_init(&replica->back);
	wl_list_init(&replica->link);
	wl_list_init(&replica->heard);
	wl_list_init(&replica->ready);
	wl_list_init(&replica->todo);
	wl_list_init(&replica->again);
	wl_list_init(&replica->fetches);
	replica->timer = wl_event_loop_add_timer(replica->fs->env->loop, handle_again, replica);
	if (!replica->rest || !replica->timer) {
		if (replica->timer) {
			wl_event_source_remove(replica->timer);
		}
		free(replica->rest);
		free(replica);
		return NULL;
	}
	return replica;
}

void replica_begin(struct replica *replica, struct link *link) {
	replica->by = link;
	wl_list_remove(&replica->link);
	wl_list_insert(replica->fs->replicas.prev, &replica->link);
	fs_origins_changed(replica->box);
}

void replica_destroy(struct replica *replica) {
	if (!replica) {
		return;
	}
	forget_heard(replica);
	if (replica->pass) {
		replica->pass->replica = NULL;
	}
	wl_list_remove(&replica->link);
	wl_event_source_remove(replica->timer);
	buf_finish(&replica->in);
	origins_finish(&replica->origins);
	origins_finish(&replica->back);
	free(replica->rest);
	free(replica);
}

const char *replica_rest(const struct replica *replica) {
	return replica->rest;
}

struct link *replica_link(const struct replica *replica) {
	return replica->by;
}

struct origins *replica_origins(struct replica *replica) {
	return &replica->origins;
}

struct replica *replica_next(struct fs *fs, struct replica *before) {
	struct wl_list *next = before ? before->link.next : fs->replicas.next;
	struct replica *replica;
	return next == &fs->replicas ? NULL : wl_container_of(next, replica, link);
}
