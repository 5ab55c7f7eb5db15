/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_FAST_TIMERS_H
#define TESTS_UNIT_NET_FAST_TIMERS_H

/*
 * Seconds of waiting in milliseconds: timers of the code under test fire FAST times earlier than they
 * were asked to, and its clock stands until the test says that time has passed (the linker wraps both
 * functions), so nothing depends on how busy the machine is. Tests read what timers were asked for.
 */
#define FAST 50

#define FAST_TIMERS_MAX 256
extern int fast_timers_ms[FAST_TIMERS_MAX]; // what was asked for, disarming aside, in order
extern int fast_timers_count;

void fast_timers_reset(void);
/* The clock goes on. Timers do not care. */
void fast_timers_pass(int ms);

#endif
