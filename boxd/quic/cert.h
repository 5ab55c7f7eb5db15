/* SPDX-License-Identifier: MIT */
#ifndef QUIC_CERT_H
#define QUIC_CERT_H

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "box/op.h"
#include "quic/keys.h"

/*
 * Ed25519 keys and the two kinds of certificate: a person's, which signs itself, and a machine's,
 * which a person signs (or the machine itself, while it is nobody's). Nothing of a certificate
 * counts but its key, its name and its signature: not the time, not who else vouches for it.
 */

#define CERT_NAME_MAX 63 // bytes of a person's or machine's name

/* NULL: GnuTLS refused, logged. The caller deinits it. */
gnutls_x509_privkey_t cert_new_key(void);
gnutls_pubkey_t cert_public_key(gnutls_x509_privkey_t key);

/*
 * A certificate for subject, with name as CN, signed by issuer's key. As person it may sign others.
 * NULL: GnuTLS refused, logged. The caller deinits it.
 */
gnutls_x509_crt_t cert_issue(const char *name, gnutls_pubkey_t subject, const char *issuer_name,
	gnutls_x509_privkey_t issuer, bool person);

/* SHA-256 of the SPKI. false: not a key that has one. */
bool cert_fingerprint(gnutls_x509_crt_t cert, char out[static KEYS_FINGERPRINT + 1]);
bool cert_key_fingerprint(gnutls_pubkey_t key, char out[static KEYS_FINGERPRINT + 1]);

/* Base64 text on one line, malloc'd; NULL: no memory. */
char *cert_base64(gnutls_x509_crt_t cert);
char *cert_key_base64(gnutls_pubkey_t key);
/* What another machine or program wrote. NULL and refusal: EARG. The caller deinits it. */
gnutls_x509_crt_t cert_from_base64(const char *text, struct op_refusal *refusal);
gnutls_x509_crt_t cert_from_der(const gnutls_datum_t *der, struct op_refusal *refusal);
gnutls_pubkey_t cert_key_from_base64(const char *text, struct op_refusal *refusal);

/*
 * Names of persons and machines are somebody else's input wherever they come from, and stand in
 * access lists and constraints. EARG with what is right.
 */
enum op_code cert_check_name(const char *name, struct op_refusal *refusal);
/* The CN, checked as a name. */
enum op_code cert_name(gnutls_x509_crt_t cert, char out[static CERT_NAME_MAX + 1],
	struct op_refusal *refusal);

/* EPERM unless both keys are Ed25519, differ, and person's signed machine. */
enum op_code cert_check_chain(gnutls_x509_crt_t machine, gnutls_x509_crt_t person,
	struct op_refusal *refusal);
bool cert_is_ed25519(gnutls_x509_crt_t cert);

#endif
