/* SPDX-License-Identifier: MIT */
/*
 * cids.c - a table from connection ID to connection. IDs that strangers choose are in it only while
 * their handshake lasts, and incoming.c bounds those, so chains stay short without further care.
 */
#include "quic/cids.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

struct cid_entry {
	struct wl_list link;  // cids.buckets
	struct wl_list owned; // connection.cids
	struct connection *owner;
	uint8_t id[NGTCP2_MAX_CIDLEN];
	size_t size;
};

void cids_init(struct cids *cids) {
	for (int i = 0; i < CIDS_BUCKETS; i++) {
		wl_list_init(&cids->buckets[i]);
	}
	cids->seed = 0;
	gnutls_rnd(GNUTLS_RND_NONCE, &cids->seed, sizeof(cids->seed)); // 0 would do as well
}

void cids_finish(struct cids *cids) {
	for (int i = 0; i < CIDS_BUCKETS; i++) {
		assert(wl_list_empty(&cids->buckets[i]));
	}
}

static struct wl_list *bucket(struct cids *cids, const uint8_t *id, size_t size) {
	uint32_t hash = cids->seed;
	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ id[i]) * 16777619u; // FNV-1a
	}
	return &cids->buckets[(hash ^ hash >> 16) % CIDS_BUCKETS];
}

static struct cid_entry *find(struct cids *cids, const uint8_t *id, size_t size) {
	struct cid_entry *entry;
	wl_list_for_each(entry, bucket(cids, id, size), link) {
		if (entry->size == size && memcmp(entry->id, id, size) == 0) {
			return entry;
		}
	}
	return NULL;
}

bool cids_add(struct cids *cids, const uint8_t *id, size_t size, struct connection *owner,
		struct wl_list *list) {
	assert(size <= NGTCP2_MAX_CIDLEN);
	if (find(cids, id, size)) {
		return false; // somebody chose another's: his loss
	}
	struct cid_entry *entry = calloc(1, sizeof(*entry));
	if (!entry) {
		return false;
	}
	memcpy(entry->id, id, size);
	entry->size = size;
	entry->owner = owner;
	wl_list_insert(bucket(cids, id, size), &entry->link);
	wl_list_insert(list, &entry->owned);
	return true;
}

static void drop(struct cid_entry *entry) {
	wl_list_remove(&entry->link);
	wl_list_remove(&entry->owned);
	free(entry);
}

void cids_remove(struct cids *cids, const uint8_t *id, size_t size) {
	struct cid_entry *entry = find(cids, id, size);
	if (entry) {
		drop(entry);
	}
}

void cids_remove_all(struct wl_list *list) {
	struct cid_entry *entry, *next;
	wl_list_for_each_safe(entry, next, list, owned) {
		drop(entry);
	}
}

struct connection *cids_find(struct cids *cids, const uint8_t *id, size_t size) {
	struct cid_entry *entry = find(cids, id, size);
	return entry ? entry->owner : NULL;
}
