/* SPDX-License-Identifier: MIT */
/*
 * detour.c - the ends of what a meeting point forwards.
 *
 * Where the meeting point is, is asked anew for each packet: a detour follows our connection to it
 * to another address, and is a dead end while there is none. Then packets are lost, as on any way.
 */
#include "quic/detour.h"

#include <stdlib.h>
#include <string.h>

#include "quic/transport.h"

#define DETOURS_MAX 64 // the one unused longest makes room

struct detour {
	struct wl_list link; // quic.detours, last used first
	uint64_t id;
	struct peer_entry *through; // the meeting point
};

static void free_detour(struct detour *detour) {
	wl_list_remove(&detour->link);
	free(detour);
}

static struct detour *find(struct quic *quic, uint64_t id) {
	struct detour *detour;
	wl_list_for_each(detour, &quic->detours, link) {
		if (detour->id == id) {
			wl_list_remove(&detour->link);
			wl_list_insert(&quic->detours, &detour->link);
			return detour;
		}
	}
	return NULL;
}

bool detour_add(struct quic *quic, uint64_t id, struct peer_entry *through) {
	struct detour *detour = find(quic, id);
	if (!detour) {
		detour = calloc(1, sizeof(*detour));
		if (!detour) {
			return false;
		}
		wl_list_insert(&quic->detours, &detour->link);
		detour->id = id;
	}
	detour->through = through;
	if (wl_list_length(&quic->detours) > DETOURS_MAX) {
		struct detour *last = wl_container_of(quic->detours.prev, last, link);
		free_detour(last);
	}
	return true;
}

void detours_drop(struct quic *quic, const struct peer_entry *through) {
	struct detour *detour, *next;
	wl_list_for_each_safe(detour, next, &quic->detours, link) {
		if (!through || detour->through == through) {
			free_detour(detour);
		}
	}
}

void detours_finish(struct quic *quic) {
	detours_drop(quic, NULL);
}

const char *detour_through(struct quic *quic, const struct address *remote) {
	uint64_t id;
	if (!address_is_detour(remote, &id)) {
		return NULL;
	}
	const struct detour *detour = find(quic, id);
	return detour ? detour->through->peer.petname : "a meeting point that is forgotten here";
}

void detour_path(uint64_t id, struct address *local, struct address *remote) {
	address_set_detour(local, 0);
	address_set_detour(remote, id);
}

/* The path of our connection to the meeting point; false: there is none, or no direct one. */
static bool find_way(struct quic *quic, uint64_t id, struct address *local,
		struct address *remote) {
	const struct detour *detour = find(quic, id);
	return detour && transport_direct(detour->through->peer.connection, local, remote);
}

bool detour_unwrap(struct quic *quic, const struct datagram *datagram,
		const struct envelope *envelope, struct datagram *inner) {
	struct address local, remote;
	if (!find_way(quic, envelope->id, &local, &remote)
			|| !address_equal(&remote, &datagram->remote)) {
		return false;
	}
	*inner = (struct datagram){
		.ecn = datagram->ecn, .bytes = envelope->packet, .size = envelope->size};
	detour_path(envelope->id, &inner->local, &inner->remote);
	return true;
}

void detour_batch(struct quic *quic, const struct address *local, const struct address *remote,
		uint8_t ecn, size_t size) {
	struct address to, from;
	uint64_t id;
	if (!address_is_detour(remote, &id)) {
		endpoint_add(quic->endpoint, local, remote, ecn, size);
	} else if (size <= DETOUR_DATAGRAM_MAX && find_way(quic, id, &from, &to)) {
		uint8_t *room = endpoint_room(quic->endpoint);
		memmove(room + ENVELOPE_SIZE, room, size);
		envelope_write(room, id);
		endpoint_add(quic->endpoint, &from, &to, ecn, size + ENVELOPE_SIZE);
	}
}

void detour_send(struct quic *quic, const struct address *local, const struct address *remote,
		const void *bytes, size_t size) {
	uint8_t *room = endpoint_room(quic->endpoint);
	if (room && size <= ENDPOINT_DATAGRAM_MAX) {
		memcpy(room, bytes, size);
		detour_batch(quic, local, remote, 0, size);
		endpoint_flush(quic->endpoint);
	}
}
