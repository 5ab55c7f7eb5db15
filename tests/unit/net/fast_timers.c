/* SPDX-License-Identifier: MIT */
/*
 * fast_timers.c - time in the hands of the test. Linked with --wrap of the two functions below.
 */
#include "fast_timers.h"

#include <stdint.h>
#include <time.h>
#include <wayland-server-core.h>

#include "pump.h"

int fast_timers_ms[FAST_TIMERS_MAX];
int fast_timers_count;
static int64_t passed_ms = 1000000;

int __real_wl_event_source_timer_update(struct wl_event_source *source, int ms_delay);
int __wrap_wl_event_source_timer_update(struct wl_event_source *source, int ms_delay);
int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

int __wrap_wl_event_source_timer_update(struct wl_event_source *source, int ms_delay) {
	if (ms_delay > 0 && fast_timers_count < FAST_TIMERS_MAX) {
		fast_timers_ms[fast_timers_count++] = ms_delay;
	}
	return __real_wl_event_source_timer_update(source, (ms_delay + FAST - 1) / FAST);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time) {
	time->tv_sec = (time_t)(passed_ms / 1000);
	time->tv_nsec = (long)(passed_ms % 1000) * 1000000;
	return 0;
}

int64_t pump_now_ms(void) {
	struct timespec now;
	__real_clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fast_timers_reset(void) {
	fast_timers_count = 0;
}

void fast_timers_pass(int ms) {
	passed_ms += ms;
}
