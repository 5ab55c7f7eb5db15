/* SPDX-License-Identifier: MIT */
/*
 * feed.c - one source, many readers. Where the bytes come from, and who may read, is the box's.
 */
#include "box/feed.h"

#include <assert.h>
#include <stdlib.h>

struct reader {
	struct wl_list link; // feed.readers
	struct req *req;
	void (*ended)(void *data); // may be NULL
	void *data;
};

void feed_init(struct feed *feed, enum op_body body, size_t queue_max) {
	assert(body == OP_BODY_CHUNKS || body == OP_BODY_FRAMES);
	wl_list_init(&feed->readers);
	feed->body = body;
	feed->queue_max = queue_max;
}

// Leaves the feed before anybody is told.
static struct reader reader_take(struct reader *reader) {
	struct reader taken = *reader;
	wl_list_remove(&reader->link);
	free(reader);
	return taken;
}

static void reader_end(struct reader *reader, enum op_code code, const char *sentence) {
	struct req *req = reader_take(reader).req;
	if (code == OP_OK) {
		req_end(req, NULL);
	} else {
		req_end_fail(req, code, "%s", sentence);
	}
}

void feed_finish(struct feed *feed, enum op_code code, const char *sentence) {
	while (!wl_list_empty(&feed->readers)) {
		struct reader *reader = wl_container_of(feed->readers.next, reader, link);
		reader_end(reader, code, sentence);
	}
}

void feed_drop(struct feed *feed, const void *data, enum op_code code, const char *sentence) {
	struct reader *reader, *next;
	wl_list_for_each_safe(reader, next, &feed->readers, link) {
		if (reader->data == data) {
			reader_end(reader, code, sentence);
		}
	}
}

static void handle_gone(struct req *req) {
	struct reader reader = reader_take(req->data);
	if (reader.ended) {
		reader.ended(reader.data);
	}
}

static const struct req_events reader_events = {.gone = handle_gone};

bool feed_add(struct feed *feed, struct req *req, void (*ended)(void *data), void *data) {
	struct reader *reader = calloc(1, sizeof(*reader));
	if (!reader) {
		req_fail(req, OP_EIO, "out of memory");
		return false;
	}
	*reader = (struct reader){.req = req, .ended = ended, .data = data};
	wl_list_insert(feed->readers.prev, &reader->link);
	req->events = &reader_events;
	req->data = reader;
	req_ok_open(req, feed->body, 0);
	return true;
}

// Readers that lag too far are moved to late.
static void find_late(struct feed *feed, size_t size, struct wl_list *late) {
	struct reader *reader, *next;
	wl_list_for_each_safe(reader, next, &feed->readers, link) {
		size_t queued = req_queued(reader->req);
		if (queued > 0 && queued + size > feed->queue_max) {
			wl_list_remove(&reader->link);
			wl_list_insert(late->prev, &reader->link);
		}
	}
}

// Behind this nothing of the feed is touched: ended may destroy it.
static void end_late(struct wl_list *late) {
	while (!wl_list_empty(late)) {
		struct reader *first = wl_container_of(late->next, first, link);
		struct reader reader = reader_take(first);
		req_end_fail(reader.req, OP_EQUOTA,
			"the reader did not keep up with this feed; read faster and ask again");
		if (reader.ended) {
			reader.ended(reader.data);
		}
	}
}

void feed_put(struct feed *feed, const void *bytes, size_t size) {
	assert(feed->body == OP_BODY_CHUNKS);
	struct wl_list late;
	wl_list_init(&late);
	find_late(feed, size, &late);
	struct reader *reader;
	wl_list_for_each(reader, &feed->readers, link) {
		req_write(reader->req, bytes, size);
	}
	end_late(&late);
}

void feed_put_frame(struct feed *feed, const struct frame *frame) {
	assert(feed->body == OP_BODY_FRAMES);
	struct wl_list late;
	wl_list_init(&late);
	find_late(feed, frame->size + FRAME_HEADER_SIZE, &late);
	struct reader *reader;
	wl_list_for_each(reader, &feed->readers, link) {
		req_frame(reader->req, frame);
	}
	end_late(&late);
}

bool feed_empty(const struct feed *feed) {
	return wl_list_empty(&feed->readers);
}
