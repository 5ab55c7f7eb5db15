/* SPDX-License-Identifier: MIT */
#ifndef QUIC_MEETING_H
#define QUIC_MEETING_H

#include "quic/connection.h"
#include "quic/quic_private.h"

/* The connections between this node and one peer: one, but for moments. */

/* Whoever speaks op/1. user_data: the peer_entry, NULL until it is known. */
extern const struct connection_user meeting_user;

/* A stream to the peer; dials if need be. NULL and refusal. */
struct stream_quic *meeting_open(struct peer_entry *entry, struct op_refusal *refusal);
/* A dial came to nothing: whoever waited for it is told. */
void meeting_failed(struct peer_entry *entry, const struct op_refusal *why);
/* Cuts everything between the two. code is what the other side is told. */
void meeting_end(struct peer_entry *entry, enum close_code code, const struct op_refusal *why);
/* peer_changed is to be said. */
void meeting_changed(struct peer_entry *entry);
/* Sets what the peer shows of the path, once a second at most. */
void meeting_measure(struct connection *connection, uint64_t now);

#endif
