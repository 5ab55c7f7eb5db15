/* SPDX-License-Identifier: MIT */
#ifndef QUIC_VERIFY_H
#define QUIC_VERIFY_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

#include "box/op.h"
#include "quic/cert.h"
#include "quic/keys.h"

/* Who is at the other end of a TLS session, and whether that is enough. */

struct identity {
	char key[KEYS_FINGERPRINT + 1];        // of the machine; "": not seen yet
	char machine[CERT_NAME_MAX + 1];       // CN
	char person_key[KEYS_FINGERPRINT + 1]; // "": the machine is nobody's
	char person_name[CERT_NAME_MAX + 1];   // as the certificate says: untrusted
	char person[CERT_NAME_MAX + 1];        // as we know the person; "" while pairing
	char *person_cert;                     // base64, malloc'd; NULL likewise
	char *spki;                            // of the machine, base64, malloc'd
};

/*
 * Looks at the certificates of a session. pairing: any machine, with or without a person. Else the
 * chain must be [machine, person], signed. EPERM, EARG; alert is what TLS shall say.
 */
enum op_code verify_session(gnutls_session_t session, bool pairing, struct identity *identity,
	uint8_t *alert, struct op_refusal *refusal);
void identity_finish(struct identity *identity);

#endif
