/* SPDX-License-Identifier: MIT */
/*
 * pace.c - the rate that the way carries, found by its delay. Lost packets alone are no sign: those
 * frames that waited for one to be sent again are few, and the median does not see them. Where they are
 * many the path's own delay shows that no queue is to blame, and the rate is not lowered for ever.
 */
#include "boxcast/pace.h"

#include <stdlib.h>

#define LEAST 500000        // bits a second
#define VERY_HIGH_NS 150000000
#define STEP 100000         // bits a second, besides a twelfth
#define QUEUE_NS 30000000   // of delay above the path's own: what is sent waits in a queue,
#define QUEUE_PART 3        // and at least so large a part of the path's own
#define WINDOW_TRIPS 2      // a congestion window is what is carried in so many round trips (BBR's gain)
#define BOLD 60             // percent that are left of a rate at once, however little is said to be carried
#define USE 85              // percent of what is carried that may be used
#define FIRST 1500000       // a way that nobody has tried yet is given so much at least
#define LOSSY 40            // percent of it that loss alone takes nothing of

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

static void set_limit(struct pace *pace, uint64_t bits) {
	pace->limit = bits > LEAST ? bits < UINT32_MAX ? (uint32_t)bits : UINT32_MAX : LEAST;
}

static void lower(struct pace *pace, uint32_t rate, uint32_t percent) {
	set_limit(pace, (uint64_t)rate * percent / 100);
}

static bool knows_path(const struct pace *pace, int64_t now) {
	return pace->path_at != 0 && now - pace->path_at < PACE_PATH_NS;
}

static bool has_queue(const struct line_path *path) {
	int64_t queue = path->rtt_ns - path->least_ns;
	return queue > QUEUE_NS && queue > path->least_ns / QUEUE_PART;
}

static uint64_t carried_now(const struct line_path *path) {
	int64_t rtt = path->least_ns > 1000 ? path->least_ns / 1000 : 1; // us
	return path->window / WINDOW_TRIPS * 8 * 1000000 / (uint64_t)rtt;
}

uint64_t pace_carries(const struct pace *pace, int64_t now) {
	if (!knows_path(pace, now)) {
		return 0;
	}
	return pace->carried[0] > pace->carried[1] ? pace->carried[0] : pace->carried[1];
}

/* What is left where frames wait although there is no queue: lost packets make them wait. */
static uint64_t lossy_least(const struct pace *pace, int64_t now) {
	bool queue = !knows_path(pace, now) || has_queue(&pace->path);
	return queue ? 0 : pace_carries(pace, now) * LOSSY / 100;
}

static void look_high(struct pace *pace, uint32_t rate, int64_t wait, int64_t now) {
	uint64_t least = lossy_least(pace, now);
	if (rate <= least) {
		return;
	}
	lower(pace, rate, wait > VERY_HIGH_NS ? 70 : 85);
	if (pace->limit < least) {
		set_limit(pace, least);
	}
}

/* In bold steps towards what is known to be carried, in small ones beyond. */
static void look_low(struct pace *pace, uint32_t most, int64_t now) {
	uint64_t useful = pace_carries(pace, now) * USE / 100;
	uint64_t limit = (uint64_t)pace->limit + pace->limit / 12 + STEP;
	uint64_t bold = useful > pace->limit ? pace->limit + (useful - pace->limit) / 3 : 0;
	limit = bold > limit ? bold : limit;
	if (limit < most) {
		set_limit(pace, limit);
	} else {
		pace->limit = 0;
	}
}

static void look(struct pace *pace, uint32_t rate, uint32_t most, int64_t elapsed, int64_t now) {
	qsort(pace->waits, pace->count, sizeof(pace->waits[0]), compare);
	int64_t wait = pace->waits[pace->count / 2];
	uint64_t used = pace->sent * 8 * 1000000000 / (uint64_t)elapsed;
	if (wait > PACE_HIGH_NS) {
		look_high(pace, rate, wait, now);
	} else if (wait < PACE_LOW_NS && pace->limit > 0 && used > rate / 2) { // else it tells nothing
		look_low(pace, most, now);
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
			look(pace, rate, most, elapsed, now);
		}
		begin_anew(pace, now);
	}
}

/* Nothing is known but a first window: on a long way it is little, and what is more would only wait. */
static void begin_gently(struct pace *pace, uint64_t carried, uint32_t rate) {
	if (carried < rate && pace->limit == 0) {
		set_limit(pace, carried > FIRST ? carried : FIRST);
	}
}

void pace_path(struct pace *pace, const struct line_path *path, uint32_t rate, int64_t now) {
	uint64_t carried = carried_now(path);
	if (pace->path_at == 0) {
		begin_gently(pace, carried, rate);
		pace->lowered_at = now + PACE_PATH_NS; // what was sent before has a queue of its own
	}
	bool had_queue = has_queue(&pace->path);
	pace->path = *path;
	pace->path_at = now;
	if (now - pace->carried_at >= PACE_PATH_NS) {
		pace->carried[1] = now - pace->carried_at < 2 * PACE_PATH_NS ? pace->carried[0] : 0;
		pace->carried[0] = 0;
		pace->carried_at = now;
	}
	pace->carried[0] = carried > pace->carried[0] ? carried : pace->carried[0];
	// at once, before frames tell; and not again before that shows
	bool queue = had_queue && has_queue(path); // not one keyframe's
	if (!queue || now - pace->lowered_at < path->rtt_ns + PACE_LOOK_NS) {
		return;
	}
	pace->lowered_at = now;
	uint64_t useful = carried * USE / 100, least = (uint64_t)rate * BOLD / 100;
	useful = useful > least ? useful : least;
	set_limit(pace, useful < (uint64_t)rate * USE / 100 ? useful : (uint64_t)rate * USE / 100);
	begin_anew(pace, now);
}

void pace_stalled(struct pace *pace, uint32_t rate, int64_t now) {
	uint64_t carries = pace_carries(pace, now), least = lossy_least(pace, now);
	if (rate > least) {
		lower(pace, carries > 0 && carries < rate ? (uint32_t)carries : rate, 60);
		if (pace->limit < least) {
			set_limit(pace, least);
		}
	}
	begin_anew(pace, now);
}
