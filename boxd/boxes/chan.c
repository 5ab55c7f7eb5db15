/* SPDX-License-Identifier: MIT */
/*
 * chan.c - /chan/C: a channel of messages. Many writers, many readers; a reader waits while it is
 * empty, a writer while it is full. Each message goes to one reader, in order of asking.
 *
 * A putmem is one message, and is answered when it is in; with a body of frames every data frame is
 * one, and the answer is open from the start. A getmem takes one message; a live one goes on taking,
 * a chunk each. Nothing is stored: messages go with the node.
 */
#include "boxes/env.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "rights.h"

_Static_assert(OP_MAX_MESSAGE == 1024 * 1024, "the refusal says 1 MiB");
#define QUEUE_MAX (4 * OP_MAX_MESSAGE) // bytes that wait in a channel before writers do
#define MESSAGES_MAX 4096              // and messages, for small ones take memory too

struct message {
	struct wl_list link; // chan.messages
	size_t size;
	uint8_t bytes[];
};

struct chan {
	struct wl_list messages; // message.link, oldest first
	struct wl_list readers;  // reader.link, who asked first first
	struct wl_list writers;  // writer.link
	size_t queued; // bytes of messages
	size_t count;  // of messages
	bool changed;  // since its version was
};

struct reader {
	struct wl_list link; // chan.readers
	struct req *req;
	bool live;
};

struct writer {
	struct wl_list link; // chan.writers
	struct chan *chan;
	struct req *req;
	struct buf message; // so far
	bool waits;         // its message is whole and the channel is full
	bool ended;
};

static void reader_destroy(struct reader *reader) {
	wl_list_remove(&reader->link);
	free(reader);
}

static void writer_destroy(struct writer *writer) {
	wl_list_remove(&writer->link);
	buf_finish(&writer->message);
	free(writer);
}

static void writer_end(struct writer *writer) {
	struct req *req = writer->req;
	writer_destroy(writer);
	if (req->answered) {
		req_end(req, NULL);
	} else {
		req_ok(req);
	}
}

static void writer_fail(struct writer *writer, enum op_code code, const char *sentence) {
	struct req *req = writer->req;
	writer_destroy(writer);
	if (req->answered) {
		req_end_fail(req, code, "%s", sentence);
	} else {
		req_fail(req, code, "%s", sentence);
	}
}

// Gives the oldest messages to the readers that can take one. Slow live readers wait for drained.
static void chan_deliver(struct chan *chan) {
	struct reader *reader, *next;
	wl_list_for_each_safe(reader, next, &chan->readers, link) {
		while (!wl_list_empty(&chan->messages) && req_queued(reader->req) < REQ_HIGH_MARK) {
			struct message *message = wl_container_of(chan->messages.next, message, link);
			wl_list_remove(&message->link);
			chan->queued -= message->size;
			chan->count--;
			chan->changed = true;
			struct req *req = reader->req;
			bool live = reader->live;
			if (live) {
				req_write(req, message->bytes, message->size);
			} else {
				reader_destroy(reader);
				req_ok_bytes(req, message->bytes, message->size);
			}
			free(message);
			if (!live) {
				break;
			}
		}
	}
}

static bool chan_add(struct chan *chan, const struct buf *bytes) {
	struct message *message = malloc(sizeof(*message) + bytes->size);
	if (!message) {
		return false;
	}
	message->size = bytes->size;
	if (bytes->size > 0) {
		memcpy(message->bytes, bytes->data + bytes->at, bytes->size);
	}
	wl_list_insert(chan->messages.prev, &message->link);
	chan->queued += message->size;
	chan->count++;
	chan->changed = true;
	return true;
}

static bool is_full(const struct chan *chan, size_t size) {
	return chan->count >= MESSAGES_MAX || (chan->queued > 0 && chan->queued + size > QUEUE_MAX);
}

// A whole message of this writer: in, or the writer waits for room.
static void writer_commit(struct writer *writer) {
	struct chan *chan = writer->chan;
	if (is_full(chan, writer->message.size)) {
		writer->waits = true;
		req_pause(writer->req, true);
		return;
	}
	if (!chan_add(chan, &writer->message)) {
		writer_fail(writer, OP_EIO, "out of memory");
		return;
	}
	buf_drop(&writer->message, writer->message.size);
	if (writer->waits) {
		writer->waits = false;
		req_pause(writer->req, false);
	}
	if (writer->ended) {
		writer_end(writer);
	}
}

static void chan_run(struct box *box) {
	struct chan *chan = box->data;
	chan_deliver(chan);
	struct writer *writer, *next;
	wl_list_for_each_safe(writer, next, &chan->writers, link) {
		if (writer->waits) {
			writer_commit(writer);
			chan_deliver(chan);
		}
	}
	if (chan->changed) {
		chan->changed = false;
		box_changed(box);
	}
}

