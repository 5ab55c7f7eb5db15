/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PACE_H
#define BOXCAST_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "boxcast/lines.h"

/*
 * How many bits a second the way to the viewer takes: fewer when frames have to wait on it, more again
 * when they do not. Where boxd tells of the path, its delay says whether it is a queue they wait in, and its
 * window how much it carries. Pure: sizes, delays and times are given by the caller.
 */

#define PACE_SAMPLES 64
#define PACE_HIGH_NS 60000000  // frames wait so long, in the median: too much is sent
#define PACE_LOW_NS 25000000   // less than this: more may be tried
#define PACE_LOOK_NS 200000000 // between two changes, and at least a round trip
#define PACE_PATH_NS 1000000000 // what was told of a path is of use for so long

struct pace {
	uint32_t limit; // bits a second, 0: none
	int64_t waits[PACE_SAMPLES]; // since the last look
	size_t count;
	uint64_t sent; // bytes, likewise
	int64_t looked_at;
	struct line_path path;
	int64_t path_at; // when it was told, 0: never
	int64_t lowered_at; // for its queue
	uint64_t carried[2]; // the most it seemed to carry this second, and the one before
	int64_t carried_at;
};

void pace_init(struct pace *pace);
void pace_sent(struct pace *pace, size_t bytes);
/*
 * A frame was acknowledged: it was wait_ns longer on its way than the way is long. rate: what is in force,
 * most: what would be without a limit, bits a second.
 */
void pace_acked(struct pace *pace, int64_t wait_ns, int64_t rtt_ns, uint32_t rate, uint32_t most,
	int64_t now);
/* boxd told of the path. */
void pace_path(struct pace *pace, const struct line_path *path, uint32_t rate, int64_t now);
/* Frames were given up. */
void pace_stalled(struct pace *pace, uint32_t rate, int64_t now);
/* Bits a second that the path seemed to carry of late; 0: nobody knows. */
uint64_t pace_carries(const struct pace *pace, int64_t now);

#endif
