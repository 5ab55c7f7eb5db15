/* SPDX-License-Identifier: MIT */
/*
 * fs_theirs.c - what another machine says of a box, checked: it is a stranger's. What follows of it
 * is fs_land.c's.
 */
#include "boxes/fs_theirs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "box/name.h"
#include "boxes/fs_both.h"

#define FAR_S (100LL * 365 * 86400) // no clock is wrong by so much

static char *copy_of(const char *text) {
	return strdup(text ? text : "");
}

void fs_theirs_destroy(struct fs_theirs *theirs) {
	if (theirs) {
		free(theirs->below);
		free(theirs->path);
		free(theirs->vector);
		free(theirs->type);
		free(theirs->version);
		free(theirs);
	}
}

static bool is_whole(const struct fs_theirs *theirs) {
	return theirs->below && theirs->path && theirs->vector && theirs->type && theirs->version;
}

// As malloc rounds it up.
static size_t bytes_of(const char *text) {
	return (strlen(text) + 1 + 8 + 15) / 16 * 16;
}

struct fs_theirs *fs_theirs_copy(const struct fs_theirs *theirs) {
	struct fs_theirs *copy = calloc(1, sizeof(*copy));
	if (copy) {
		copy->what = theirs->what;
		copy->below = copy_of(theirs->below);
		copy->path = copy_of(theirs->path);
		copy->vector = copy_of(theirs->vector);
		copy->type = copy_of(theirs->type);
		copy->version = copy_of(theirs->version);
	}
	if (copy && !is_whole(copy)) {
		fs_theirs_destroy(copy);
		copy = NULL;
	}
	return copy;
}

// Every component is a box's, but that the last may be a folder's own bytes.
static bool may_be_stored(const char *name) {
	char component[OP_MAX_COMPONENT + 1];
	const char *at = name, *word;
	size_t size;
	while ((word = name_next(&at, &size))) {
		if (size > OP_MAX_COMPONENT) {
			return false;
		}
		memcpy(component, word, size);
		component[size] = '\0';
		if (!(*at ? fs_is_box(component) : fs_is_stored(component))) {
			return false;
		}
	}
	return true;
}

// A count is a time in µs. One of the far future, be it said to be ours, would be what we count up
// from: with a fixed limit our next would be beyond it, and nobody would follow us any more. This
// one goes on.
static bool is_vector(const char *text) {
	struct vector vector;
	uint64_t far = (uint64_t)(time(NULL) + FAR_S) * 1000000;
	bool good = vector_parse(&vector, text) && vector.size > 0;
	for (int i = 0; good && i < vector.size; i++) {
		good = vector.at[i].count < far;
	}
	return good;
}

static enum replica_what what_of(const char *type) {
	return strcmp(type, "gone") == 0 ? REPLICA_GONE : cnstr_text_meets(type, "dir") ?
		REPLICA_FOLDER : REPLICA_FILE;
}

struct fs_theirs *fs_theirs_create(const struct op_head *entry, const char *path,
		struct op_refusal *why) {
	const char *name = op_get(entry, OP_F_NAME), *type = op_get(entry, OP_F_TYPE);
	if (!name || !type || !may_be_stored(name) || strlen(path) + strlen(name) > OP_MAX_NAME ||
			!is_vector(op_get(entry, OP_F_VECTOR))) {
		op_refuse(why, OP_EARG, "the device tells of %.150s, which is no box of a history",
			name ? name : "nothing");
		return NULL;
	}
	struct fs_theirs *theirs = calloc(1, sizeof(*theirs));
	if (theirs) {
		theirs->what = what_of(type);
		theirs->below = copy_of(name);
		theirs->vector = copy_of(op_get(entry, OP_F_VECTOR));
		theirs->type = copy_of(strcmp(type, "file") == 0 ? "" : type);
		theirs->version = copy_of(op_get(entry, OP_F_VERSION));
		if (asprintf(&theirs->path, "%s%s%s", path, *path && name[1] ? "/" : "", name + 1) < 0) {
			theirs->path = NULL;
		}
	}
	if (theirs && !is_whole(theirs)) {
		fs_theirs_destroy(theirs);
		theirs = NULL;
	}
	if (theirs) {
		theirs->bytes = sizeof(*theirs) + bytes_of(theirs->below) + bytes_of(theirs->path) +
			bytes_of(theirs->vector) + bytes_of(theirs->type) + bytes_of(theirs->version);
	} else {
		op_refuse(why, OP_EIO, "out of memory");
	}
	return theirs;
}
