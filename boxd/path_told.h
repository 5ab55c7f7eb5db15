/* SPDX-License-Identifier: MIT */
#ifndef BOXD_PATH_TOLD_H
#define BOXD_PATH_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "box/frame.h"
#include "net/stream.h"

/*
 * What a program that sends pictures is told of the way they take: the control line path. It is said when
 * a picture goes by, so that a window at rest wakes nobody. Who looks at the way is relay.c.
 */

#define PATH_TOLD_NS 100000000 // between two lines

struct path_told {
	int64_t at; // when the last one was said; 0: none
	uint32_t count;
};

/* Whether it is time for another. */
bool path_told_due(const struct path_told *told, int64_t now);
/* The next line, as a frame whose payload lies in line; line is empty before. false: no memory. */
bool path_told_frame(struct path_told *told, const struct stream_path *path, int64_t now,
	struct buf *line, struct frame *frame);

#endif
