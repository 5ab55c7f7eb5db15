/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_FAST_TIMERS_H
#define TESTS_UNIT_NET_FAST_TIMERS_H

/*
 * Time that runs FAST times faster for the code under test: its timers fire early and its clock
 * goes fast (the linker wraps both functions). Tests read what timers were asked for.
 */
#define FAST 50

#define FAST_TIMERS_MAX 256
extern int fast_timers_ms[FAST_TIMERS_MAX]; // what was asked for, disarming aside, in order
extern int fast_timers_count;

void fast_timers_reset(void);

#endif
