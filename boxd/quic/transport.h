/* SPDX-License-Identifier: MIT */
#ifndef QUIC_TRANSPORT_H
#define QUIC_TRANSPORT_H

#include <ngtcp2/ngtcp2.h>
#include <stdbool.h>

#include "quic/connection.h"

/* What ngtcp2 is told about us, and what it tells a connection. */

/* Sets connection->conn. remote and local are where packets go and come from. false: no memory. */
bool transport_dial(struct connection *connection, const struct address *local,
	const struct address *remote);
bool transport_accept(struct connection *connection, const struct datagram *datagram,
	const ngtcp2_pkt_hd *header, const ngtcp2_cid *original_dcid);

ngtcp2_path transport_path(const struct address *local, const struct address *remote);
/*
 * Where the other side is now, and which of our addresses faces it; false: there is no connection
 * (NULL is fine), or it goes by a detour.
 */
bool transport_direct(const struct connection *connection, struct address *local,
	struct address *remote);
/* The token that lets a peer know that we have forgotten a connection. */
bool transport_reset_token(const struct quic *quic, const ngtcp2_cid *id, uint8_t *token);

#endif
