/* SPDX-License-Identifier: MIT */
/*
 * saves.c - small files written behind the loop's back, each the latest text of something. What stands in
 * them is their owners'; how one is replaced is conf.c's.
 */
#include "base/saves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MODULE "saves"
#include "base/buf.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/work.h"

#define AGAIN_MS 5000 // until what could not be written is tried again

struct save {
	struct wl_list link; // saves.files, in the order in which they came
	struct saves *saves;
	char *path;
	struct buf next; // the latest, if it waits
	struct buf text; // the thread's
	bool waits, runs;
	bool failed;     // that was logged
	int error;       // errno of the last try; 0: it is written
};

struct saves {
	struct wl_event_loop *loop;
	struct wl_event_source *timer;
	struct work_pool *pool; // of one thread, which keeps their order; NULL until needed
	struct wl_list files;
	bool here;              // what begins is written in the loop
};

static void begin(struct save *save);

static void save_destroy(struct save *save) {
	wl_list_remove(&save->link);
	buf_finish(&save->next);
	buf_finish(&save->text);
	free(save->path);
	free(save);
}

// On the thread, or in the loop.
static void run_write(void *data) {
	struct save *save = data;
	save->error = conf_write(save->path, buf_front(&save->text), save->text.size) ? 0 : errno;
}

static void note_failure(struct save *save) {
	if (!save->failed) {
		errno = save->error;
		log_errno("%s cannot be written, and is tried again", save->path);
	}
	save->failed = true;
	if (!save->waits) { // nothing newer has come
		struct buf text = save->next;
		save->next = save->text;
		save->text = text;
		save->waits = true;
	}
	wl_event_source_timer_update(save->saves->timer, AGAIN_MS);
}

static void write_done(void *data, bool cancelled) {
	struct save *save = data;
	save->runs = false;
	if (cancelled) { // those behind the one that ran come here in their order
		run_write(save);
	}
	if (save->error) {
		note_failure(save);
	} else if (save->waits) {
		begin(save);
	} else {
		save_destroy(save);
	}
}

static void begin(struct save *save) {
	struct saves *saves = save->saves;
	struct buf text = save->text;
	save->text = save->next;
	save->next = text;
	buf_drop(&save->next, save->next.size);
	save->waits = false;
	save->runs = true;
	if (!saves->here && !saves->pool) {
		saves->pool = work_pool_create(saves->loop, 1);
	}
	if (saves->here || !saves->pool || !work_add(saves->pool, run_write, write_done, save)) {
		run_write(save);
		write_done(save, false);
	}
}

static int handle_timer(void *data) {
	struct saves *saves = data;
	struct save *save, *next;
	wl_list_for_each_safe(save, next, &saves->files, link) {
		if (save->waits && !save->runs) {
			begin(save);
		}
	}
	return 0;
}

// Nothing waits afterwards but what cannot be written.
static void flush(struct saves *saves) {
	struct save *save;
	bool runs = false;
	wl_list_for_each(save, &saves->files, link) {
		runs = runs || save->runs;
	}
	if (runs) {
		saves->here = true;
		work_pool_destroy(saves->pool);
		saves->pool = NULL;
		saves->here = false;
	}
}

static struct save *find(struct saves *saves, const char *path) {
	struct save *save;
	wl_list_for_each(save, &saves->files, link) {
		if (strcmp(save->path, path) == 0) {
			return save;
		}
	}
	return NULL;
}

static struct save *save_create(struct saves *saves, const char *path) {
	struct save *save = calloc(1, sizeof(*save));
	if (!save || !(save->path = strdup(path))) {
		free(save);
		return NULL;
	}
	save->saves = saves;
	buf_init(&save->next);
	buf_init(&save->text);
	wl_list_insert(saves->files.prev, &save->link);
	return save;
}

void saves_soon(struct saves *saves, const char *path, const void *text, size_t size) {
	struct save *save = find(saves, path);
	save = save ? save : save_create(saves, path);
	if (save) {
		buf_drop(&save->next, save->next.size);
		save->waits = buf_append(&save->next, text, size);
	}
	if (!save || !save->waits) {
		if (!saves_now(saves, path, text, size)) {
			log_errno("%s cannot be written", path);
		}
	} else if (!save->runs && !save->failed) {
		begin(save);
	}
}

bool saves_now(struct saves *saves, const char *path, const void *text, size_t size) {
	flush(saves);
	struct save *older = find(saves, path);
	if (older) {
		save_destroy(older);
	}
	return conf_write(path, text, size);
}

bool saves_remove(struct saves *saves, const char *path) {
	flush(saves);
	struct save *older = find(saves, path);
	if (older) {
		save_destroy(older);
	}
	return unlink(path) == 0 || errno == ENOENT;
}

struct saves *saves_create(struct wl_event_loop *loop) {
	struct saves *saves = calloc(1, sizeof(*saves));
	if (!saves) {
		return NULL;
	}
	saves->loop = loop;
	wl_list_init(&saves->files);
	saves->timer = wl_event_loop_add_timer(loop, handle_timer, saves);
	if (!saves->timer) {
		free(saves);
		return NULL;
	}
	return saves;
}

void saves_destroy(struct saves *saves) {
	if (!saves) {
		return;
	}
	flush(saves);
	work_pool_destroy(saves->pool);
	saves->pool = NULL;
	saves->here = true;
	handle_timer(saves); // once more
	struct save *save, *next;
	wl_list_for_each_safe(save, next, &saves->files, link) {
		save_destroy(save);
	}
	wl_event_source_remove(saves->timer);
	free(saves);
}
