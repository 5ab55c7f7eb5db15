/* SPDX-License-Identifier: MIT */
/*
 * phase.c - the control loop of the frame clock. How long pictures lay ready is an angle: who comes a
 * little too late for a refresh waits for nearly all of the next. So means and deviations are taken on
 * the circle of one period. Each picture says at which tick it would just have been in time, whatever the
 * clock was like when it was drawn; so all that came lately are evidence, on a way with much jitter too.
 */
#include "boxcast/phase.h"

#include <math.h>
#include <stdlib.h>

#define TURN (2 * 3.14159265358979323846)
#define TOGETHER 0.25       // of 1: less, and pictures are due at no phase at all; with few of them, more:
#define CHANCE 2            // so many times what they come to by chance
#define DOUBT 0.6           // less, and other periods are tried, each of which
#define SURE 0.85           // must put them together so much
#define NEAR_NS 400000      // no change for less
#define PART 0.8            // of the error that one change mends
#define ERRORS 4            // what is no more than so many standard errors is an accident
#define SLIP_PART 0.5       // of a period's error that one change mends: noise comes in stretches, too
#define MOVED 2000000       // ns: a look so far from those before it is of a screen that has moved
#define LATE_COST 6         // periods: what a late picture costs, for its age, the one it loses, and the eye
#define RECENT_NS 500000000 // a refresh so long ago tells when the next are
#define CALM 8              // one picture that was slow to draw is no reason to think so of all
#define OLD_TURNS 300       // periods: older evidence is none
#define DRIFT 0.04          // a period is no further from what the screen says of it
#define LASTING_NS 1000000.0 // of an error may come back with each look, as the period is wrong:
#define LASTING_PART 0.02   // so much of that is taken to be so
#define ODD 0.003           // nearer to it, it is as the screen says
#define OTHER 0.02          // no nearer to the last, it is another screen

/* Pictures as seen from the next tick: where on the circle they are due, and how long ago they were drawn. */
struct evidence {
	size_t count;
	double due[PHASE_SAMPLES], turns[PHASE_SAMPLES]; // ns; periods before that tick
};

struct fit {
	double mean;     // ns: due on average, for the next tick
	double together; // 0 to 1
	double error;    // of the mean, ns
};

void phase_init(struct phase *phase) {
	*phase = (struct phase){0};
}

static int64_t floor_to(int64_t ns, int64_t period) {
	int64_t rest = ns % period;
	return ns - (rest < 0 ? rest + period : rest);
}

void phase_captured(struct phase *phase, uint64_t capture_ns, uint32_t divisor) {
	int64_t capture = (int64_t)capture_ns, period = phase->period_ns;
	int64_t apart = capture - phase->last_capture_ns;
	phase->last_capture_ns = capture;
	if (period == 0) {
		return;
	}
	uint32_t at = phase->captured++ % PHASE_CAPTURES;
	phase->captures[at].capture_ns = capture_ns;
	phase->captures[at].tick_ns = phase->tick_ns + floor_to(capture - phase->tick_ns, period);
	phase->captures[at].decoded_ns = 0;
	phase->captures[at].regular = capture >= phase->steady_ns &&
		llabs(apart - period * divisor) < period * 2 / 5;
}

static double wrap(double ns, double period) {
	return ns - period * round(ns / period);
}

/* What all say together, if the period is so much longer than it is thought to be. */
static struct fit fit(const struct evidence *evidence, double period, double longer) {
	double x = 0, y = 0, count = (double)evidence->count;
	for (size_t i = 0; i < evidence->count; i++) {
		double angle = TURN * (evidence->due[i] + longer * evidence->turns[i]) / period;
		x += cos(angle) / count;
		y += sin(angle) / count;
	}
	double together = fmin(hypot(x, y), 1);
	double deviation = period / TURN * sqrt(-2 * log(fmax(together, 1e-6)));
	return (struct fit){
		.mean = atan2(y, x) / TURN * period,
		.together = together,
		.error = deviation / sqrt(count),
	};
}

static bool agrees(const struct fit *fit, size_t count) {
	return fit->together >= fmax(TOGETHER, CHANCE / sqrt((double)count));
}

/* The tick of the clock that comes next. */
static int64_t next_tick(const struct phase *phase, int64_t now) {
	int64_t behind = now - phase->tick_ns;
	return behind <= 0 ? phase->tick_ns :
		phase->tick_ns + (behind + phase->period_ns - 1) / phase->period_ns * phase->period_ns;
}

