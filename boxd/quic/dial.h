/* SPDX-License-Identifier: MIT */
#ifndef QUIC_DIAL_H
#define QUIC_DIAL_H

#include "quic/connection.h"
#include "quic/quic_private.h"

/*
 * Reaching a peer: its addresses are tried one behind the other, the next one while the one before
 * has not answered, and host names are looked up meanwhile. The first connection that is proven ends
 * it; when all have failed, meeting_failed() is told the reason that says most.
 */
void dial_start(struct peer_entry *entry); // entry->dial is set
void dial_cancel(struct peer_entry *entry);
/* Both sides dial these now; detour (size 0: none) is tried when none of them has answered. */
void dial_met(struct peer_entry *entry, const struct address *found, int size,
	const struct address *detour);
/* Whoever was asked for help has none. */
void dial_unmet(struct peer_entry *entry, const struct op_refusal *why);
/* More may be known of where the peer is: quic_events.near. */
void dial_heard(struct peer_entry *entry);
/* An attempt has ended before it was up. */
void dial_attempt_over(struct peer_entry *entry, struct connection *connection,
	const struct op_refusal *why);

#endif
