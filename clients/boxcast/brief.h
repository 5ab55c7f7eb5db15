/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_BRIEF_H
#define BOXCAST_BRIEF_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many bits a second leave a frame only briefly on its way: its own bytes take a fifth of
 * the time between two frames there, and not all of it, as they might. Half the bits are half of
 * that delay; a way that carries much bounds nothing. How much it carries boxd says, and each
 * frame that is acknowledged: large ones arrive later than small ones, by what they are larger
 * over what is carried. Of a few frames that tells little, as they wait for much else; so what
 * boxd says holds within what the frames leave possible. Pure: sizes, delays and times are given
 * by the caller.
 */

#define BRIEF_SENT 128   // frames remembered until they are acknowledged
#define BRIEF_FRAMES 24  // of which one slope is found
#define BRIEF_SLOPES 8   // of late, by which it is judged how sure that is

struct brief_slope {
	double ns; // for a byte; 0 and less: it told nothing, or of a broad way
	int64_t at;
};

struct brief {
	struct {
		uint32_t sequence;
		size_t bytes;
	} sent[BRIEF_SENT]; // by sequence
	struct {
		size_t bytes;
		int64_t way_ns;
	} frames[BRIEF_FRAMES]; // acknowledged since the last slope
	size_t count;
	struct brief_slope slopes[BRIEF_SLOPES]; // ring
	size_t slope_count; // ever
	uint32_t limit; // but for what is enough; 0: nothing was told yet
};

void brief_init(struct brief *brief);
/* A frame of video left. */
void brief_sent(struct brief *brief, uint32_t sequence, size_t bytes);
/*
 * It was acknowledged, and was so long on its way and back. Frames that were not told of are
 * passed over.
 */
void brief_acked(struct brief *brief, uint32_t sequence, int64_t way_ns, int64_t now);
/* Bits a second that the way carries. told: by boxd, 0: it did not, and then nobody knows. */
uint64_t brief_carries(const struct brief *brief, uint64_t told, int64_t now);
/*
 * Bits a second with which frames are brief, 0: any. enough: with less the picture is not good,
 * whatever the way; 0: there is none yet. It changes by no less than an eighth, as each change
 * costs some encoders a keyframe, and stays while boxd tells nothing.
 */
uint32_t brief_limit(struct brief *brief, uint64_t told, uint32_t enough, int64_t now);

#endif
