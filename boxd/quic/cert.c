/* SPDX-License-Identifier: MIT */
/*
 * cert.c - keys and certificates as GnuTLS has them: made, named, printed and checked.
 *
 * No files and no trust here: where they lie is keys.c, whose person is known is persons.c.
 */
#include "quic/cert.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "box/name.h"
#include "box/perm.h"
#include "quic/digest.h"

#define MACHINE "machine"
#define TAG_UTF8 12 // ASN.1 types of a name
#define TAG_PRINTABLE 19
_Static_assert(CERT_NAME_MAX == OP_MAX_SUBJECT, "what has a name can be a subject");
#define YEAR_2000 946684800 // no clock of ours is ever behind it, should anybody else look

static bool worked(int result, const char *what) {
	if (result < 0) {
		log_error("cannot %s: %s", what, gnutls_strerror(result));
	}
	return result >= 0;
}

gnutls_x509_privkey_t cert_new_key(void) {
	gnutls_x509_privkey_t key;
	if (!worked(gnutls_x509_privkey_init(&key), "make a key")) {
		return NULL;
	}
	if (!worked(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0), "make a key")) {
		gnutls_x509_privkey_deinit(key);
		return NULL;
	}
	return key;
}

gnutls_pubkey_t cert_public_key(gnutls_x509_privkey_t key) {
	gnutls_privkey_t abstract = NULL;
	gnutls_pubkey_t public = NULL;
	if (!worked(gnutls_privkey_init(&abstract), "take a public key")) {
		return NULL;
	}
	if (!worked(gnutls_pubkey_init(&public), "take a public key")) {
		gnutls_privkey_deinit(abstract);
		return NULL;
	}
	if (!worked(gnutls_privkey_import_x509(abstract, key, 0), "take a public key")
			|| !worked(gnutls_pubkey_import_privkey(public, abstract, 0, 0), "take a public key")) {
		gnutls_pubkey_deinit(public);
		public = NULL;
	}
	gnutls_privkey_deinit(abstract);
	return public;
}

static bool fill(gnutls_x509_crt_t cert, const char *name, gnutls_pubkey_t subject, bool person) {
	unsigned char serial[16];
	if (!worked(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)), "make a serial number")) {
		return false;
	}
	serial[0] = (serial[0] & 0x7f) | 0x40; // positive, and always of the same length
	const char *what = "make a certificate";
	return worked(gnutls_x509_crt_set_version(cert, 3), what)
		&& worked(gnutls_x509_crt_set_serial(cert, serial, sizeof(serial)), what)
		&& worked(gnutls_x509_crt_set_pubkey(cert, subject), what)
		&& worked(gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, name,
				(unsigned int)strlen(name)), what)
		// Of eve's machine eve: else its issuer is its subject, and GnuTLS sends it alone.
		&& (person || worked(gnutls_x509_crt_set_dn_by_oid(cert,
				GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, 0, MACHINE, strlen(MACHINE)), what))
		&& worked(gnutls_x509_crt_set_activation_time(cert, YEAR_2000), what)
		&& worked(gnutls_x509_crt_set_expiration_time(cert, (time_t)-1), what)
		&& worked(gnutls_x509_crt_set_basic_constraints(cert, person, person ? 0 : -1), what);
}

gnutls_x509_crt_t cert_issue(const char *name, gnutls_pubkey_t subject, const char *issuer_name,
		gnutls_x509_privkey_t issuer, bool person) {
	gnutls_x509_crt_t cert = NULL, by = NULL;
	gnutls_pubkey_t issuer_key = cert_public_key(issuer);
	if (!issuer_key) {
		return NULL;
	}
	// The signing certificate gives nothing but its DN, so one made for the purpose serves.
	bool good = worked(gnutls_x509_crt_init(&cert), "make a certificate")
		&& worked(gnutls_x509_crt_init(&by), "make a certificate")
		&& fill(cert, name, subject, person) && fill(by, issuer_name, issuer_key, true)
		&& worked(gnutls_x509_crt_sign2(cert, by, issuer, GNUTLS_DIG_SHA512, 0),
				"sign a certificate");
	if (by) {
		gnutls_x509_crt_deinit(by);
	}
	gnutls_pubkey_deinit(issuer_key);
	if (!good && cert) {
		gnutls_x509_crt_deinit(cert);
	}
	return good ? cert : NULL;
}

