/* SPDX-License-Identifier: MIT */
#ifndef REPLICA_HISTORY_H
#define REPLICA_HISTORY_H

#include <pthread.h>
#include <sys/stat.h>

#include "replica/rules.h"

/*
 * What is remembered of the boxes of a storage that are replicated: how each was when it was looked
 * at last, with its vector; and of those that were deleted, that, for HISTORY_DAYS. It is kept in the
 * folder itself, so where that is not mounted nothing looks deleted.
 *
 * All of this is for threads: between history_lock and history_unlock.
 */
#define HISTORY_FILE ".box-history"
#define HISTORY_DAYS 90
#define HISTORY_MAX (1024 * 1024) // records

struct record {
	char *path;              // below the storage, "a/b"
	enum replica_what what;  // not REPLICA_UNKNOWN
	char *vector;            // as text
	char *type;              // that the file is said to be; "": nothing
	uint64_t ino, size;      // of a file, as it was
	struct timespec mtime, ctime;
	int64_t gone;            // since when, seconds since 1970
	uint64_t serial;         // of its last change in this life
	bool seen;               // in the look at the disk that is under way
};

struct history {
	pthread_mutex_t mutex;
	char *root, *file;
	char key[VECTOR_KEY + 1]; // of this machine
	struct record **records;  // sorted by path, as lists are
	size_t size, capacity;
	uint64_t serial;          // of the last change of all
	bool loaded, dirty;
	struct stat there;        // the file, as it was read or written
};

/* Whether something of that folder is or was replicated. */
bool history_is_there(const char *root);
/* NULL: no memory. root: the storage's folder; both are copied. */
struct history *history_create(const char *root, const char *key);
void history_destroy(struct history *history);

/* Reads the file if it is not the one that was read or written last. false: logged, and errno. */
bool history_lock(struct history *history);
void history_unlock(struct history *history);
/* Writes what has changed. false: errno. What a peer is told has to be written before. */
bool history_save(struct history *history);

struct record *history_find(const struct history *history, const char *path);
/* The first record of path and what is below it; *end: behind the last. */
size_t history_range(const struct history *history, const char *path, size_t *end);
/* A record that is not there yet, GONE with an empty vector. NULL: no memory, or too many. */
struct record *history_add(struct history *history, const char *path);
/* As if path, and what is below it, had never been. */
void history_forget(struct history *history, const char *path);

/* Our side of it, for the rules; record may be NULL. */
void history_side(const struct record *record, struct replica_side *side);
/* false: no memory. The record is new: whoever follows is told. */
bool history_set(struct history *history, struct record *record, enum replica_what what,
	const struct vector *vector);
bool history_set_type(struct record *record, const char *type); // false: no memory
/* Counts one more change of this machine into the vector. false: too many machines have changed it. */
bool history_count(struct history *history, struct vector *vector);

#endif
