/* SPDX-License-Identifier: MIT */
/*
 * times.c - see times.h. Pure.
 */
#include "boxview/times.h"

#include <stdlib.h>

void times_add(struct times *times, int64_t ns) {
	if (times->count < TIMES_KEPT) {
		int64_t us = ns < 0 ? 0 : ns / 1000;
		times->us[times->count++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	}
}

static int compare(const void *a, const void *b) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

void times_take(struct times *times, uint32_t *median, uint32_t *high) {
	*median = *high = 0;
	if (times->count > 0) {
		qsort(times->us, times->count, sizeof(times->us[0]), compare);
		*median = times->us[times->count / 2];
		*high = times->us[(times->count - 1) * 95 / 100];
	}
	times->count = 0;
}