bool cert_key_fingerprint(gnutls_pubkey_t key, char out[static KEYS_FINGERPRINT + 1]) {
	gnutls_datum_t spki = {0};
	out[0] = '\0';
	if (gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) < 0) {
		return false;
	}
	bool good = digest_hex(spki.data, spki.size, out);
	gnutls_free(spki.data);
	return good;
}

bool cert_fingerprint(gnutls_x509_crt_t cert, char out[static KEYS_FINGERPRINT + 1]) {
	gnutls_pubkey_t key;
	out[0] = '\0';
	if (gnutls_pubkey_init(&key) < 0) {
		return false;
	}
	bool good = gnutls_pubkey_import_x509(key, cert, 0) >= 0 && cert_key_fingerprint(key, out);
	gnutls_pubkey_deinit(key);
	return good;
}

static char *base64(gnutls_datum_t *der) {
	gnutls_datum_t text = {0};
	char *copy = NULL;
	if (gnutls_base64_encode2(der, &text) >= 0) {
		copy = strndup((const char *)text.data, text.size);
		gnutls_free(text.data);
	}
	gnutls_free(der->data);
	return copy;
}

char *cert_base64(gnutls_x509_crt_t cert) {
	gnutls_datum_t der = {0};
	return gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_DER, &der) < 0 ? NULL : base64(&der);
}

char *cert_key_base64(gnutls_pubkey_t key) {
	gnutls_datum_t der = {0};
	return gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) < 0 ? NULL : base64(&der);
}

static bool from_base64(const char *text, gnutls_datum_t *der) {
	gnutls_datum_t in = {.data = (unsigned char *)text, .size = (unsigned int)strlen(text)};
	return in.size > 0 && gnutls_base64_decode2(&in, der) >= 0;
}

gnutls_x509_crt_t cert_from_der(const gnutls_datum_t *der, struct op_refusal *refusal) {
	gnutls_x509_crt_t cert;
	if (gnutls_x509_crt_init(&cert) < 0) {
		op_refuse(refusal, OP_EIO, "no memory for a certificate");
		return NULL;
	}
	int result = gnutls_x509_crt_import(cert, der, GNUTLS_X509_FMT_DER);
	if (result < 0) {
		op_refuse(refusal, OP_EARG, "not a certificate: %s", gnutls_strerror(result));
		gnutls_x509_crt_deinit(cert);
		return NULL;
	}
	return cert;
}

gnutls_x509_crt_t cert_from_base64(const char *text, struct op_refusal *refusal) {
	gnutls_datum_t der = {0};
	if (!from_base64(text, &der)) {
		op_refuse(refusal, OP_EARG, "not a certificate: not base64");
		return NULL;
	}
	gnutls_x509_crt_t cert = cert_from_der(&der, refusal);
	gnutls_free(der.data);
	return cert;
}

gnutls_pubkey_t cert_key_from_base64(const char *text, struct op_refusal *refusal) {
	gnutls_datum_t der = {0};
	gnutls_pubkey_t key;
	if (!from_base64(text, &der)) {
		op_refuse(refusal, OP_EARG, "not a public key: not base64");
		return NULL;
	}
	int result = gnutls_pubkey_init(&key);
	if (result >= 0) {
		result = gnutls_pubkey_import(key, &der, GNUTLS_X509_FMT_DER);
		if (result < 0 || gnutls_pubkey_get_pk_algorithm(key, NULL) != GNUTLS_PK_EDDSA_ED25519) {
			gnutls_pubkey_deinit(key);
			result = result < 0 ? result : GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
		}
	}
	gnutls_free(der.data);
	if (result < 0) {
		op_refuse(refusal, OP_EARG, "not an Ed25519 public key: %s", gnutls_strerror(result));
		return NULL;
	}
	return key;
}

