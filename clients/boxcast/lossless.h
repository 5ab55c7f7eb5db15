/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_LOSSLESS_H
#define BOXCAST_LOSSLESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "boxcast/window.h"

/*
 * The lossless lane of one view: which captures it takes, and how far the viewer's picture is exact.
 */

struct lossless;

struct lossless *lossless_create(void); // NULL, logged
void lossless_destroy(struct lossless *lossless); // NULL is fine

enum lossless_result {
	LOSSLESS_WROTE,   // out holds a payload
	LOSSLESS_NOTHING, // the viewer has all of it
	LOSSLESS_VIDEO,   // it is for video; what the viewer has counts as not exact from now on
};
/*
 * Takes a capture, or leaves it for video. key: the viewer has nothing. busy: video frames that were
 * captured before are not sent yet, so tiles would come too early. rate: bits a second.
 */
enum lossless_result lossless_take(struct lossless *lossless, const struct window_frame *frame,
	bool key, bool busy, uint32_t rate, int64_t now, struct buf *out);
/* When there is a capture to be asked for, of a window at rest that is not exact; 0: not. */
int64_t lossless_due(const struct lossless *lossless);
/* The window moves: its captures go as video, for now. */
bool lossless_moving(const struct lossless *lossless, int64_t now);
uint32_t lossless_near(const struct lossless *lossless); // tiles that are not exact

#endif
