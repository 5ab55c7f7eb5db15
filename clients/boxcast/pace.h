/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PACE_H
#define BOXCAST_PACE_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many bits a second the way to the viewer takes: fewer when frames have to wait on it, more again
 * when they do not. Pure: sizes, delays and times are given by the caller.
 */

#define PACE_SAMPLES 64
#define PACE_HIGH_NS 60000000  // frames wait so long, in the median: too much is sent
#define PACE_LOW_NS 25000000   // less than this: more may be tried
#define PACE_LOOK_NS 200000000 // between two changes, and at least a round trip

struct pace {
	uint32_t limit; // bits a second, 0: none
	int64_t waits[PACE_SAMPLES]; // since the last look
	size_t count;
	uint64_t sent; // bytes, likewise
	int64_t looked_at;
};

void pace_init(struct pace *pace);
void pace_sent(struct pace *pace, size_t bytes);
/*
 * A frame was acknowledged: it was wait_ns longer on its way than the way is long. rate: what is in force,
 * most: what would be without a limit, bits a second.
 */
void pace_acked(struct pace *pace, int64_t wait_ns, int64_t rtt_ns, uint32_t rate, uint32_t most,
	int64_t now);
/* Frames were given up. */
void pace_stalled(struct pace *pace, uint32_t rate, int64_t now);

#endif
