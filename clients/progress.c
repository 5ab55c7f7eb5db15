/* SPDX-License-Identifier: MIT */
/*
 * progress.c - how far a copy is, for a person who waits.
 */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 500
#define EACH_MS 100

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress) {
	*progress = (struct progress){.begun_ms = now_ms()};
}

// Decimal, as disks and networks count.
const char *progress_amount(double bytes, char out[static 16]) {
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	size_t unit = 0;
	while (bytes >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		unit++;
	}
	snprintf(out, 16, bytes < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
	return out;
}

void progress_begin(struct progress *progress, uint64_t from) {
	char so_far[16];
	progress->from = from;
	if (from > 0) {
		fprintf(stderr, "box: going on from %s\n", progress_amount((double)from, so_far));
	}
}

void progress_tell(struct progress *progress, uint64_t done, uint64_t size) {
	int64_t now = now_ms();
	char so_far[16], all[16], rate[16];
	if (!isatty(STDERR_FILENO) || now - progress->begun_ms < PATIENCE_MS ||
			now - progress->told_ms < EACH_MS) {
		return;
	}
	progress->told_ms = now;
	progress->shown = true;
	double seconds = (double)(now - progress->begun_ms) / 1000;
	progress_amount((double)(done - progress->from) / seconds, rate);
	if (size > 0) {
		fprintf(stderr, "\r\033[K%3.0f %%  %s of %s, %s/s", 100.0 * (double)done / (double)size,
			progress_amount((double)done, so_far), progress_amount((double)size, all), rate);
	} else {
		fprintf(stderr, "\r\033[K%s, %s/s", progress_amount((double)done, so_far),
			rate);
	}
}

void progress_finish(struct progress *progress) {
	if (progress->shown) {
		fputs("\r\033[K", stderr);
		progress->shown = false;
	}
}
