/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_AGAIN_H
#define BOXCAST_AGAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "boxcast/lines.h"

/*
 * Whether each video frame is sent twice, the second time behind the next one: on a way that loses packets
 * and is long a frame that lost one is then whole a frame later, in place of a round trip later. Not sooner:
 * packets are lost several in a row, and would be of both. A viewer drops what it has. It takes half of the
 * rate, so the way has to carry that. Pure.
 */

#define AGAIN_LOOK_NS INT64_C(1000000000) // losses are counted over so long
#define AGAIN_PACKETS 100        // and over so many packets

struct again {
	bool on;
	uint32_t loss; // thousandths of the packets
	uint64_t sent, lost; // when it began to count
	int64_t since;       // 0: it does not
};

void again_init(struct again *again);
/* boxd told of the path. carries: bits a second, 0: unknown; enough: of which a good picture can be made. */
void again_path(struct again *again, const struct line_path *path, uint64_t carries, uint32_t enough,
	int64_t now);
/* Bits a second that are left for one of the two. */
uint32_t again_share(uint64_t carries);
/*
 * Bits a second with which frames are short enough: the more packets one takes, the more likely each of its
 * two copies lacks one, and then it comes a round trip later, with all that follow.
 */
uint32_t again_short(const struct again *again, uint32_t refresh_mhz);

#endif
