/* SPDX-License-Identifier: MIT */
#ifndef QUIC_TRAIN_H
#define QUIC_TRAIN_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a way carries, from frames. A frame's packets leave one behind the other and are drawn apart
 * where the way is narrowest: what lies between the first acknowledgement of it and the last, in
 * bytes over time, is that rate. Lost packets and a late last acknowledgement make it less, so of
 * many frames the upper quarter tells; acknowledgements that waited and came together make it more, so
 * what is told of it may be too much. Who sends less than the way carries learns it in no other
 * manner: his congestion window is never full. Pure: times are given by the caller.
 */

#define TRAINS 32     // of late
#define TRAINS_MIN 16 // fewer tell nothing

/* Of one frame. */
struct train {
	uint64_t first_ns, last_ns;  // acknowledgements; 0: none yet
	uint64_t first_end, last_end; // offsets up to which those went
};

struct trains {
	double rates[TRAINS]; // bytes a nanosecond; ring
	size_t count;         // ever
};

/* All of it up to offset was acknowledged. */
void train_acked(struct train *train, uint64_t offset, uint64_t now);
/* A frame is over. One of few packets is passed over. */
void trains_add(struct trains *trains, const struct train *train);
/* Bytes a nanosecond, 0: not known. */
double trains_rate(const struct trains *trains);

#endif
