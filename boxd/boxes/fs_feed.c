/* SPDX-License-Identifier: MIT */
/*
 * fs_feed.c - getmem of a storage with want history: what is there and what is no more, each with its
 * vector; with live, whatever changes, too. That is what a replica follows.
 *
 * An entry is a head, as in a list of selectors: name below the box ("/" is itself), type, version,
 * size, vector; of type gone with started, since when. One with nothing but name and device says that this
 * box is a replica of the device: what is below it came from there. A head with nothing but version ends
 * what was true at one time.
 */
#include "boxes/fs_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "box/name.h"
#include "boxes/fs_rights.h"
#include "boxes/fs_scan.h"

#define LOOK_MS 500 // between two looks
#define REST 20     // of the time, at least so many times what a look took, nobody looks

struct feed {
	struct fs_job job;
	struct fs_export *export;
	struct history *history;
	uint64_t serial;  // told until here
	unsigned int rights; // fs.rights, when it was
	int64_t next_ms;  // until then there is no look
	struct buf out;
	struct buf origins; // as they were told
	bool looked, live;
	struct wl_event_source *timer; // of the next look; NULL: not waited for
};

static void feed_finish(void *data) {
	struct feed *feed = data;
	if (feed->timer) {
		wl_event_source_remove(feed->timer);
	}
	buf_finish(&feed->out);
	buf_finish(&feed->origins);
}

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* On a thread. */

static void describe_record(struct op_head *head, const struct record *record) {
	struct stat st = {.st_mode = record->what == REPLICA_FOLDER ? S_IFDIR : S_IFREG};
	st.st_ino = record->ino;
	st.st_size = (off_t)record->size;
	st.st_mtim = record->mtime;
	if (record->what == REPLICA_GONE) {
		op_set(head, OP_F_TYPE, "gone");
		op_set_number(head, OP_F_STARTED, (uint64_t)record->gone);
	} else {
		fs_describe(head, &st, record->type[0] ? record->type : NULL);
	}
	if (record->what == REPLICA_FOLDER) {
		op_unset(head, OP_F_VERSION); // what is in it has its own
	}
	op_set(head, OP_F_VECTOR, record->vector);
}

static bool write_entry(struct feed *feed, const struct record *record) {
	const char *below = record->path + strlen(feed->job.rest);
	char name[OP_MAX_NAME + 2];
	struct op_head head;
	snprintf(name, sizeof(name), "/%s", *below == '/' ? below + 1 : below);
	if (name_check(name, NULL) != OP_OK) {
		return true; // too deep to be a box
	}
	op_head_init_entry(&head);
	op_set(&head, OP_F_NAME, name);
	describe_record(&head, record);
	bool good = op_encode(&head, &feed->out, &feed->job.why) == OP_OK;
	op_head_finish(&head);
	return good;
}

static bool write_end(struct feed *feed) {
	struct op_head head;
	op_head_init_entry(&head);
	op_setf(&head, OP_F_VERSION, "%llu", (unsigned long long)feed->history->serial);
	bool good = op_encode(&head, &feed->out, &feed->job.why) == OP_OK;
	op_head_finish(&head);
	return good;
}

// What stands there, or stood, is for who asks. What is gone has the rights of the folder it was in.
static bool may_get(const struct feed *feed, const char *path) {
	struct perm_path rights;
	fs_rights_on(&feed->job, path, &rights, NULL);
	return letters_allow(rights.letters, 'g') == PERM_YES;
}

static bool write_origin(struct feed *feed, const struct origin *origin, struct buf *out) {
	char path[OP_MAX_NAME + 1];
	const char *rest = feed->job.rest;
	struct op_head head;
	if ((size_t)snprintf(path, sizeof(path), "%s%s%s", rest, *rest && *origin->path ? "/" : "",
			origin->path) >= sizeof(path) || !may_get(feed, path)) {
		return true;
	}
	op_head_init_entry(&head);
	op_setf(&head, OP_F_NAME, "/%s", origin->path);
	op_set(&head, OP_F_DEVICE, origin->device);
	enum op_code code = op_encode(&head, out, NULL);
	op_head_finish(&head);
	return code == OP_OK || code == OP_E2BIG; // so long a one cannot be told, and the rest goes on
}

// Before what is news: whoever hears of a box has heard where it came from. *any: they are others now.
static bool write_origins(struct feed *feed, bool *any) {
	struct origins origins;
	struct buf now;
	bool good = true;
	buf_init(&now);
	fs_origins_of(feed->export, feed->job.rest, &origins);
	for (size_t i = 0; i < origins.size && good; i++) {
		good = write_origin(feed, &origins.at[i], &now);
	}
	origins_finish(&origins);
	*any = now.size != feed->origins.size ||
		(now.size > 0 && memcmp(buf_front(&now), buf_front(&feed->origins), now.size) != 0);
	if (good && *any) {
		good = buf_append(&feed->out, buf_front(&now), now.size);
		buf_finish(&feed->origins);
		feed->origins = now;
	} else {
		buf_finish(&now);
	}
	return good || fs_job_fail(&feed->job, ENOMEM);
}