enum op_code cert_check_name(const char *name, struct op_refusal *refusal) {
	// It is part of a subject, of a petname, and the value of an attribute: node=NAME.
	if (name_check_component(name, NULL) == OP_OK && subject_check_part(name, NULL) == OP_OK &&
			!strchr(name, '!')) {
		return OP_OK;
	}
	return op_refuse(refusal, OP_EARG, "\"%.80s\" cannot be the name of a person or a machine: "
		"choose one word of at most %d bytes without blank, / and !, but not owner", name,
		CERT_NAME_MAX);
}

/* The CN's own bytes: as a string GnuTLS gives it with some characters escaped. */
static bool find_cn(gnutls_x509_crt_t cert, gnutls_datum_t *value) {
	gnutls_x509_dn_t dn;
	gnutls_x509_ava_st ava;
	if (gnutls_x509_crt_get_subject(cert, &dn) < 0) {
		return false;
	}
	for (int i = 0; gnutls_x509_dn_get_rdn_ava(dn, i, 0, &ava) >= 0; i++) {
		// The OID is text; GnuTLS counts its zero byte too.
		if (ava.oid.size >= strlen(GNUTLS_OID_X520_COMMON_NAME)
				&& strncmp((const char *)ava.oid.data, GNUTLS_OID_X520_COMMON_NAME,
					ava.oid.size) == 0) {
			*value = ava.value;
			return ava.value_tag == TAG_UTF8 || ava.value_tag == TAG_PRINTABLE;
		}
	}
	return false;
}

enum op_code cert_name(gnutls_x509_crt_t cert, char out[static CERT_NAME_MAX + 1],
		struct op_refusal *refusal) {
	gnutls_datum_t cn;
	out[0] = '\0';
	if (!find_cn(cert, &cn)) {
		return op_refuse(refusal, OP_EARG, "a certificate without a usable name");
	}
	if (cn.size == 0 || cn.size > CERT_NAME_MAX || memchr(cn.data, '\0', cn.size)) {
		return op_refuse(refusal, OP_EARG, "a certificate's name has %u bytes or a zero byte: 1 to %d "
			"without one are right", cn.size, CERT_NAME_MAX);
	}
	memcpy(out, cn.data, cn.size);
	out[cn.size] = '\0';
	return cert_check_name(out, refusal);
}

bool cert_is_ed25519(gnutls_x509_crt_t cert) {
	return gnutls_x509_crt_get_pk_algorithm(cert, NULL) == GNUTLS_PK_EDDSA_ED25519;
}

enum op_code cert_check_chain(gnutls_x509_crt_t machine, gnutls_x509_crt_t person,
		struct op_refusal *refusal) {
	char machine_key[KEYS_FINGERPRINT + 1], person_key[KEYS_FINGERPRINT + 1];
	unsigned int status = 0;
	if (!cert_is_ed25519(machine) || !cert_is_ed25519(person)) {
		return op_refuse(refusal, OP_EPERM, "a certificate whose key is not Ed25519");
	}
	if (!cert_fingerprint(machine, machine_key) || !cert_fingerprint(person, person_key)
			|| strcmp(machine_key, person_key) == 0) {
		return op_refuse(refusal, OP_EPERM, "a person's key is not a machine's key");
	}
	int result = gnutls_x509_crt_verify(machine, &person, 1,
		GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS, &status);
	if (result < 0 || status != 0) {
		return op_refuse(refusal, OP_EPERM, "the machine's certificate is not signed by its person");
	}
	return OP_OK;
}
