/* SPDX-License-Identifier: MIT */
/*
 * origins.c - of which boxes there are replicas in a folder, and which of them lead back. Only names
 * are looked at: one folder that is stored under two names is two.
 */
#include "replica/origins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"
#include "box/op.h"

void origins_init(struct origins *origins) {
	origins->size = origins->bytes = 0;
}

void origins_finish(struct origins *origins) {
	for (size_t i = 0; i < origins->size; i++) {
		free(origins->at[i].path);
		free(origins->at[i].device);
	}
	origins_init(origins);
}

bool origins_add(struct origins *origins, const char *path, const char *device) {
	size_t bytes = strlen(path) + strlen(device);
	for (size_t i = 0; i < origins->size; i++) {
		if (strcmp(origins->at[i].path, path) == 0 && strcmp(origins->at[i].device, device) == 0) {
			return true;
		}
	}
	if (origins->size == ORIGINS_MAX || bytes > ORIGINS_BYTES_MAX - origins->bytes) {
		return false;
	}
	struct origin origin = {.path = strdup(path), .device = strdup(device)};
	if (!origin.path || !origin.device) {
		free(origin.path);
		free(origin.device);
		return false;
	}
	origins->at[origins->size++] = origin;
	origins->bytes += bytes;
	return true;
}

// What is left of path below above, both without a first "/"; NULL: it is not there.
static const char *rest_of(const char *above, const char *path) {
	size_t size = strlen(above);
	if (size == 0) {
		return path;
	}
	if (strncmp(path, above, size) != 0 || (path[size] && path[size] != '/')) {
		return NULL;
	}
	return path + size + (path[size] == '/');
}

static bool add_joined(struct origins *origins, const char *path, const char *device, const char *rest) {
	char *whole;
	size_t size = strlen(device);
	if (asprintf(&whole, "%s%s%s", device, *rest && size && device[size - 1] != '/' ? "/" : "",
			rest) < 0) {
		return false;
	}
	bool good = origins_add(origins, path, whole);
	free(whole);
	return good;
}

bool origins_add_below(struct origins *origins, const char *above, const struct origins *more) {
	bool good = true;
	for (size_t i = 0; i < more->size; i++) {
		char *path;
		const char *own = more->at[i].path;
		if (asprintf(&path, "%s%s%s", above, *above && *own ? "/" : "", own) < 0) {
			return false;
		}
		good = origins_add(origins, path, more->at[i].device) && good;
		free(path);
	}
	return good;
}

bool origins_add_of(struct origins *origins, const char *path, const struct origins *more) {
	bool good = true;
	for (size_t i = 0; i < more->size; i++) {
		const struct origin *origin = &more->at[i];
		const char *below = rest_of(path, origin->path), *rest = rest_of(origin->path, path);
		if (below) {
			good = origins_add(origins, below, origin->device) && good;
		} else if (rest) {
			good = add_joined(origins, "", origin->device, rest) && good;
		}
	}
	return good;
}

static bool leads_back(const struct origin *origin, const char *key, const char *name) {
	char their_key[65], *place;
	const char *theirs, *rest;
	if (where_split(origin->device, their_key, &theirs, NULL) != OP_OK || strcmp(their_key, key) != 0 ||
			asprintf(&place, "%s%s%s", name, *origin->path ? "/" : "", origin->path) < 0) {
		return false;
	}
	rest = name_below(theirs, place);
	bool loops = rest && *rest;
	free(place);
	return loops;
}

const struct origin *origins_loop(const struct origins *origins, const char *path, const char *key,
		const char *name) {
	for (size_t i = 0; i < origins->size; i++) {
		if (rest_of(origins->at[i].path, path) && leads_back(&origins->at[i], key, name)) {
			return &origins->at[i];
		}
	}
	return NULL;
}

bool origins_split(const struct origins *all, const char *key, const char *name,
		struct origins *carried, struct origins *back) {
	bool good = true;
	for (size_t i = 0; i < all->size; i++) {
		const struct origin *origin = &all->at[i];
		const struct origin *loop = origins_loop(all, origin->path, key, name);
		if (!loop || strcmp(loop->path, origin->path) == 0) {
			good = origins_add(loop ? back : carried, origin->path, origin->device) && good;
		}
	}
	return good;
}
