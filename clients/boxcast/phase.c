/* SPDX-License-Identifier: MIT */
/*
 * phase.c - the control loop of the frame clock. How long pictures lay ready is an angle: who comes a
 * little too late for a refresh waits for nearly all of the next. So means and deviations are taken on
 * the circle of one period. After each change only pictures captured since count, however long the way.
 */
#include "boxcast/phase.h"

#include <math.h>
#include <stdlib.h>

#define TURN (2 * 3.14159265358979323846)
#define TOGETHER 0.5        // of 1: less, and the pictures come at no phase at all
#define NEAR_NS 400000      // no change for less
#define PART 0.8            // of the error that one change mends
#define SLOPE_NS 1600000    // the halves of a look so far apart are no accident
#define SLOPE_PART 0.5      // of that in the period, but no more than
#define SLOPE_MOST_NS 100000
#define EARLY_PART 0.1      // of a lasting error in the period
#define LATE_PART 0.2
#define SLIP_NS 1500000     // what is more of it, never was right
#define MIDDLE ((PHASE_SAMPLES - 1) / 2.0)
#define READY_MOST_NS 200000000 // longer, and it was out of sight
#define TURNS_MAX 128       // a look so many periods after the last says nothing of the period
#define SPREAD_FADES 0.8    // with each look
#define DRIFT 0.04          // a period is no further from what the screen says of it
#define OTHER 0.02          // no nearer to the last, it is another screen

void phase_init(struct phase *phase) {
	*phase = (struct phase){0};
}

void phase_captured(struct phase *phase, uint64_t capture_ns, uint32_t divisor) {
	int64_t apart = (int64_t)capture_ns - phase->last_capture_ns;
	int64_t period = phase->period_ns;
	uint32_t at = phase->captured++ % PHASE_CAPTURES;
	phase->captures[at].capture_ns = capture_ns;
	phase->captures[at].regular = llabs(apart - period * divisor) < period * 2 / 5;
	phase->last_capture_ns = (int64_t)capture_ns;
}

static bool was_regular(const struct phase *phase, uint64_t capture_ns) {
	for (size_t i = 0; i < PHASE_CAPTURES; i++) {
		if (phase->captures[i].capture_ns == capture_ns) {
			return phase->captures[i].regular;
		}
	}
	return false;
}

static int64_t clip(int64_t ns, int64_t least, int64_t most) {
	return ns < least ? least : ns > most ? most : ns;
}

static double wrap(double ns, double period) {
	return ns - period * round(ns / period);
}

/* The mean of some on the circle; false: they are at no phase at all. */
static bool find_mean(const struct phase *phase, size_t from, size_t count, double *mean) {
	double period = (double)phase->period_ns, x = 0, y = 0;
	for (size_t i = from; i < from + count; i++) {
		double angle = TURN * (double)phase->ready[i] / period;
		x += cos(angle) / (double)count;
		y += sin(angle) / (double)count;
	}
	*mean = atan2(y, x) / TURN * period;
	return hypot(x, y) >= TOGETHER;
}

/* How much later than on a line the latest come. That by far is an accident; the next to it tells. */
static double find_spread(const struct phase *phase, double mean, double slope) {
	double latest = 0, spread = 0;
	for (size_t i = 0; i < PHASE_SAMPLES; i++) {
		double line = mean + slope * ((double)i - MIDDLE);
		double late = -wrap((double)phase->ready[i] - line, (double)phase->period_ns);
		if (late > latest) {
			spread = latest;
			latest = late;
		} else if (late > spread) {
			spread = late;
		}
	}
	return spread;
}

