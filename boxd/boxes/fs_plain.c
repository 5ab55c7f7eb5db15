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
// A clock of a file system ticks once a second at the slowest: what changed so lately may change again
// unseen.
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

void fs_plain_note(const struct stat *st) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (st->st_ctim.tv_sec + TICK_S < now.tv_sec) {
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