static int64_t clip(int64_t ns, int64_t least, int64_t most) {
	return ns < least ? least : ns > most ? most : ns;
}

static void set(struct phase *phase, int64_t tick, double error, double longer) {
	int64_t drift = (int64_t)((double)phase->refresh_ns * DRIFT);
	phase->period_ns = clip(phase->period_ns + (int64_t)longer, phase->refresh_ns - drift,
		phase->refresh_ns + drift);
	// a window notices no more of a quarter than of a late screen
	int64_t quarter = phase->period_ns / 4;
	phase->tick_ns = tick + clip((int64_t)(error * PART), -quarter, quarter);
	phase->steady_ns = phase->tick_ns + phase->period_ns;
}

static struct evidence gather(const struct phase *phase, int64_t tick, uint32_t most) {
	struct evidence evidence = {0};
	int64_t period = phase->period_ns;
	for (uint32_t i = 1; i <= phase->count && i <= most; i++) {
		int64_t ago = tick - phase->due[(phase->count - i) % PHASE_SAMPLES];
		if (ago > OLD_TURNS * period) {
			break;
		}
		evidence.due[evidence.count] = -(double)(ago % period);
		evidence.turns[evidence.count++] = (double)ago / (double)period;
	}
	return evidence;
}

/* By how much the period is wrong if nothing can be seen with it as it is; 0: no other is better. */
static double search(const struct phase *phase, const struct evidence *evidence) {
	double period = (double)phase->period_ns, best = SURE, found = 0;
	double most = DRIFT * (double)phase->refresh_ns;
	double step = period / 8 / fmax(evidence->turns[evidence->count - 1], 1);
	for (double longer = -most; longer <= most; longer += step) {
		struct fit tried = fit(evidence, period, longer);
		if (tried.together > best) {
			best = tried.together;
			found = longer;
		}
	}
	return found;
}

/* By how much the period is wrong, from how pictures slip along a line; 0: they do not. */
static double slip(const struct evidence *evidence, double period, double longer, const struct fit *at) {
	double count = (double)evidence->count, middle = 0, squares = 0, product = 0, rest = 0;
	for (size_t i = 0; i < evidence->count; i++) {
		middle += evidence->turns[i] / count;
	}
	for (size_t i = 0; i < evidence->count; i++) {
		double turns = evidence->turns[i] - middle;
		double off = wrap(evidence->due[i] + longer * evidence->turns[i] - at->mean, period);
		squares += turns * turns;
		product += turns * off;
		rest += off * off;
	}
	double slope = squares > 0 ? product / squares : 0;
	double error = squares > 0 ? sqrt(fmax(rest - slope * product, 0) / count / squares) : 0;
	return fabs(slope) > ERRORS * error ? -slope : 0;
}

