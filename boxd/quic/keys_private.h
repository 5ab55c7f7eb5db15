/* SPDX-License-Identifier: MIT */
#ifndef QUIC_KEYS_PRIVATE_H
#define QUIC_KEYS_PRIVATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "quic/cert.h"
#include "quic/keys.h"

/* What of the keys never leaves this room. */

struct keys {
	char *dir;
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t machine_cert; // signs itself while the machine is nobody's
	gnutls_x509_crt_t person_cert;  // NULL likewise
	char machine[CERT_NAME_MAX + 1];
	char fingerprint[KEYS_FINGERPRINT + 1];
	char person[CERT_NAME_MAX + 1]; // "": nobody's
	char person_fingerprint[KEYS_FINGERPRINT + 1];
	char *spki;
	/* The chain and the key for GnuTLS. Sessions point to it, so an old one waits for the end. */
	gnutls_certificate_credentials_t credentials;
	gnutls_certificate_credentials_t *retired;
	int retired_size;
};

/* 32 bytes that only this key can make, the same in each life of the program; label says for what. */
bool keys_secret(const struct keys *keys, const char *label, uint8_t out[static 32]);

#endif
