/* SPDX-License-Identifier: MIT */
/*
 * forward.c - envelopes of two peers, carried from the one to the other.
 *
 * A packet is carried only if it comes from the very address at which the peer has proven to be, and
 * goes only to the other's: so nobody can have packets sent to a third, and never more leaves here
 * than came. The id is random, so that who is not told cannot even take up the pair's rate.
 */
#include "quic/forward.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "quic/forward_private.h"
#include "quic/transport.h"

#define BURST_NS (SECOND / 4) // of its rate, that may come at once

struct forward {
	struct wl_list link; // quic.forwards, last used first
	struct quic *quic;
	struct peer *ends[2]; // both NULL: one is forgotten
	uint64_t id, bytes;
	double rate, credit; // bytes a ns, bytes
	uint64_t credit_at, used; // ns
};

bool forward_seen(const struct peer *peer, struct address *at) {
	struct address local;
	return transport_direct(peer->connection, &local, at);
}

struct forward *forward_create(struct quic *quic, struct peer *one, struct peer *other,
		uint64_t rate) {
	struct forward *forward = calloc(1, sizeof(*forward));
	if (!forward || gnutls_rnd(GNUTLS_RND_RANDOM, &forward->id, sizeof(forward->id)) < 0) {
		free(forward);
		return NULL;
	}
	forward->id |= 1; // 0 is none
	forward->quic = quic;
	forward->ends[0] = one;
	forward->ends[1] = other;
	forward->rate = (double)rate / SECOND;
	forward->credit = forward->rate * BURST_NS;
	forward->credit_at = forward->used = quic_now();
	wl_list_insert(&quic->forwards, &forward->link);
	return forward;
}

void forward_destroy(struct forward *forward) {
	wl_list_remove(&forward->link);
	free(forward);
}

uint64_t forward_id(const struct forward *forward) {
	return forward->id;
}

bool forward_joins(const struct forward *forward, const struct peer *one,
		const struct peer *other) {
	for (int i = 0; i < 2; i++) {
		if (forward->ends[i] == one && (!other || forward->ends[1 - i] == other)) {
			return true;
		}
	}
	return false;
}

uint64_t forward_bytes(const struct forward *forward) {
	return forward->bytes;
}

uint64_t forward_idle_ms(const struct forward *forward) {
	return (quic_now() - forward->used) / MS;
}

void forwards_drop(struct quic *quic, const struct peer *peer) {
	struct forward *forward;
	wl_list_for_each(forward, &quic->forwards, link) {
		if (forward->ends[0] == peer || forward->ends[1] == peer) {
			forward->ends[0] = forward->ends[1] = NULL;
		}
	}
}

void forwards_finish(struct quic *quic) {
	struct forward *forward, *next;
	wl_list_for_each_safe(forward, next, &quic->forwards, link) {
		wl_list_remove(&forward->link);
		wl_list_init(&forward->link);
	}
}

static struct forward *find(struct quic *quic, uint64_t id) {
	struct forward *forward;
	wl_list_for_each(forward, &quic->forwards, link) {
		if (forward->id == id) {
			return forward;
		}
	}
	return NULL;
}

/* Whether the pair may have so much more carried now. */
static bool spend(struct forward *forward, size_t size) {
	uint64_t now = quic_now();
	double most = forward->rate * BURST_NS;
	forward->credit += forward->rate * (double)(now - forward->credit_at);
	forward->credit = forward->credit < most ? forward->credit : most;
	forward->credit_at = now;
	if (forward->credit < (double)size) {
		return false;
	}
	forward->credit -= (double)size;
	forward->used = now;
	forward->bytes += size;
	return true;
}

static void carry(struct forward *forward, const struct datagram *datagram,
		const struct peer *to) {
	struct endpoint *endpoint = forward->quic->endpoint;
	struct address local, remote;
	if (datagram->size > ENDPOINT_DATAGRAM_MAX
			|| !transport_direct(to->connection, &local, &remote)
			|| !spend(forward, datagram->size)) {
		return;
	}
	if (!endpoint_room(endpoint)) {
		endpoint_flush(endpoint);
	}
	uint8_t *room = endpoint_room(endpoint);
	if (room) { // quic.c flushes when all that has come is dealt with
		memcpy(room, datagram->bytes, datagram->size);
		endpoint_add(endpoint, &local, &remote, datagram->ecn, datagram->size);
	}
}

bool forward_datagram(struct quic *quic, const struct datagram *datagram, uint64_t id) {
	struct forward *forward = find(quic, id);
	if (!forward) {
		return false;
	}
	wl_list_remove(&forward->link);
	wl_list_insert(&quic->forwards, &forward->link);
	for (int i = 0; i < 2 && forward->ends[i]; i++) {
		struct address seen;
		if (forward_seen(forward->ends[i], &seen) && address_equal(&seen, &datagram->remote)) {
			carry(forward, datagram, forward->ends[1 - i]);
			break;
		}
	}
	return true;
}
