/* SPDX-License-Identifier: MIT */
#ifndef NET_RATE_H
#define NET_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-util.h>

#include "box/perm.h"

/*
 * How often each subject may begin something: so many a second over time, and RATE_BURST seconds' worth
 * at once after a pause (a token bucket for each). Who pauses so long costs no memory any more.
 */

#define RATE_BURST 2

struct rate {
	int per_second;         // 0: no limit
	struct wl_list buckets; // of rate.c
};

void rate_init(struct rate *rate, int per_second);
void rate_finish(struct rate *rate);
/* One more of his; now_ms of CLOCK_MONOTONIC. false: it is too many. */
bool rate_take(struct rate *rate, const struct subject *who, int64_t now_ms);

#endif
