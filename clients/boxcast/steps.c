/* SPDX-License-Identifier: MIT */
/*
 * steps.c - less of a picture, before all of it is bad or late. Who scales, and who leaves out frames, is
 * pipeline.c and cast.c.
 */
#include "boxcast/steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THIN 40    // thousandths of a bit for a pixel: less is no picture,
#define ENOUGH 52  // and this is, so that a step up is not taken back
#define SLOW 110   // percent of the time between two frames, in the encoder or decoder
#define BUSY 85    // percent of the time between two captures: nearly always at work
#define EASY 75    // likewise, foreseen for the step above
#define SIDE_MIN 256 // a smaller window is not scaled: encoders want 128 of its half
#define FAST_MHZ 100000
#define SLOWEST_MHZ 29000 // 30 a second, and clocks are not exact
#define LEAST_SAMPLES STEPS_SAMPLES
#define HELD 3 // a step up that lasted so many times its patience was right

struct step {
	int quarters; // of each side
	uint32_t divisor;
};

static int list_steps(const struct steps_task *task, struct step out[static STEPS_MAX]) {
	int count = 0;
	uint32_t divisor = 1;
	out[count++] = (struct step){4, divisor};
	if (task->refresh_mhz >= FAST_MHZ) {
		divisor = 2;
		out[count++] = (struct step){4, divisor};
	}
	int quarters = 4;
	if (task->window.width >= SIDE_MIN && task->window.height >= SIDE_MIN) {
		quarters = 2;
		out[count++] = (struct step){3, divisor};
		out[count++] = (struct step){2, divisor};
	}
	if (task->refresh_mhz / (divisor * 2) >= SLOWEST_MHZ) {
		out[count++] = (struct step){quarters, divisor * 2};
	}
	return count;
}

void steps_init(struct steps *steps) {
	*steps = (struct steps){.patience = STEPS_UP_NS};
}

static void add(struct steps_times *times, int64_t ns) {
	times->ns[times->count++ % STEPS_SAMPLES] = ns;
}

void steps_encoded(struct steps *steps, int64_t ns, int64_t apart_ns) {
	add(&steps->encoding, ns);
	add(&steps->apart, apart_ns);
}

void steps_decoded(struct steps *steps, int64_t ns) {
	add(&steps->decoding, ns);
}

static int compare(const void *a, const void *b) {
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* 0: too few are known. A machine that was busy for a moment is not slow. */
static int64_t median(const struct steps_times *times) {
	int64_t sorted[STEPS_SAMPLES];
	size_t count = times->count < STEPS_SAMPLES ? times->count : STEPS_SAMPLES;
	if (count < LEAST_SAMPLES) {
		return 0;
	}
	memcpy(sorted, times->ns, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	return sorted[count / 2];
}

static int64_t slower(const struct steps *steps) {
	int64_t encoding = median(&steps->encoding), decoding = median(&steps->decoding);
	return encoding > decoding ? encoding : decoding;
}

/* Whether a step would do, with a frame that takes ns where `from` quarters of a side are coded. */
static bool suffices(const struct steps_task *task, const struct step *step, int from, int64_t ns,
		uint64_t bits, int64_t percent) {
	uint64_t pixels = (uint64_t)task->window.width * (uint64_t)task->window.height *
		(uint64_t)(step->quarters * step->quarters) / 16;
	uint64_t each_second = pixels * task->refresh_mhz / step->divisor / 1000;
	int64_t foreseen = ns * (step->quarters * step->quarters) / (from * from);
	int64_t period = INT64_C(1000000000000) / task->refresh_mhz * step->divisor;
	return (uint64_t)task->rate * 1000 >= each_second * bits && foreseen * 100 <= period * percent;
}

static bool lasted(int64_t *since, bool so, int64_t now, int64_t ns) {
	if (!so) {
		*since = 0;
	} else if (*since == 0) {
		*since = now;
	}
	return so && now - *since >= ns;
}

static void go(struct steps *steps, int step, const struct steps_task *task, int64_t now) {
	snprintf(steps->why, sizeof(steps->why), "%" PRIu32 " kbit/s, %" PRId64 " and %" PRId64
		" us for a frame", task->rate / 1000, median(&steps->encoding) / 1000,
		median(&steps->decoding) / 1000);
	if (step < steps->step) {
		steps->raised_at = now;
	} else if (steps->raised_at != 0 && now - steps->raised_at < HELD * steps->patience) {
		steps->patience = steps->patience * 2 < STEPS_UP_MAX_NS ? steps->patience * 2 : STEPS_UP_MAX_NS;
	} else {
		steps->patience = STEPS_UP_NS;
	}
	steps->step = step;
	steps->worse_since = steps->better_since = 0;
	steps->encoding.count = steps->decoding.count = steps->apart.count = 0; // of another size
}

bool steps_look(struct steps *steps, const struct steps_task *task, int64_t now) {
	struct step list[STEPS_MAX];
	int count = list_steps(task, list);
	if (steps->step >= count) { // the window is another
		go(steps, count - 1, task, now);
		return true;
	}
	const struct step *is = &list[steps->step];
	int64_t ns = slower(steps);
	bool busy = ns * 100 >= median(&steps->apart) * BUSY;
	bool worse = !suffices(task, is, is->quarters, busy ? ns : 0, THIN, SLOW);
	bool better = steps->step > 0 &&
		suffices(task, is - 1, is->quarters, ns, ENOUGH, EASY);
	if (lasted(&steps->worse_since, worse, now, STEPS_DOWN_NS) && steps->step < count - 1) {
		int step = steps->step + 1;
		while (step < count - 1 && !suffices(task, &list[step], is->quarters, ns, THIN, SLOW)) {
			step++;
		}
		go(steps, step, task, now);
		return true;
	}
	if (lasted(&steps->better_since, better, now, steps->patience)) {
		go(steps, steps->step - 1, task, now);
		return true;
	}
	return false;
}

static struct step step_of(const struct steps *steps, const struct steps_task *task) {
	struct step list[STEPS_MAX];
	int count = list_steps(task, list);
	return list[steps->step < count ? steps->step : count - 1];
}

struct picture_size steps_size(const struct steps *steps, const struct steps_task *task) {
	int quarters = step_of(steps, task).quarters;
	if (quarters == 4) {
		return task->window;
	}
	return (struct picture_size){ // even, as video is
		(task->window.width * quarters / 4 + 1) & ~1,
		(task->window.height * quarters / 4 + 1) & ~1,
	};
}

uint32_t steps_divisor(const struct steps *steps, const struct steps_task *task) {
	return step_of(steps, task).divisor;
}

/* Rounded up, or the step above would lack a bit for ever. */
static uint32_t enough_for(const struct steps_task *task, uint64_t pixels) {
	uint64_t bits = (pixels * task->refresh_mhz / 1000 * ENOUGH + 999) / 1000;
	return bits < UINT32_MAX ? (uint32_t)bits : UINT32_MAX;
}

uint32_t steps_good(const struct steps_task *task) {
	return enough_for(task, (uint64_t)task->window.width * (uint64_t)task->window.height);
}

uint32_t steps_enough(const struct steps_task *task) {
	return enough_for(task, (uint64_t)task->window.width * (uint64_t)task->window.height / 4);
}
