/* SPDX-License-Identifier: MIT */
/* moving.c - how far a copy is, and how it ended. The calls are mover.c's and convert.c's. */
#include "moving.h"

#include <inttypes.h>
#include <time.h>

#define PROGRESS_MS 200

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool moving_begin(struct moving *moving, const struct op_head *reply, struct op_refusal *why) {
	uint64_t size = 0;
	enum op_body body = op_body_of(reply, &size);
	moving->size = body == OP_BODY_BYTES ? size : op_get_number(reply, OP_F_SIZE, 0);
	if (body == OP_BODY_FRAMES) {
		op_refuse(why, OP_EUNSUPP, "a feed of frames is no copy: link it to what shall take it");
		return false;
	}
	return true;
}

void moving_tell(struct moving *moving, bool last) {
	int64_t now = now_ms();
	if (last || now - moving->told_ms >= PROGRESS_MS) {
		moving->told_ms = now;
		moving->events->progress(moving->data, moving->done, moving->size);
	}
}

const struct op_refusal *moving_end(struct moving *moving, bool all_sent,
		const struct op_refusal *why, struct op_refusal *early) {
	if (why->code == OP_OK && !all_sent) {
		op_refuse(early, OP_EIO, "the target took no more after %" PRIu64 " bytes of the source",
			moving->done);
		return early;
	}
	if (why->code == OP_OK) {
		moving_tell(moving, true);
	}
	return why;
}
