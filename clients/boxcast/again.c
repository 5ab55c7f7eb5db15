/* SPDX-License-Identifier: MIT */
/*
 * again.c - when frames are sent twice. Sending them is cast.c's, dropping the second boxview's.
 */
#include "boxcast/again.h"

#define LONG_NS 40000000 // a round trip below this is soon over
#define LOSSY 10         // thousandths of the packets: it begins,
#define CLEAN 3          // and ends
#define USE 80           // percent of what is carried, for both
#define STAYS 75         // percent of the room that it began with, until it ends for want of it
#define HURT 80          // thousandths of the frames may lose a packet: then 6 lose one in both
#define PACKET_BITS (1300 * 8) // of a picture

void again_init(struct again *again) {
	*again = (struct again){0};
}

uint32_t again_share(uint64_t carries) {
	uint64_t share = carries * USE / 200;
	return share < UINT32_MAX ? (uint32_t)share : UINT32_MAX;
}

uint32_t again_short(const struct again *again, uint32_t refresh_mhz) {
	uint32_t loss = again->loss > CLEAN ? again->loss : CLEAN;
	uint64_t bits = (uint64_t)PACKET_BITS * HURT * refresh_mhz / 1000 / loss;
	return bits < UINT32_MAX ? (uint32_t)bits : UINT32_MAX;
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
		uint32_t needed = again->on ? (uint32_t)((uint64_t)enough * STAYS / 100) : enough;
		bool room = path->least_ns >= LONG_NS && again_share(carries) >= needed;
		uint32_t loss = (uint32_t)(lost * 1000 / sent);
		// several are lost at once, so a second without any tells little
		again->loss = again->on ? (3 * again->loss + loss) / 4 : loss;
		again->on = room && again->loss >= (again->on ? CLEAN : LOSSY);
	}
	again->sent = path->sent;
	again->lost = path->lost;
	again->since = now;
}
