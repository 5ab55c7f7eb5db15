/* SPDX-License-Identifier: MIT */
#ifndef QUIC_INCOMING_H
#define QUIC_INCOMING_H

#include "quic/endpoint.h"

struct quic;

/*
 * A datagram for nobody in particular: to its connection, to a new one, or nowhere. What does not
 * begin a handshake costs no memory, no line in the log, and at most a small answer now and then.
 */
void incoming_datagram(struct quic *quic, const struct datagram *datagram);
/*
 * A handshake that came from there has failed. Each costs signatures, so one that fails too often in a
 * second is not heard for the rest of it.
 */
void incoming_failed(struct quic *quic, const struct address *remote);

#endif