// false: noted.
static bool write_news(struct feed *feed) {
	const struct history *history = feed->history;
	bool any;
	if (!write_origins(feed, &any)) {
		return false;
	}
	if (feed->looked && feed->serial == history->serial) {
		return !any || write_end(feed);
	}
	size_t end, first = history_range(history, feed->job.rest, &end);
	any = any || !feed->looked;
	for (size_t i = first; i < end; i++) {
		if (!feed->looked || history->records[i]->serial > feed->serial) {
			any = true;
			if (may_get(feed, history->records[i]->path) && !write_entry(feed, history->records[i])) {
				return false;
			}
		}
	}
	feed->serial = history->serial;
	return !any || write_end(feed);
}

static bool look(struct feed *feed) {
	struct fs_job *job = &feed->job;
	size_t end;
	if (!may_get(feed, job->rest) && job->asker.given != 'g') {
		op_refuse(&job->why, OP_EPERM, "%s may not get it any more", job->asker.subject.person);
		return false;
	}
	if (!fs_scan_all(job, feed->history, job->rest)) {
		return false;
	}
	// A name of which nothing was ever known.
	if (*job->rest && history_range(feed->history, job->rest, &end) == end) {
		return fs_job_fail(job, ENOENT);
	}
	return history_save(feed->history) || fs_job_fail(job, errno);
}

static void run_look(void *data) {
	struct feed *feed = data;
	int64_t began = now_ms();
	unsigned int rights = feed->job.fs->rights;
	if (began < feed->next_ms) {
		return;
	}
	if (rights != feed->rights) { // of single files: likewise all is told anew
		feed->looked = false;
		feed->rights = rights;
	}
	if (!history_lock(feed->history)) {
		fs_job_fail(feed, errno);
		return;
	}
	if (look(feed) && write_news(feed)) {
		feed->looked = true;
	}
	history_unlock(feed->history);
	feed->next_ms = began + (now_ms() - began) * (REST + 1);
}

/* In the loop. */

static void look_done(void *data, bool cancelled);

static int handle_time(void *data) {
	struct feed *feed = data;
	struct fs_asker now;
	wl_event_source_remove(feed->timer);
	feed->timer = NULL;
	fs_asker_init(&now, feed->job.req->box, feed->job.req->subject);
	now.given = feed->job.asker.given;
	if (!fs_asker_equal(&now, &feed->job.asker)) { // what he may get may be more now: all is told anew
		feed->looked = false;
	}
	feed->job.asker = now;
	fs_job_run(feed, run_look, look_done);
	return 0;
}

static void look_later(struct feed *feed) {
	feed->timer = wl_event_loop_add_timer(feed->job.fs->env->loop, handle_time, feed);
	if (feed->timer) {
		wl_event_source_timer_update(feed->timer, LOOK_MS);
	} else {
		fs_job_fail(feed, ENOMEM);
		fs_job_refuse(feed);
	}
}

static void look_done(void *data, bool cancelled) {
	struct feed *feed = data;
	if (!fs_job_is_back(feed)) {
		return;
	}
	struct req *req = feed->job.req;
	if (!req->answered) {
		op_set(req_reply(req), OP_F_TYPE, "history");
		req_ok_open(req, OP_BODY_CHUNKS, 0);
	}
	bool room = true;
	if (feed->out.size > 0) {
		room = req_write(req, buf_front(&feed->out), feed->out.size);
		buf_drop(&feed->out, feed->out.size);
	}
	if (feed->live && room && !feed->timer) {
		look_later(feed);
	} else if (!feed->live) {
		fs_job_destroy(feed);
		req_end(req, NULL);
	}
}

// Who does not read what he was told is told no more: it would all be kept for him here.
static void feed_drained(struct req *req) {
	struct feed *feed = req->data;
	if (feed->live && !feed->job.running && !feed->timer) {
		look_later(feed);
	}
}

void fs_feed_get(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = fs_job_gone, .drained = feed_drained};
	struct fs_export *export = box->data;
	if (!export->history) {
		req_fail(req, OP_EUNSUPP, "%.150s is exported to be read only, without a history: what is "
			"replicated stands in a store (store NAME PATH in its boxd.conf)",
			op_get(req->head, OP_F_NAME));
		return;
	}
	struct feed *feed = fs_job_create(sizeof(*feed), box, req, &events, feed_finish);
	if (feed) {
		feed->export = export;
		feed->history = export->history;
		feed->live = op_has(req->head, OP_F_LIVE);
		buf_init(&feed->out);
		buf_init(&feed->origins);
		fs_job_run(feed, run_look, look_done);
	}
}