static bool writer_take(struct writer *writer, const void *bytes, size_t size) {
	if (size > OP_MAX_MESSAGE - writer->message.size) {
		writer_fail(writer, OP_E2BIG, "a message of a channel is at most 1 MiB: send several");
		return false;
	}
	if (!buf_append(&writer->message, bytes, size)) {
		writer_fail(writer, OP_EIO, "out of memory");
		return false;
	}
	return true;
}

static void writer_data(struct req *req, const void *bytes, size_t size) {
	writer_take(req->data, bytes, size);
}

static void writer_frame(struct req *req, const struct frame *frame) {
	struct writer *writer = req->data;
	struct box *box = req->box;
	// An empty one is the end of a stream, and no message.
	if (frame->kind == FRAME_DATA && frame->size > 0 && writer_take(writer, frame->payload, frame->size)) {
		writer_commit(writer);
		chan_run(box);
	}
}

static void writer_whole(struct req *req) {
	struct writer *writer = req->data;
	struct box *box = req->box;
	writer->ended = true;
	if (op_body_of(req->head, NULL) != OP_BODY_FRAMES) {
		writer_commit(writer);
	} else if (!writer->waits) {
		writer_end(writer);
	}
	chan_run(box);
}

static void writer_gone(struct req *req) {
	writer_destroy(req->data);
}

static void chan_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = writer_data,
		.frame = writer_frame,
		.end = writer_whole,
		.gone = writer_gone,
	};
	struct chan *chan = box->data;
	struct writer *writer = calloc(1, sizeof(*writer));
	if (!writer) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	writer->chan = chan;
	writer->req = req;
	buf_init(&writer->message);
	wl_list_insert(chan->writers.prev, &writer->link);
	req->data = writer;
	req->events = &events;
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_ok_open(req, OP_BODY_CHUNKS, 0);
	}
}

static void reader_gone(struct req *req) {
	reader_destroy(req->data);
}

static void reader_drained(struct req *req) {
	chan_run(req->box);
}

static void chan_getmem(struct box *box, struct req *req) {
	static const struct req_events events = {.gone = reader_gone, .drained = reader_drained};
	struct chan *chan = box->data;
	struct reader *reader = calloc(1, sizeof(*reader));
	if (!reader) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	reader->req = req;
	reader->live = op_has(req->head, OP_F_LIVE);
	wl_list_insert(chan->readers.prev, &reader->link);
	req->data = reader;
	req->events = &events;
	op_set(req_reply(req), OP_F_TYPE, box->cnstr);
	if (reader->live) {
		req_ok_open(req, OP_BODY_CHUNKS, 0);
	}
	chan_run(box);
}

static void chan_destroy(struct box *box) {
	struct chan *chan = box->data;
	struct reader *reader, *next_reader;
	wl_list_for_each_safe(reader, next_reader, &chan->readers, link) {
		struct req *req = reader->req;
		bool live = reader->live;
		reader_destroy(reader);
		if (live) {
			req_end(req, NULL);
		} else {
			req_fail(req, OP_ENOENT, "the channel was deleted");
		}
	}
	struct writer *writer, *next_writer;
	wl_list_for_each_safe(writer, next_writer, &chan->writers, link) {
		writer_fail(writer, OP_ENOENT, "the channel was deleted");
	}
	struct message *message, *next_message;
	wl_list_for_each_safe(message, next_message, &chan->messages, link) {
		wl_list_remove(&message->link);
		free(message);
	}
	free(chan);
}

static void chan_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

static void chan_describe(struct box *box, struct op_head *entry) {
	const struct chan *chan = box->data;
	op_set_number(entry, OP_F_SIZE, chan->queued);
}

static const struct box_type chan_type = {
	.name = "chan",
	.fn = {[OP_GETMEM] = chan_getmem, [OP_PUTMEM] = chan_putmem, [OP_DELETE] = chan_delete},
	.takes_body = 1 << OP_PUTMEM,
	.describe = chan_describe,
	.destroy = chan_destroy,
};

static void chans_make(struct box *parent, struct req *req) {
	struct op_refusal why;
	if (rights_check_room(parent, req->subject, &why) != OP_OK) {
		req_refuse(req, &why);
		return;
	}
	struct chan *chan = calloc(1, sizeof(*chan));
	if (!chan) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	wl_list_init(&chan->messages);
	wl_list_init(&chan->readers);
	wl_list_init(&chan->writers);
	const char *type = op_get(req->head, OP_F_TYPE);
	struct box *box = box_create(parent, req->rest, &chan_type, type ? type : "*", chan);
	if (!box) {
		free(chan);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	if (!rights_shared(box, req->subject)) {
		box_destroy(box);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
	req_ok(req);
}

static const struct box_type chans_type = {
	.name = "chans",
	.fn = {[OP_MAKE] = chans_make},
};

static bool chan_init(struct box_env *env) {
	return box_create(box_tree_root(env->tree), "chan", &chans_type, "dir", NULL);
}

const struct boxd_type boxd_type_chan = {.init = chan_init};
