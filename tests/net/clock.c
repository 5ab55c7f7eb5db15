/* SPDX-License-Identifier: MIT */
/*
 * clock.c - a machine whose clock is wrong, for LD_PRELOAD: CLOCK_WRONG_S seconds are added to the
 * time of day, or as many as the file CLOCK_WRONG_FILE says, while it may change. Files keep the
 * kernel's time, and so does CLOCK_MONOTONIC.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long wrong_s(void) {
	const char *wrong = getenv("CLOCK_WRONG_S"), *path = getenv("CLOCK_WRONG_FILE");
	char text[24] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		ssize_t size = read(fd, text, sizeof(text) - 1);
		text[size > 0 ? size : 0] = '\0';
		close(fd);
		wrong = text;
	}
	return wrong ? atol(wrong) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
	int result = (int)syscall(SYS_clock_gettime, clock, now);
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
		now->tv_sec += wrong_s();
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
