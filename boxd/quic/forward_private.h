/* SPDX-License-Identifier: MIT */
#ifndef QUIC_FORWARD_PRIVATE_H
#define QUIC_FORWARD_PRIVATE_H

#include "quic/forward.h"
#include "quic/quic_private.h"

/* Of forward.c, for the room itself. */

/* An envelope, whole; false: no pair here has this id. */
bool forward_datagram(struct quic *quic, const struct datagram *datagram, uint64_t id);
void forwards_drop(struct quic *quic, const struct peer *peer); // it is forgotten
void forwards_finish(struct quic *quic); // their owners keep what carries nothing any more

#endif
