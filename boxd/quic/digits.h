/* SPDX-License-Identifier: MIT */
#ifndef QUIC_DIGITS_H
#define QUIC_DIGITS_H

#include <stdbool.h>

#include "quic/connection.h"

/*
 * The six digits that two people compare, and what binds the machines to them.
 *
 * They are a hash of what each end of a connection knows by itself: TLS' exporter, which nobody has
 * who is not an end of this very connection; the keys of both machines and persons as they proved
 * themselves; and a nonce of each side, of which the dialler's was promised by its hash before the
 * other was told. Whoever is in between has a connection with each side, and so two sets of digits,
 * of which he can foresee neither: they agree once in a million.
 */

#define DIGITS_NONCE 64 // hex digits of a nonce, or of a hash of one
#define DIGITS_SIZE 6

/* false: no random bytes. */
bool digits_new_nonce(char out[static DIGITS_NONCE + 1]);
/* Of either: 64 hex digits, in lower case. */
bool digits_is_nonce(const char *text);
/* What promises the nonce: SHA-256 of its 32 bytes. */
bool digits_commit(const char *nonce, char out[static DIGITS_NONCE + 1]);
/* nonces: the dialler's, then the other's. The connection is up. false: GnuTLS refused, logged. */
bool digits_compute(const struct connection *connection, const char *dialler, const char *other,
	char out[static DIGITS_SIZE + 1]);

#endif
