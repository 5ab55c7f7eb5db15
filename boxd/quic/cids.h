/* SPDX-License-Identifier: MIT */
#ifndef QUIC_CIDS_H
#define QUIC_CIDS_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <wayland-util.h>

/* Which connection a datagram is for: connection IDs that we gave out, or that a dialler chose. */

struct connection;

#define CIDS_SIZE 16 // bytes of those we give out
#define CIDS_BUCKETS 256

struct cids {
	struct wl_list buckets[CIDS_BUCKETS]; // cid_entry.link
	uint32_t seed;
};

void cids_init(struct cids *cids);
void cids_finish(struct cids *cids); // must be empty
/* owner's entries are kept in list. false: no memory. */
bool cids_add(struct cids *cids, const uint8_t *id, size_t size, struct connection *owner,
	struct wl_list *list);
void cids_remove(struct cids *cids, const uint8_t *id, size_t size);
void cids_remove_all(struct wl_list *list);
struct connection *cids_find(struct cids *cids, const uint8_t *id, size_t size);

#endif
