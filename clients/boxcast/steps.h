/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_STEPS_H
#define BOXCAST_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boxcast/picture.h"

/*
 * How much of a moving window is coded, when the rate or the machines do not suffice for all of it: fewer
 * pixels, fewer frames. Of 100 frames a second and more, every other one is left out first. Then pixels:
 * three quarters of each side, then half; they cost a game less than frames do. At last again every other
 * frame, down to 30 a second. Pure: rates and times are given by the caller.
 */

#define STEPS_MAX 5
#define STEPS_SAMPLES 32
#define STEPS_DOWN_NS 500000000  // it does not suffice for so long: a step down
#define STEPS_UP_NS 2000000000   // it would suffice above for so long: a step up,
#define STEPS_UP_MAX_NS 32000000000 // doubled each time that did not hold

struct steps_times {
	int64_t ns[STEPS_SAMPLES]; // ring
	size_t count; // ever
};

struct steps {
	int step; // 0: all of it
	struct steps_times encoding, decoding, apart;
	int64_t worse_since, better_since; // 0: not now
	int64_t patience, raised_at;
	char why[80]; // of the last change, for a person
};

/* What there is to be done, and what with. */
struct steps_task {
	struct picture_size window;
	uint32_t refresh_mhz;
	uint32_t rate; // bits a second, in force
};

void steps_init(struct steps *steps);
/*
 * A frame took so long in one of the two; waiting does not count. apart_ns: since the capture before. A window
 * that draws less often leaves more time.
 */
void steps_encoded(struct steps *steps, int64_t ns, int64_t apart_ns);
void steps_decoded(struct steps *steps, int64_t ns);
/* A frame was coded: true, it is another step from now on. */
bool steps_look(struct steps *steps, const struct steps_task *task, int64_t now);
/* Bits a second that suffice for all of it. */
uint32_t steps_good(const struct steps_task *task);
/* For half of each side. */
uint32_t steps_enough(const struct steps_task *task);
/* What is coded of this window: its own size, or less. */
struct picture_size steps_size(const struct steps *steps, const struct steps_task *task);
/* One of so many frames is coded. */
uint32_t steps_divisor(const struct steps *steps, const struct steps_task *task);

#endif