/* How much later the clock may tick, and how much longer its period is to be. false: nobody can say. */
static bool find_error(struct phase *phase, double *error, double *slope) {
	double first, second, period = (double)phase->period_ns;
	if (!find_mean(phase, 0, PHASE_SAMPLES / 2, &first) ||
			!find_mean(phase, PHASE_SAMPLES / 2, PHASE_SAMPLES / 2, &second)) {
		return false;
	}
	double apart = wrap(second - first, period);
	*slope = apart / (PHASE_SAMPLES / 2);
	double mean = first + apart / 2;
	double spread = find_spread(phase, mean, *slope);
	if (fabs(apart) < SLOPE_NS || spread > SLOPE_NS) {
		*slope = 0;
		spread = find_spread(phase, mean, 0);
	}
	double faded = (double)phase->spread_ns * SPREAD_FADES;
	phase->spread_ns = (int64_t)(spread > faded ? spread : faded);
	double wanted = (double)phase->spread_ns + PHASE_MARGIN_NS;
	wanted = wanted < period / 4 ? wanted : period / 4; // more helps those that come so late too little
	*error = wrap(mean + *slope * MIDDLE - wanted, period);
	return true;
}

/* The tick of the clock that comes next. */
static int64_t next_tick(const struct phase *phase, int64_t now) {
	int64_t behind = now - phase->tick_ns;
	return behind <= 0 ? phase->tick_ns :
		phase->tick_ns + (behind + phase->period_ns - 1) / phase->period_ns * phase->period_ns;
}

/*
 * The clock is wrong by so much. Its period is found by how pictures slip, and by what of the phase is wrong
 * again and again; not by when the screen refreshed: one that waits for pictures has the period they have.
 */
static void mend(struct phase *phase, double error, double slope, int64_t *tick) {
	int64_t turns = (*tick - phase->tick_ns) / phase->period_ns;
	double longer = fmax(-SLOPE_MOST_NS, fmin(slope * SLOPE_PART, SLOPE_MOST_NS));
	if (slope == 0 && turns >= PHASE_SAMPLES && turns <= TURNS_MAX) {
		// a screen that waits for pictures shows none too early: who is late there is to be faster
		double slip = fmax(-SLIP_NS, fmin(error, SLIP_NS));
		longer = slip * (slip < 0 ? LATE_PART : EARLY_PART) / (double)turns;
	}
	int64_t drift = (int64_t)((double)phase->refresh_ns * DRIFT);
	phase->period_ns = clip(phase->period_ns + (int64_t)longer, phase->refresh_ns - drift,
		phase->refresh_ns + drift);
	// a window notices no more of a quarter than of a late screen
	int64_t quarter = phase->period_ns / 4;
	*tick += clip((int64_t)(error * PART), -quarter, quarter);
	phase->steady_ns = *tick + 2 * phase->period_ns;
}

static bool look(struct phase *phase, int64_t now) {
	double error, slope;
	int64_t tick = next_tick(phase, now);
	phase->count = 0;
	bool wrong = find_error(phase, &error, &slope) && (fabs(error) > NEAR_NS || slope != 0);
	if (wrong) {
		mend(phase, error, slope, &tick);
	}
	phase->tick_ns = tick;
	return wrong;
}

bool phase_set_refresh(struct phase *phase, int64_t refresh_ns, int64_t now) {
	if (refresh_ns < PHASE_FASTEST_NS || refresh_ns > PHASE_SLOWEST_NS ||
			llabs(refresh_ns - phase->refresh_ns) < (int64_t)((double)refresh_ns * OTHER)) {
		return false;
	}
	phase->tick_ns = phase->refresh_ns > 0 ? next_tick(phase, now) : now;
	phase->refresh_ns = phase->period_ns = refresh_ns;
	phase->steady_ns = now + 2 * refresh_ns;
	phase->count = 0;
	phase->spread_ns = 0;
	return true;
}

bool phase_shown(struct phase *phase, uint64_t capture_ns, int64_t ready_ns, int64_t now) {
	// a stranger's times: any number
	if (phase->refresh_ns == 0 || ready_ns < 0 || ready_ns > READY_MOST_NS ||
			(int64_t)capture_ns < phase->steady_ns || !was_regular(phase, capture_ns)) {
		return false;
	}
	phase->ready[phase->count++] = ready_ns;
	return phase->count == PHASE_SAMPLES && look(phase, now);
}

uint32_t phase_refresh_mhz(const struct phase *phase) {
	return phase->refresh_ns > 0 ? (uint32_t)(1000000000000 / phase->refresh_ns) : 0;
}
