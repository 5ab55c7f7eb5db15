/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_LANE_H
#define BOXCAST_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which of two lanes a capture takes: lossless tiles for what changes little or is cheap to say, video
 * for motion. Pure: areas, bytes and times are given by the caller.
 */

#define LANE_HOLD_NS 500000000  // motion stays video for so long at least,
#define LANE_HOLD_MAX_NS 4000000000 // doubled each time it went back to tiles in vain
#define LANE_REST_NS 100000000  // without a change for so long, a window is at rest

struct lane {
	bool video;
	int64_t changed_at;   // the last capture that showed something new; 0: none yet
	int64_t heat;         // damage of the last moments, in thousandths of the picture
	int64_t hold, until;  // how long video is held, and until when
	uint64_t bytes;       // of tiles in the last moments
	int64_t bytes_at;
};

void lane_init(struct lane *lane);
/* Something new was captured: so many thousandths of the picture are damaged. True: it is for video. */
bool lane_captured(struct lane *lane, uint32_t damaged, int64_t now);
/* At most so many bytes of tiles may be sent at once, at this rate in bits a second. */
size_t lane_most(uint32_t rate);
/* Tiles of a change were sent. More than the rate, for some time, is for video. */
void lane_sent(struct lane *lane, size_t bytes, uint32_t rate, int64_t now);
/* It was too large for tiles: this and what follows is for video. */
void lane_refused(struct lane *lane, int64_t now);
/* When a window will be at rest, if nothing is captured before; 0: it never showed anything. */
int64_t lane_rest(const struct lane *lane);

#endif
