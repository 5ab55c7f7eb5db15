/* SPDX-License-Identifier: MIT */
#ifndef QUIC_DETOUR_H
#define QUIC_DETOUR_H

#include "quic/envelope.h"
#include "quic/quic_private.h"

/*
 * Ways to peers through a meeting point that forwards. To a connection and to ngtcp2 a detour is an
 * address like another (address_set_detour()); here its packets are put into envelopes and sent to
 * wherever the meeting point is now, and taken out of them.
 */

#define DETOUR_DATAGRAM_MAX (ENDPOINT_DATAGRAM_MAX - ENVELOPE_SIZE)
#define DETOUR_IDLE (20 * SECOND) // without an exchange; below what a meeting point waits for

/* The meeting point gave this id to us and somebody. false: no memory. */
bool detour_add(struct quic *quic, uint64_t id, struct peer_entry *through);
void detours_drop(struct quic *quic, const struct peer_entry *through); // it is forgotten
void detours_finish(struct quic *quic);
/* Who forwards for this address, as a person calls it; NULL: it is no detour. */
const char *detour_through(struct quic *quic, const struct address *remote);

/* Both ends of a detour's path, as a connection has it. */
void detour_path(uint64_t id, struct address *local, struct address *remote);
/* What came in an envelope, as if it had come without; false: not from who gave out the id. */
bool detour_unwrap(struct quic *quic, const struct datagram *datagram,
	const struct envelope *envelope, struct datagram *inner);

/* endpoint_add() and endpoint_send(), to addresses that may be detours. */
void detour_batch(struct quic *quic, const struct address *local, const struct address *remote,
	uint8_t ecn, size_t size);
void detour_send(struct quic *quic, const struct address *local, const struct address *remote,
	const void *bytes, size_t size);

#endif
