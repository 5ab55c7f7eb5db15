/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_OBU_H
#define BOXVIEW_OBU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a stranger's AV1 would make a decoder allocate, looked at before it sees it (AV1 Bitstream & Decoding
 * Process Specification, 5.3 to 5.9). Only what we show is let through: 8 bits, 4:2:0, one layer, frames of the
 * size that their sequence says, which is at most SPS_SIDE_MAX a side and OBU_PIXELS_MAX in all: a decoder
 * keeps eight of them.
 */
#define OBU_PIXELS_MAX (8192 * 4096)

/* What the header of a frame can only be read with. Zeroed, no unit was seen. */
struct obu {
	bool known; // a sequence header came
	bool begun; // and a keyframe
	bool times, equal_interval;
	int time_bits, id_bits; // id_bits 0: frames have no number
	uint32_t screen_tools, integer_motion; // 2: each frame says it
};

/*
 * NULL: the temporal unit may be decoded behind those that were looked at before; else what is wrong with
 * it, and the next one has to be a keyframe.
 */
const char *obu_trouble(struct obu *obu, const uint8_t *bytes, size_t size);

#endif
