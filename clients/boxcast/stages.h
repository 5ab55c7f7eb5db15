/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_STAGES_H
#define BOXCAST_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/frame.h"

/*
 * Where the time of a frame goes, from the application's commit until it is on the viewer's screen. Each
 * stage is measured where it happens, on the clock of the machine where it happens; what the two clocks
 * differ by is estimated once for all frames:
 *
 *     An ack leaves the viewer when a frame is decoded, is small, and waits for nothing. So the fastest
 *     of late was on its way for half of the shortest round trip seen, and that relates the clocks.
 *
 * All else is a difference of two readings of one clock, so the stages of a frame sum to its time from
 * end to end. Only frames that were shown, and that the application drew (the lossless refining of a
 * window at rest it did not), count.
 *
 * Times are ns of this machine's CLOCK_MONOTONIC, given by the caller.
 */

enum stage {
	STAGE_COMMIT,  // committed by the application until captured
	STAGE_CAPTURE, // until the capture is in boxcast
	STAGE_ENCODE,  // until it is encoded
	STAGE_SEND,    // until it is written to the exchange
	STAGE_WAY,     // until all of it is in boxview
	STAGE_WAIT,    // until the decoder takes it
	STAGE_DECODE,  // until it is a picture
	STAGE_DRAW,    // until the picture is committed to the viewer's desktop
	STAGE_SHOW,    // until that presented it
	STAGES,
};

#define STAGES_KEPT_NS 2000000000 // what is told is of so long
#define STAGES_SAMPLES 512
#define STAGES_CAPTURES 32
#define STAGES_FRAMES 128
#define STAGES_WINDOW_NS 5000000000 // the fastest ack of two of them relates the clocks

struct stages {
	struct stages_capture {
		uint64_t capture_ns; // 0: none
		int64_t committed_ns;
	} captures[STAGES_CAPTURES]; // a ring
	uint32_t capture_next;
	struct stages_frame {
		uint32_t sequence; // 0: none
		uint64_t capture_ns;
		int64_t committed, came, coded, sent;
		int64_t wait, decode; // of its first ack; wait -1: that has not come
		int64_t decoded;      // on the viewer's clock
	} frames[STAGES_FRAMES]; // by sequence
	struct stages_sample {
		int64_t at;
		int64_t us[STAGES + 1];
	} samples[STAGES_SAMPLES]; // a ring
	uint64_t sample_count; // ever
	struct {
		int64_t rtt;  // round trip without the viewer's part
		int64_t back; // an ack's arrival less its departure, which is on the viewer's clock
		bool known;
	} least[2]; // in this window, and in the one before
	int64_t window_end;
	int64_t network_least; // 0: not known
};

void stages_init(struct stages *stages);
/* A capture is there. committed_ns 0: nothing was drawn for it. */
void stages_captured(struct stages *stages, uint64_t capture_ns, int64_t committed_ns);
/* It is sent as that frame. came, coded: when it was in boxcast, and encoded. */
void stages_sent(struct stages *stages, uint32_t sequence, uint64_t capture_ns, int64_t came,
	int64_t coded, int64_t now);
/* boxd's least round trip to the viewer, ns. */
void stages_network(struct stages *stages, int64_t least);
/* Either of a frame's acks. */
void stages_acked(struct stages *stages, const struct ack *ack, int64_t now);

/* Of one stage, µs. The means of all stages sum to that of the whole. */
struct stages_told {
	uint32_t median, high, mean; // high: what one in twenty exceeds
};
/* Of each stage, and at the end of the whole. Returns how many frames that is of. */
size_t stages_tell(const struct stages *stages, int64_t now, struct stages_told told[static STAGES + 1]);
/* "encode"; of STAGES: "total". */
const char *stages_name(int stage);

#endif
