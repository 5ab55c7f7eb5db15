/* SPDX-License-Identifier: MIT */
/*
 * path_told.c - the control line path: when it is due, and what it says. Pure.
 */
#include "path_told.h"

#include <inttypes.h>

#include "box/op.h"

bool path_told_due(const struct path_told *told, int64_t now) {
	return told->at == 0 || now - told->at >= PATH_TOLD_NS;
}

bool path_told_frame(struct path_told *told, const struct stream_path *path, int64_t now,
		struct buf *line, struct frame *frame) {
	told->at = now;
	if (!control_append(line, CONTROL_PATH, "rtt=%" PRIu64 " least=%" PRIu64 " window=%" PRIu64
			" flight=%" PRIu64 " sent=%" PRIu64 " lost=%" PRIu64, path->rtt_us, path->least_us,
			path->window, path->flight, path->sent, path->lost)) {
		return false;
	}
	*frame = (struct frame){
		.kind = FRAME_CONTROL,
		.sequence = ++told->count,
		.payload = buf_front(line),
		.size = line->size,
	};
	return true;
}
