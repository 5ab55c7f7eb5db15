/* SPDX-License-Identifier: MIT */
#ifndef QUIC_FORWARD_H
#define QUIC_FORWARD_H

#include "quic/address.h"
#include "quic/quic.h"

/*
 * What a meeting point does: it knows where two peers are seen, and carries packets between them in
 * envelopes (envelope.h) which it cannot read into. Who may have that is boxes/meet.c's.
 */

/* Where the peer's packets come from now; false: it is not connected, or itself by a detour. */
bool forward_seen(const struct peer *peer, struct address *at);

struct forward;

/*
 * Carries between the two until it is destroyed, at most so many bytes a second, both ways together,
 * to and from wherever each is connected from. NULL: no memory.
 */
struct forward *forward_create(struct quic *quic, struct peer *one, struct peer *other,
	uint64_t rate);
void forward_destroy(struct forward *forward);
uint64_t forward_id(const struct forward *forward); // what its envelopes say
bool forward_joins(const struct forward *forward, const struct peer *one,
	const struct peer *other); // other may be NULL: anybody
uint64_t forward_bytes(const struct forward *forward); // carried so far
uint64_t forward_idle_ms(const struct forward *forward); // since anything was carried, or it was made

#endif
