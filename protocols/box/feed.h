/* SPDX-License-Identifier: MIT */
#ifndef BOX_FEED_H
#define BOX_FEED_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "box/req.h"

/*
 * A feed: one source, any number of readers (getmem live). A reader that does not keep up loses its
 * exchange with EQUOTA and a sentence rather than holding the source or growing without bound.
 */
struct feed {
	struct wl_list readers; // of feed.c
	enum op_body body;      // OP_BODY_CHUNKS or OP_BODY_FRAMES
	size_t queue_max;       // bytes a reader may lag
};

void feed_init(struct feed *feed, enum op_body body, size_t queue_max);
/*
 * Ends all readers with the trailer no CODE sentence, or with ok when code is OP_OK; their ended is
 * not called: who ends them knows.
 */
void feed_finish(struct feed *feed, enum op_code code, const char *sentence);
/*
 * Answers the request with ok and keeps it; what req_reply has is sent. ended (optional) is called
 * once, when the reader is gone, or at the end of the feed_put that it was too slow for. false: no
 * memory, and the request was refused.
 */
bool feed_add(struct feed *feed, struct req *req, void (*ended)(void *data), void *data);
/* Ends the readers that were added with this data, as feed_finish does. */
void feed_drop(struct feed *feed, const void *data, enum op_code code, const char *sentence);
void feed_put(struct feed *feed, const void *bytes, size_t size);
void feed_put_frame(struct feed *feed, const struct frame *frame);
bool feed_empty(const struct feed *feed);

#endif
