/* SPDX-License-Identifier: MIT */
/*
 * clock.c - a machine whose clock is wrong, for LD_PRELOAD: CLOCK_WRONG_S seconds are added to the
 * time of day. Files keep the kernel's time, and so does CLOCK_MONOTONIC.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
	const char *wrong = getenv("CLOCK_WRONG_S");
	int result = (int)syscall(SYS_clock_gettime, clock, now);
	if (wrong && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
		now->tv_sec += atol(wrong);
	}
	return result;
}

time_t time(time_t *out) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out) {
		*out = now.tv_sec;
	}
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
	return 0;
}
