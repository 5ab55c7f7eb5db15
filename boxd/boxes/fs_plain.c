/* SPDX-License-Identifier: MIT */
/*
 * fs_plain.c - which files and folders have no attributes of ours, for all exports.
 *
 * Each change of an attribute changes ctime, so what is remembered goes out of date by itself. Who looks
 * for attributes when is fs_rights.c's.
 */
#include "boxes/fs_plain.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define KNOWN_MAX 2048 // a power of two; two that share a place take turns
/*
 * What changed within a tick of the file system's clock may change again unseen. Here that clock is the
 * kernel's coarse one, which ticks 100 times a second or more often; old disks keep whole seconds, and
 * what the clock of another machine does is not known.
 */
#define TICK_NS 40000000
#define TICK_S 2

struct known {
	dev_t dev;
	ino_t ino; // 0: none
	struct timespec changed;
};

static struct known known[KNOWN_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct known *place_of(const struct stat *st) {
	uint64_t mixed = ((uint64_t)st->st_ino ^ (uint64_t)st->st_dev << 32) * UINT64_C(0x9e3779b97f4a7c15);
	return &known[mixed >> 32 & (KNOWN_MAX - 1)];
}

void fs_plain_moment(struct timespec *moment) {
	clock_gettime(CLOCK_REALTIME_COARSE, moment);
}

static bool has_aged(const struct timespec *changed, const struct timespec *moment, bool by_kernel) {
	if (!by_kernel || changed->tv_nsec == 0) {
		return changed->tv_sec + TICK_S < moment->tv_sec;
	}
	int64_t age_s = (int64_t)moment->tv_sec - changed->tv_sec;
	return age_s > TICK_S ||
		(age_s >= 0 && age_s * 1000000000 + moment->tv_nsec - changed->tv_nsec > TICK_NS);
}

void fs_plain_note(const struct stat *st, const struct timespec *moment, bool by_kernel) {
	if (has_aged(&st->st_ctim, moment, by_kernel)) {
		pthread_mutex_lock(&lock);
		*place_of(st) = (struct known){st->st_dev, st->st_ino, st->st_ctim};
		pthread_mutex_unlock(&lock);
	}
}

bool fs_plain_is(const struct stat *st) {
	if (pthread_mutex_trylock(&lock) != 0) {
		return false;
	}
	const struct known *k = place_of(st);
	bool is = k->ino != 0 && k->ino == st->st_ino && k->dev == st->st_dev &&
		k->changed.tv_sec == st->st_ctim.tv_sec && k->changed.tv_nsec == st->st_ctim.tv_nsec;
	pthread_mutex_unlock(&lock);
	return is;
}