static int compare(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/*
 * How much before the mean pictures are to be ready. Who waits for the latest makes all of them older; who does
 * not shows an old one for each that is late, and loses one. What costs least is right.
 */
static double find_lead(const struct evidence *evidence, double period, double longer, double mean) {
	double early[PHASE_SAMPLES], best = 0, least = INFINITY;
	for (size_t i = 0; i < evidence->count; i++) {
		early[i] = wrap(evidence->due[i] + longer * evidence->turns[i] - mean, period);
	}
	qsort(early, evidence->count, sizeof(early[0]), compare);
	for (size_t late = 0; late < evidence->count; late++) {
		double cost = -early[late] + LATE_COST * period * (double)late / (double)evidence->count;
		if (cost < least) {
			least = cost;
			best = -early[late];
		}
	}
	return best + PHASE_MARGIN_NS;
}

/* The fit of all that is known, and how much longer the period is than thought. false: nobody can say. */
static bool find_phase(const struct phase *phase, const struct evidence *evidence, struct fit *at,
		double *longer) {
	double period = (double)phase->period_ns;
	*longer = 0;
	*at = fit(evidence, period, 0);
	if (at->together < DOUBT) {
		*longer = search(phase, evidence);
	}
	// Of a screen that keeps what it says, a slope is the way's, or the encoder's: it does not go on.
	if (*longer != 0 || fabs(period - (double)phase->refresh_ns) > ODD * period) {
		*at = fit(evidence, period, *longer);
		*longer += SLIP_PART * slip(evidence, period, *longer, at);
		*at = fit(evidence, period, *longer);
	}
	return *longer != 0 || agrees(at, evidence->count);
}

/* What was seen of a screen before it moved is no evidence. */
static bool has_moved(const struct phase *phase, const struct evidence *last, const struct fit *all,
		struct fit *now) {
	double period = (double)phase->period_ns;
	*now = fit(last, period, 0);
	return agrees(now, last->count) &&
		fabs(wrap(now->mean - all->mean, period)) > fmax(MOVED, ERRORS * now->error);
}

static bool look(struct phase *phase, int64_t now) {
	int64_t tick = next_tick(phase, now);
	double longer, period = (double)phase->period_ns;
	struct evidence evidence = gather(phase, tick, PHASE_SAMPLES);
	struct fit at, late;
	phase->looked = phase->count;
	if (evidence.count < PHASE_LOOK) {
		return false;
	}
	bool found = find_phase(phase, &evidence, &at, &longer);
	struct evidence last = gather(phase, tick, PHASE_LOOK);
	if (longer == 0 && has_moved(phase, &last, &at, &late)) {
		evidence = last;
		at = late;
	} else if (!found) {
		return false;
	}
	double error = wrap(at.mean - find_lead(&evidence, period, longer, at.mean), period);
	if (longer == 0 && fabs(error) < fmax(NEAR_NS, at.error)) {
		return false;
	}
	// What is wrong again and again is the period, if only by a thousandth.
	double lasting = fmax(-LASTING_NS, fmin(error, LASTING_NS)) * LASTING_PART / PHASE_LOOK;
	set(phase, tick, error, longer != 0 ? longer : lasting);
	return true;
}

bool phase_set_refresh(struct phase *phase, int64_t refresh_ns, int64_t now) {
	if (refresh_ns < PHASE_FASTEST_NS || refresh_ns > PHASE_SLOWEST_NS ||
			llabs(refresh_ns - phase->refresh_ns) < (int64_t)((double)refresh_ns * OTHER)) {
		return false;
	}
	phase->tick_ns = phase->refresh_ns > 0 ? next_tick(phase, now) : now;
	phase->refresh_ns = phase->period_ns = refresh_ns;
	phase->steady_ns = now + 2 * refresh_ns;
	phase->count = phase->looked = 0;
	phase->presented_ns = 0;
	return true;
}

static ptrdiff_t find(const struct phase *phase, uint64_t capture_ns) {
	for (ptrdiff_t i = 0; i < PHASE_CAPTURES; i++) {
		if (phase->captures[i].capture_ns == capture_ns) {
			return i;
		}
	}
	return -1;
}

bool phase_decoded(struct phase *phase, uint64_t capture_ns, uint64_t at_ns, int64_t now) {
	ptrdiff_t i = find(phase, capture_ns);
	if (i < 0 || !phase->captures[i].regular) {
		return false;
	}
	phase->captures[i].regular = false; // once
	phase->captures[i].decoded_ns = at_ns;
	// a stranger's times: any number
	int64_t since = (int64_t)(at_ns - phase->presented_ns);
	if (phase->presented_ns == 0 || since < -RECENT_NS || since > RECENT_NS) {
		return false;
	}
	int64_t late = since + phase->draw_ns, period = phase->period_ns;
	int64_t ready = -late - floor_to(-late, period);
	phase->due[phase->count++ % PHASE_SAMPLES] = phase->captures[i].tick_ns + ready;
	return phase->count - phase->looked >= PHASE_LOOK && look(phase, now);
}

void phase_shown(struct phase *phase, uint64_t capture_ns, uint64_t drawn_ns, uint64_t presented_ns) {
	ptrdiff_t i = find(phase, capture_ns);
	if (i < 0 || phase->captures[i].decoded_ns == 0) {
		return;
	}
	int64_t draw = (int64_t)(drawn_ns - phase->captures[i].decoded_ns);
	if (draw >= 0 && draw < phase->period_ns) {
		phase->draw_ns += phase->draw_ns == 0 ? draw : (draw - phase->draw_ns) / CALM;
	}
	phase->presented_ns = presented_ns;
}

uint32_t phase_refresh_mhz(const struct phase *phase) {
	return phase->refresh_ns > 0 ? (uint32_t)(1000000000000 / phase->refresh_ns) : 0;
}
