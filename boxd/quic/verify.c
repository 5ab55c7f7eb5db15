/* SPDX-License-Identifier: MIT */
/*
 * verify.c - the certificates of a TLS session: who they say is there, and that it is true.
 *
 * No system trust, no host names, no time: a chain is [machine, person], and one signature counts.
 * Whether we know that person is the caller's question (tls.c, persons.c).
 */
#include "quic/verify.h"

#include <stdlib.h>
#include <string.h>

static enum op_code read_person(gnutls_x509_crt_t machine, const gnutls_datum_t *der,
		struct identity *identity, struct op_refusal *refusal) {
	gnutls_x509_crt_t person = cert_from_der(der, refusal);
	if (!person) {
		return OP_EARG;
	}
	enum op_code code = cert_check_chain(machine, person, refusal);
	if (code == OP_OK) {
		code = cert_name(person, identity->person_name, refusal);
	}
	if (code == OP_OK) {
		cert_fingerprint(person, identity->person_key);
		identity->person_cert = cert_base64(person);
	}
	gnutls_x509_crt_deinit(person);
	return code;
}

static enum op_code read_machine(gnutls_x509_crt_t machine, struct identity *identity,
		struct op_refusal *refusal) {
	if (!cert_is_ed25519(machine) || !cert_fingerprint(machine, identity->key)) {
		return op_refuse(refusal, OP_EPERM, "a machine whose key is not Ed25519");
	}
	gnutls_pubkey_t key;
	if (gnutls_pubkey_init(&key) >= 0) {
		if (gnutls_pubkey_import_x509(key, machine, 0) >= 0) {
			identity->spki = cert_key_base64(key);
		}
		gnutls_pubkey_deinit(key);
	}
	return cert_name(machine, identity->machine, refusal);
}

enum op_code verify_session(gnutls_session_t session, bool pairing, struct identity *identity,
		uint8_t *alert, struct op_refusal *refusal) {
	unsigned int size = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &size);
	*alert = GNUTLS_A_BAD_CERTIFICATE;
	if (!chain || size == 0 || size > 2) {
		return op_refuse(refusal, OP_EPERM, "%u certificates where machine and person are expected",
			chain ? size : 0);
	}
	gnutls_x509_crt_t machine = cert_from_der(&chain[0], refusal);
	if (!machine) {
		return OP_EARG;
	}
	enum op_code code = read_machine(machine, identity, refusal);
	if (code == OP_OK && size == 2) {
		code = read_person(machine, &chain[1], identity, refusal);
	} else if (code == OP_OK && !pairing) {
		*alert = GNUTLS_A_UNKNOWN_CA;
		code = op_refuse(refusal, OP_EPERM, "%s is nobody's machine yet", identity->machine);
	}
	gnutls_x509_crt_deinit(machine);
	return code;
}

void identity_finish(struct identity *identity) {
	free(identity->person_cert);
	free(identity->spki);
	*identity = (struct identity){0};
}
