/* SPDX-License-Identifier: MIT */
/*
 * lane.c - tiles or video. What is cheap is found out by trying: tiling that grows too large is given
 * up early. So text that scrolls goes as tiles although all of it is damaged, and a game goes as video.
 */
#include "boxcast/lane.h"

#define MOMENT_NS 100000000 // half of the heat is gone after this
#define COOL 150            // thousandths of the picture: little changes
#define HOT 2000            // more is no different
#define LEAST (64 * 1024)   // bytes that are sent at once at any rate
#define BURST_NS 80000000   // else as many as the rate carries in this time
#define BYTES_NS 400000000  // over which the rate of tiles is looked at

void lane_init(struct lane *lane) {
	*lane = (struct lane){.hold = LANE_HOLD_NS};
}

static int64_t cooled(int64_t heat, int64_t ns) {
	for (; heat > 0 && ns >= MOMENT_NS; ns -= MOMENT_NS) {
		heat /= 2;
	}
	return heat - heat * ns / (2 * MOMENT_NS);
}

static void go_video(struct lane *lane, int64_t now) {
	if (!lane->video) {
		bool soon = lane->until != 0 && now < lane->until + lane->hold;
		lane->hold = !soon ? LANE_HOLD_NS : lane->hold < LANE_HOLD_MAX_NS ? lane->hold * 2 : lane->hold;
	}
	lane->video = true;
	lane->until = now + lane->hold;
}

bool lane_captured(struct lane *lane, uint32_t damaged, int64_t now) {
	int64_t since = now - lane->changed_at;
	bool rested = lane->changed_at == 0 || since >= LANE_REST_NS;
	lane->heat = cooled(lane->heat, since) + damaged;
	lane->heat = lane->heat < HOT ? lane->heat : HOT;
	lane->changed_at = now;
	if (lane->video && (rested || (now >= lane->until && lane->heat < COOL))) {
		lane->video = false;
	}
	return lane->video;
}

size_t lane_most(uint32_t rate) {
	uint64_t burst = (uint64_t)rate / 8 * BURST_NS / 1000000000;
	return burst > LEAST ? (size_t)burst : LEAST;
}

void lane_sent(struct lane *lane, size_t bytes, uint32_t rate, int64_t now) {
	int64_t since = now - lane->bytes_at;
	lane->bytes_at = now;
	// leaks as the rate drains it
	uint64_t drained = since < BYTES_NS ? (uint64_t)rate / 8 * (uint64_t)since / 1000000000 : UINT64_MAX;
	lane->bytes = (lane->bytes > drained ? lane->bytes - drained : 0) + bytes;
	if (lane->bytes > (uint64_t)rate / 8 * BYTES_NS / 1000000000 + LEAST) {
		lane->bytes = 0;
		go_video(lane, now);
	}
}

void lane_refused(struct lane *lane, int64_t now) {
	go_video(lane, now);
}

int64_t lane_rest(const struct lane *lane) {
	return lane->changed_at == 0 ? 0 : lane->changed_at + LANE_REST_NS;
}
