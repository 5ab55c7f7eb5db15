/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_TIMES_H
#define BOXVIEW_TIMES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Durations of one stage over the last second: their median, and what one in twenty exceeds.
 */
#define TIMES_KEPT 256

struct times {
	uint32_t us[TIMES_KEPT];
	size_t count;
};

void times_add(struct times *times, int64_t ns);
/* Both in µs, 0 if there was none; and forgets them. */
void times_take(struct times *times, uint32_t *median, uint32_t *high);

#endif
