/* SPDX-License-Identifier: MIT */
#ifndef QUIC_TLS_H
#define QUIC_TLS_H

#include <stdbool.h>

#include "quic/connection.h"

/*
 * TLS 1.3 of one connection: Ed25519 on both sides, no tickets, no early data. ALPN says what for:
 * op/1 needs a pinned person, boxpair/1 takes any certificate, and is spoken only while somebody
 * here waits to be paired.
 */

/* Makes connection->tls. false: GnuTLS refused, logged. */
bool tls_start(struct connection *connection);
/*
 * After the handshake failed on our side: the alert to send, and why in connection->why. After it
 * failed on the other side: what its alert means, for the person who dialled.
 */
uint8_t tls_alert(const struct connection *connection);
void tls_explain(struct connection *connection, uint8_t alert);

#endif
