/* SPDX-License-Identifier: MIT */
/*
 * train.c - packet trains. What is sent because of them is not decided here: scheduler.c tells of it.
 */
#include "quic/train.h"

#include <stdlib.h>
#include <string.h>

#define TOGETHER_NS 50000 // acknowledged by one packet, as far as that can be seen
#define LEAST_BYTES 2600  // two packets behind the first

void train_acked(struct train *train, uint64_t offset, uint64_t now) {
	if (train->first_ns == 0 || now - train->first_ns < TOGETHER_NS) {
		train->first_ns = train->first_ns ? train->first_ns : now;
		train->first_end = offset;
	}
	train->last_ns = now;
	train->last_end = offset;
}

void trains_add(struct trains *trains, const struct train *train) {
	if (train->last_end - train->first_end >= LEAST_BYTES) {
		trains->rates[trains->count++ % TRAINS] = (double)(train->last_end - train->first_end) /
			(double)(train->last_ns - train->first_ns);
	}
}

static int compare(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double trains_rate(const struct trains *trains) {
	double sorted[TRAINS];
	size_t count = trains->count < TRAINS ? trains->count : TRAINS;
	if (count < TRAINS_MIN) {
		return 0;
	}
	memcpy(sorted, trains->rates, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare);
	return sorted[count * 3 / 4];
}
