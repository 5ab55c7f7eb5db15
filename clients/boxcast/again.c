/* SPDX-License-Identifier: MIT */
/*
 * again.c - when frames are sent twice. Sending them is cast.c's, dropping the second boxview's.
 */
#include "boxcast/again.h"

#define LONG_NS 40000000 // a round trip below this is soon over
#define LOSSY 10         // thousandths of the packets: it begins,
#define CLEAN 3          // and ends
#define USE 80           // percent of what is carried, for both

void again_init(struct again *again) {
	*again = (struct again){0};
}

uint32_t again_share(uint64_t carries) {
	uint64_t share = carries * USE / 200;
	return share < UINT32_MAX ? (uint32_t)share : UINT32_MAX;
}

void again_path(struct again *again, const struct line_path *path, uint64_t carries, uint32_t enough,
		int64_t now) {
	bool other = path->sent < again->sent || path->lost < again->lost; // connection
	uint64_t sent = path->sent - again->sent, lost = path->lost - again->lost;
	if (again->since == 0 || other || now - again->since > 4 * AGAIN_LOOK_NS) {
		again->since = now; // the first one, or of long ago
	} else if (now - again->since < AGAIN_LOOK_NS || sent < AGAIN_PACKETS) {
		return;
	} else {
		bool room = path->least_ns >= LONG_NS && again_share(carries) >= enough;
		again->on = room && lost * 1000 >= sent * (again->on ? CLEAN : LOSSY);
	}
	again->sent = path->sent;
	again->lost = path->lost;
	again->since = now;
}
