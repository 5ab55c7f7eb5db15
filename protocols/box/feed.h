/* SPDX-License-Identifier: MIT */
#ifndef BOX_FEED_H
#define BOX_FEED_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "box/req.h"

/*
 * A feed: one source, any number of readers (getmem live). A reader that does not keep up loses its
 * exchange with a sentence rather than holding the source or growing without bound.
 */
struct feed {
	struct wl_list readers; // feed_reader.link
	enum op_body body;      // OP_BODY_CHUNKS or OP_BODY_FRAMES
	size_t queue_max;       // bytes a reader may lag
};

void feed_init(struct feed *feed, enum op_body body, size_t queue_max);
/* Ends all readers with the trailer no CODE sentence, or with ok when code is OP_OK. */
void feed_finish(struct feed *feed, enum op_code code, const char *sentence);
/* Answers the request with ok and keeps it. ended (optional) is called when the reader is gone. */
bool feed_add(struct feed *feed, struct req *req, void (*ended)(void *data), void *data);
void feed_put(struct feed *feed, const void *bytes, size_t size);
void feed_put_frame(struct feed *feed, const struct frame *frame);
bool feed_empty(const struct feed *feed);

#endif
