/* SPDX-License-Identifier: MIT */
/*
 * fs_origins.c - what in a store is a replica of what, for those who follow the store: of each link its
 * device, and what the device's side says of itself in turn. Links live in the loop, who tells of them is
 * on a thread: between the two stands a copy.
 */
#include "boxes/fs_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "replica/history.h"

// As it is called anywhere.
static char *whole_device(const struct fs_export *export, const char *device) {
	char *whole;
	if (device[0] != '/') {
		return strdup(device);
	}
	return asprintf(&whole, "%s%s", export->history->key, device) < 0 ? NULL : whole;
}

static void add_link(struct fs_export *export, struct replica *replica, struct origins *out) {
	char *device = whole_device(export, replica_link(replica)->device);
	if (device) {
		origins_add(out, replica_rest(replica), device);
	}
	free(device);
	origins_add_below(out, replica_rest(replica), replica_origins(replica));
}

void fs_origins_changed(struct box *box) {
	struct fs_export *export = box->data;
	struct origins now;
	origins_init(&now);
	for (struct replica *r = NULL; (r = replica_next(export->fs, r));) {
		if (replica_link(r)->io == box) {
			add_link(export, r, &now);
		}
	}
	pthread_mutex_lock(&export->mutex);
	struct origins before = export->origins;
	export->origins = now;
	pthread_mutex_unlock(&export->mutex);
	origins_finish(&before);
}

void fs_origins_of(struct fs_export *export, const char *path, struct origins *out) {
	origins_init(out);
	pthread_mutex_lock(&export->mutex);
	origins_add_of(out, path, &export->origins);
	pthread_mutex_unlock(&export->mutex);
}
