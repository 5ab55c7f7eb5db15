/* SPDX-License-Identifier: MIT */
/*
 * brief.c - the slope of delay against size, and the rate at which a frame's own bytes take little
 * time. That no more is sent than the way carries is pace.c's.
 */
#include "boxcast/brief.h"

#include <math.h>
#include <stdlib.h>

#define PART 5            // of the time between two frames
#define APART 1300        // bytes: frames of one packet more or less
#define PAIRS_MIN 24      // of frames so far apart
#define PAIRS_MAX (BRIEF_FRAMES * (BRIEF_FRAMES - 1) / 2)
#define OLD_NS 8000000000 // a slope of then tells nothing of now
#define SURE 4            // slopes at least
#define ERRORS 2.0        // standard errors to either side leave one in twenty out
#define SLOWER 4          // times, than was told, at most: frames also wait for processors
#define STEP 8            // a limit stays unless it differs by one in so many

void brief_init(struct brief *brief) {
	*brief = (struct brief){0};
}

void brief_sent(struct brief *brief, uint32_t sequence, size_t bytes) {
	brief->sent[sequence % BRIEF_SENT].sequence = sequence;
	brief->sent[sequence % BRIEF_SENT].bytes = bytes;
}

static int compare(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/*
 * The median of all pairs' slopes (Theil and Sen): a frame that waited for a lost packet does not
 * bend it.
 */
static void find_slope(struct brief *brief, int64_t now) {
	double slopes[PAIRS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < brief->count; i++) {
		for (size_t j = 0; j < i; j++) {
			double bytes = (double)brief->frames[i].bytes - (double)brief->frames[j].bytes;
			if (fabs(bytes) >= APART) {
				slopes[count++] = (double)(brief->frames[i].way_ns - brief->frames[j].way_ns) / bytes;
			}
		}
	}
	if (count >= PAIRS_MIN) {
		qsort(slopes, count, sizeof(slopes[0]), compare);
		brief->slopes[brief->slope_count++ % BRIEF_SLOPES] = (struct brief_slope){slopes[count / 2], now};
	}
}

void brief_acked(struct brief *brief, uint32_t sequence, int64_t way_ns, int64_t now) {
	if (brief->sent[sequence % BRIEF_SENT].sequence != sequence) {
		return;
	}
	size_t bytes = brief->sent[sequence % BRIEF_SENT].bytes;
	brief->sent[sequence % BRIEF_SENT].sequence = 0;
	brief->frames[brief->count].bytes = bytes;
	brief->frames[brief->count].way_ns = way_ns;
	if (++brief->count == BRIEF_FRAMES) {
		find_slope(brief, now);
		brief->count = 0;
	}
}

uint64_t brief_carries(const struct brief *brief, uint64_t told, int64_t now) {
	size_t count = 0;
	double sum = 0, squares = 0;
	for (size_t i = 0; i < BRIEF_SLOPES && i < brief->slope_count; i++) {
		if (now - brief->slopes[i].at < OLD_NS) {
			sum += brief->slopes[i].ns;
			squares += brief->slopes[i].ns * brief->slopes[i].ns;
			count++;
		}
	}
	if (told == 0 || count < SURE) {
		return told;
	}
	double mean = sum / (double)count;
	double variance = fmax(squares - sum * mean, 0) / (double)(count - 1);
	double error = ERRORS * sqrt(variance / (double)count);
	double ns = 8e9 / (double)told; // for a byte
	ns = fmax(fmin(ns, mean + error), 1);
	ns = fmax(ns, fmin(mean - error, 8e9 * SLOWER / (double)told));
	return (uint64_t)(8e9 / ns);
}

uint32_t brief_limit(struct brief *brief, uint64_t told, uint32_t enough, int64_t now) {
	if (told > 0 && enough > 0) {
		uint64_t bits = brief_carries(brief, told, now) / PART;
		bits = bits < UINT32_MAX ? bits : UINT32_MAX;
		uint32_t step = brief->limit / STEP;
		if (brief->limit == 0 || bits <= brief->limit - step || bits >= (uint64_t)brief->limit + step) {
			brief->limit = (uint32_t)bits;
		}
	}
	return brief->limit == 0 || brief->limit > enough ? brief->limit : enough;
}
