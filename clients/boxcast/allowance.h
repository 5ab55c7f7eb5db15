/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_ALLOWANCE_H
#define BOXCAST_ALLOWANCE_H

#include <stdint.h>

/*
 * How much a viewer may ask: so many records of input and control lines a second, and so many at
 * once. What is more waits in the socket, so whoever floods waits too, and the window's application
 * hears no more than it can read. Pure: the time is told.
 */

#define ALLOWANCE_RATE 10000 // a second: a mouse of 8 kHz, and all else
#define ALLOWANCE_BURST 2000

struct allowance {
	int64_t full_at; // when all of the burst is there again, ns; in the past: it is
};

void allowance_init(struct allowance *allowance);
/* Takes so many, which may be more than there are: they are owed. */
void allowance_take(struct allowance *allowance, uint32_t count, int64_t now);
/* Since when, or from when on, nothing is owed. */
int64_t allowance_free_at(const struct allowance *allowance);

#endif
