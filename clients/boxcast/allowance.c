/* SPDX-License-Identifier: MIT */
/*
 * allowance.c - a token bucket, kept as the time when it is full. What is done to who has used his up
 * is viewer.c's.
 */
#include "boxcast/allowance.h"

#define EACH_NS (1000000000 / ALLOWANCE_RATE)

void allowance_init(struct allowance *allowance) {
	*allowance = (struct allowance){0};
}

void allowance_take(struct allowance *allowance, uint32_t count, int64_t now) {
	int64_t from = allowance->full_at > now ? allowance->full_at : now;
	allowance->full_at = from + (int64_t)count * EACH_NS;
}

int64_t allowance_free_at(const struct allowance *allowance) {
	return allowance->full_at - (int64_t)ALLOWANCE_BURST * EACH_NS;
}
