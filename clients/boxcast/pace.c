/* SPDX-License-Identifier: MIT */
/*
 * pace.c - the rate that the way carries, found by its delay. Lost packets alone are no sign: those
 * frames that waited for one to be sent again are few, and the median does not see them.
 */
#include "boxcast/pace.h"

#include <stdlib.h>

#define LEAST 500000        // bits a second
#define VERY_HIGH_NS 150000000
#define STEP 100000         // bits a second, besides a twelfth

void pace_init(struct pace *pace) {
	*pace = (struct pace){0};
}

void pace_sent(struct pace *pace, size_t bytes) {
	pace->sent += bytes;
}

static int compare(const void *a, const void *b) {
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void begin_anew(struct pace *pace, int64_t now) {
	pace->count = 0;
	pace->sent = 0;
	pace->looked_at = now;
}

static void lower(struct pace *pace, uint32_t rate, uint32_t percent) {
	uint64_t limit = (uint64_t)rate * percent / 100;
	pace->limit = limit > LEAST ? (uint32_t)limit : LEAST;
}

static void look(struct pace *pace, uint32_t rate, uint32_t most, int64_t elapsed) {
	qsort(pace->waits, pace->count, sizeof(pace->waits[0]), compare);
	int64_t wait = pace->waits[pace->count / 2];
	uint64_t used = pace->sent * 8 * 1000000000 / (uint64_t)elapsed;
	if (wait > PACE_HIGH_NS) {
		lower(pace, rate, wait > VERY_HIGH_NS ? 70 : 85);
	} else if (wait < PACE_LOW_NS && pace->limit > 0 && used > rate / 2) { // else it tells nothing
		uint64_t limit = (uint64_t)pace->limit + pace->limit / 12 + STEP;
		pace->limit = limit < most ? (uint32_t)limit : 0;
	}
}

void pace_acked(struct pace *pace, int64_t wait_ns, int64_t rtt_ns, uint32_t rate, uint32_t most,
		int64_t now) {
	if (pace->looked_at == 0) {
		begin_anew(pace, now);
	}
	pace->waits[pace->count++] = wait_ns;
	int64_t elapsed = now - pace->looked_at;
	if (elapsed > 10 * PACE_LOOK_NS) { // there was a rest, of which nothing follows
		begin_anew(pace, now);
	} else if (pace->count == PACE_SAMPLES || elapsed >= PACE_LOOK_NS + rtt_ns) {
		if (elapsed > 0) {
			look(pace, rate, most, elapsed);
		}
		begin_anew(pace, now);
	}
}

void pace_stalled(struct pace *pace, uint32_t rate, int64_t now) {
	lower(pace, rate, 60);
	begin_anew(pace, now);
}
