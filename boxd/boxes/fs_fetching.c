/* SPDX-License-Identifier: MIT */
/*
 * fs_fetching.c - the bytes of one box of a replica: a getmem there is a put here, and lands by the
 * rules (fs_land.c). Which are fetched when is fs_replica.c's.
 */
#include "boxes/fs_replica.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxes/fs_put.h"
#include "fetch.h"

/* Bytes that land. */

struct landing {
	struct fs_landing landing; // first
	struct history *history;
	struct fs_parties parties;
	struct fs_theirs *theirs;
};

static bool landing_land(struct fs_landing *base, struct fs_job *job, int dir, const char *temporary,
		bool *taken) {
	struct landing *landing = (struct landing *)base;
	if (!history_lock(landing->history)) {
		return fs_job_fail(job, errno);
	}
	bool good = fs_land(job, landing->history, landing->theirs, &landing->parties, dir, temporary,
		taken);
	history_unlock(landing->history);
	return good;
}

static void landing_destroy(struct fs_landing *base) {
	struct landing *landing = (struct landing *)base;
	fs_theirs_destroy(landing->theirs);
	free(landing);
}

static struct fs_landing *landing_create(const struct replica *replica,
		const struct fs_theirs *theirs) {
	const struct fs_export *export = replica->box->data;
	struct landing *landing = calloc(1, sizeof(*landing));
	if (landing) {
		landing->landing = (struct fs_landing){.land = landing_land, .destroy = landing_destroy};
		landing->history = export->history;
		landing->parties = replica->parties;
		landing->theirs = fs_theirs_copy(theirs);
	}
	if (landing && !landing->theirs) {
		free(landing);
		landing = NULL;
	}
	return landing ? &landing->landing : NULL;
}

/* One fetch: a getmem there is a put here. */

struct fetching {
	struct wl_list link; // replica.fetches
	struct replica *replica;
	struct fs_theirs *theirs;
	struct fetch *fetch;    // NULL: it has ended
	struct op_refusal why;  // what went wrong first
	bool theirs_failed;     // on the device's side
	struct op_head head;
	struct subject subject;
	struct req req;
	bool over;              // of the put
	bool inside;            // a call into the put: it is not finished in there
};

static void fetching_destroy(struct fetching *fetching) {
	fetch_destroy(fetching->fetch);
	wl_list_remove(&fetching->link);
	req_finish(&fetching->req);
	op_head_finish(&fetching->head);
	free(fetching);
}

// A box that has changed or gone there meanwhile is heard of again.
static bool is_news(const struct op_refusal *why) {
	return why->code == OP_ESTALE || why->code == OP_ENOENT;
}

static void finish(struct fetching *fetching) {
	struct replica *replica = fetching->replica;
	struct fs_theirs *theirs = fetching->theirs;
	wl_list_init(&theirs->link);
	if (fetching->why.code == OP_OK || (fetching->theirs_failed && is_news(&fetching->why))) {
		replica_drop(replica, theirs);
	} else {
		replica_trouble(replica, &fetching->why, theirs->path);
		wl_list_insert(replica->again.prev, &theirs->link);
	}
	replica->unsaved = true;
	fetching_destroy(fetching);
	replica_go_on(replica);
}

static void finish_if_over(struct fetching *fetching) {
	if (fetching->over && !fetching->inside) {
		finish(fetching);
	}
}

static void put_head(struct req *req, const struct op_head *head) {
	struct fetching *fetching = wl_container_of(req, fetching, req);
	if (fetching->why.code == OP_OK) {
		fetching->why = head->refusal;
	}
}

static void put_bytes(struct req *req, const void *bytes, size_t size) {
}

static void put_end(struct req *req, const struct op_head *trailer) {
	struct fetching *fetching = wl_container_of(req, fetching, req);
	fetching->over = true;
	finish_if_over(fetching);
}

static void put_abort(struct req *req) {
	put_end(req, NULL);
}

static void put_pause(struct req *req, bool paused) {
	struct fetching *fetching = wl_container_of(req, fetching, req);
	if (fetching->fetch) {
		fetch_pause(fetching->fetch, paused);
	}
}

static size_t put_queued(const struct req *req) {
	return 0;
}

static const struct req_carrier put_carrier = {
	.head = put_head,
	.bytes = put_bytes,
	.end = put_end,
	.abort = put_abort,
	.pause = put_pause,
	.queued = put_queued,
};

static void fetch_bytes(void *data, const void *bytes, size_t size) {
	struct fetching *fetching = data;
	fetching->inside = true;
	fetching->req.events->data(&fetching->req, bytes, size);
	fetching->inside = false;
	finish_if_over(fetching);
}

static void fetch_ended(void *data, const struct op_refusal *why) {
	struct fetching *fetching = data;
	fetching->fetch = NULL;
	fetching->inside = true;
	if (why->code == OP_OK) {
		fetching->req.events->end(&fetching->req);
	} else {
		fetching->why = *why;
		fetching->theirs_failed = true;
		req_gone(&fetching->req);
		fetching->over = true;
	}
	fetching->inside = false;
	finish_if_over(fetching);
}

// The bytes of a folder are got by the folder's name.
static void set_source(const char *below, char out[static OP_MAX_NAME + 1]) {
	snprintf(out, OP_MAX_NAME + 1, "%s", below);
	char *last = strrchr(out, '/');
	if (last && strcmp(last + 1, FS_BYTES) == 0) {
		last[last == out] = '\0';
	}
}

bool fetching_begin(struct replica *replica, struct fs_theirs *theirs) {
	static const struct fetch_events events = {.bytes = fetch_bytes, .ended = fetch_ended};
	struct fetching *fetching = calloc(1, sizeof(*fetching));
	struct fs_landing *landing = fetching ? landing_create(replica, theirs) : NULL;
	char *name = box_name(replica->box), source[OP_MAX_NAME + 1];
	if (!landing || !name) {
		free(fetching);
		free(name);
		if (landing) {
			landing->destroy(landing);
		}
		return false;
	}
	set_source(theirs->below, source);
	wl_list_remove(&theirs->link);
	wl_list_init(&theirs->link);
	fetching->replica = replica;
	fetching->theirs = theirs;
	fetching->subject = replica->by->subject;
	wl_list_insert(&replica->fetches, &fetching->link);
	op_head_init_request(&fetching->head, OP_PUTMEM);
	op_setf(&fetching->head, OP_F_NAME, "%s/%s", name, theirs->path);
	op_set_body(&fetching->head, OP_BODY_CHUNKS, 0);
	free(name);
	req_init(&fetching->req, &put_carrier, &fetching->head, &fetching->subject);
	fetching->req.box = replica->box;
	fetching->req.rest = theirs->path;
	fetching->fetch = fetch_create(replica->fs->env->fetcher, replica->by->device, source,
		theirs->version, &fetching->subject, &events, fetching);
	fetching->inside = true;
	fs_put_landing(replica->box, &fetching->req, landing);
	if (!fetching->fetch && !fetching->over) {
		op_refuse(&fetching->why, OP_EIO, "out of memory");
		req_gone(&fetching->req);
		fetching->over = true;
	}
	fetching->inside = false;
	finish_if_over(fetching);
	return true;
}

void fetchings_drop(struct replica *replica) {
	struct fetching *fetching, *next;
	wl_list_for_each_safe(fetching, next, &replica->fetches, link) {
		req_gone(&fetching->req);
		wl_list_init(&fetching->theirs->link);
		replica_drop(replica, fetching->theirs);
		fetching_destroy(fetching);
	}
}
