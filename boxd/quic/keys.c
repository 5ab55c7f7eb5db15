/* SPDX-License-Identifier: MIT */
/*
 * keys.c - who this machine is: its key, and the person who signed it.
 *
 * The person's own key is never opened here; that is boxkey's alone.
 */
#include "quic/keys_private.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/log.h"
#include "quic/keys_files.h"

static void free_cert(gnutls_x509_crt_t cert) {
	if (cert) {
		gnutls_x509_crt_deinit(cert);
	}
}

static bool load_key(struct keys *keys, struct op_refusal *refusal) {
	struct op_refusal why = {0};
	keys->key = keys_read_key(keys->dir, KEYS_FILE_MACHINE_KEY, NULL, &why);
	if (!keys->key && why.code == OP_ENOENT) {
		keys->key = cert_new_key();
		if (!keys->key) {
			op_refuse(refusal, OP_EIO, "cannot make a machine key");
			return false;
		}
		if (keys_write_key(keys->dir, KEYS_FILE_MACHINE_KEY, keys->key, NULL, refusal) != OP_OK) {
			return false;
		}
		log_info("made %s/%s", keys->dir, KEYS_FILE_MACHINE_KEY);
	} else if (!keys->key) {
		*refusal = why;
		return false;
	}
	gnutls_pubkey_t public = cert_public_key(keys->key);
	if (public && cert_key_fingerprint(public, keys->fingerprint)) {
		keys->spki = cert_key_base64(public);
	}
	if (public) {
		gnutls_pubkey_deinit(public);
	}
	if (!keys->spki) {
		op_refuse(refusal, OP_EIO, "no memory for the machine key");
	}
	return keys->spki != NULL;
}

/* Whether the two are a chain for our own key. */
static enum op_code check_chain(const struct keys *keys, gnutls_x509_crt_t machine,
		gnutls_x509_crt_t person, struct op_refusal *refusal) {
	char key[KEYS_FINGERPRINT + 1], name[CERT_NAME_MAX + 1];
	enum op_code code = cert_check_chain(machine, person, refusal);
	if (code == OP_OK && (!cert_fingerprint(machine, key) || strcmp(key, keys->fingerprint) != 0)) {
		code = op_refuse(refusal, OP_EPERM, "the certificate is of another machine's key");
	}
	if (code == OP_OK) {
		code = cert_name(machine, name, refusal);
	}
	if (code == OP_OK) {
		code = cert_name(person, name, refusal);
	}
	return code;
}

/*
 * GnuTLS 3.8.9 sends only the first certificate of a chain that was put together in memory; one that
 * it reads as PEM it sends whole.
 */
static gnutls_certificate_credentials_t make_credentials(const struct keys *keys,
		gnutls_x509_crt_t machine, gnutls_x509_crt_t person) {
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_datum_t first = {0}, second = {0}, key = {0}, chain = {0};
	int result = gnutls_x509_crt_export2(machine, GNUTLS_X509_FMT_PEM, &first);
	if (result >= 0 && person) {
		result = gnutls_x509_crt_export2(person, GNUTLS_X509_FMT_PEM, &second);
	}
	if (result >= 0) {
		result = gnutls_x509_privkey_export2_pkcs8(keys->key, GNUTLS_X509_FMT_PEM, NULL,
			GNUTLS_PKCS_PLAIN, &key);
	}
	chain.data = malloc((size_t)first.size + second.size + 1);
	if (result >= 0 && chain.data) {
		memcpy(chain.data, first.data, first.size);
		if (second.size > 0) {
			memcpy(chain.data + first.size, second.data, second.size);
		}
		chain.size = first.size + second.size;
		chain.data[chain.size] = '\0';
		result = gnutls_certificate_allocate_credentials(&credentials);
	}
	if (credentials) {
		result = gnutls_certificate_set_x509_key_mem(credentials, &chain, &key,
			GNUTLS_X509_FMT_PEM);
	}
	if (result < 0 && credentials) {
		log_error("cannot use the machine's certificates: %s", gnutls_strerror(result));
		gnutls_certificate_free_credentials(credentials);
		credentials = NULL;
	}
	if (key.data) {
		explicit_bzero(key.data, key.size);
	}
	gnutls_free(key.data);
	gnutls_free(first.data);
	gnutls_free(second.data);
	free(chain.data);
	return credentials;
}

/* Takes the certificates over, unless it fails. person may be NULL. */
static bool use_chain(struct keys *keys, gnutls_x509_crt_t machine, gnutls_x509_crt_t person,
		struct op_refusal *refusal) {
	gnutls_certificate_credentials_t *retired = reallocarray(keys->retired,
		(size_t)keys->retired_size + 1, sizeof(*retired));
	if (retired) {
		keys->retired = retired;
	}
	gnutls_certificate_credentials_t credentials =
		retired ? make_credentials(keys, machine, person) : NULL;
	if (!credentials) {
		op_refuse(refusal, OP_EIO, "cannot use the machine's certificates");
		return false;
	}
	if (keys->credentials) {
		keys->retired[keys->retired_size++] = keys->credentials;
		gnutls_x509_crt_deinit(keys->machine_cert);
	}
	free_cert(keys->person_cert);
	keys->credentials = credentials;
	keys->machine_cert = machine;
	keys->person_cert = person;
	if (person) {
		cert_name(machine, keys->machine, NULL);
		cert_name(person, keys->person, NULL);
		cert_fingerprint(person, keys->person_fingerprint);
	}
	return true;
}

static bool load_chain(struct keys *keys, struct op_refusal *refusal) {
	struct op_refusal why = {0};
	gnutls_x509_crt_t machine = keys_read_cert(keys->dir, KEYS_FILE_MACHINE_CERT, &why);
	if (!machine && why.code == OP_ENOENT) {
		gnutls_pubkey_t public = cert_public_key(keys->key);
		if (public) {
			machine = cert_issue(keys->machine, public, keys->machine, keys->key, false);
			gnutls_pubkey_deinit(public);
		}
		if (!machine) {
			op_refuse(refusal, OP_EIO, "cannot make a certificate");
			return false;
		}
		if (!use_chain(keys, machine, NULL, refusal)) {
			gnutls_x509_crt_deinit(machine);
			return false;
		}
		return true;
	}
	gnutls_x509_crt_t person =
		machine ? keys_read_cert(keys->dir, KEYS_FILE_PERSON_CERT, &why) : NULL;
	bool fits = person && check_chain(keys, machine, person, &why) == OP_OK;
	if (fits && use_chain(keys, machine, person, &why)) {
		return true;
	}
	if (person && !fits) {
		op_refuse(refusal, OP_EIO, "%s: %s and %s do not fit %s (%s): move them away, then run "
			"`box init --person NAME` or `box pair --mine` again", keys->dir, KEYS_FILE_MACHINE_CERT,
			KEYS_FILE_PERSON_CERT, KEYS_FILE_MACHINE_KEY, why.sentence);
	} else {
		*refusal = why;
	}
	free_cert(machine);
	free_cert(person);
	return false;
}

struct keys *keys_load(const char *dir, const char *machine, struct op_refusal *refusal) {
	if (cert_check_name(machine, refusal) != OP_OK || keys_check_dir(dir, refusal) != OP_OK) {
		return NULL;
	}
	struct keys *keys = calloc(1, sizeof(*keys));
	if (keys) {
		keys->dir = strdup(dir);
	}
	if (!keys || !keys->dir) {
		free(keys);
		op_refuse(refusal, OP_EIO, "no memory for keys");
		return NULL;
	}
	strcpy(keys->machine, machine); // cert_check_name measured it
	if (!load_key(keys, refusal) || !load_chain(keys, refusal)) {
		keys_destroy(keys);
		return NULL;
	}
	return keys;
}

void keys_destroy(struct keys *keys) {
	if (!keys) {
		return;
	}
	for (int i = 0; i < keys->retired_size; i++) {
		gnutls_certificate_free_credentials(keys->retired[i]);
	}
	free(keys->retired);
	if (keys->credentials) {
		gnutls_certificate_free_credentials(keys->credentials);
		gnutls_x509_crt_deinit(keys->machine_cert);
	}
	free_cert(keys->person_cert);
	if (keys->key) {
		gnutls_x509_privkey_deinit(keys->key);
	}
	free(keys->spki);
	free(keys->dir);
	free(keys);
}

const char *keys_machine(const struct keys *keys) {
	return keys->machine;
}

const char *keys_fingerprint(const struct keys *keys) {
	return keys->fingerprint;
}

const char *keys_person(const struct keys *keys) {
	return keys->person_cert ? keys->person : NULL;
}

const char *keys_person_fingerprint(const struct keys *keys) {
	return keys->person_cert ? keys->person_fingerprint : NULL;
}

const char *keys_spki(const struct keys *keys) {
	return keys->spki;
}

enum op_code keys_adopt(struct keys *keys, const char *machine_cert, const char *person_cert,
		struct op_refusal *refusal) {
	struct op_refusal why = {0};
	gnutls_x509_crt_t machine = cert_from_base64(machine_cert, &why);
	gnutls_x509_crt_t person = machine ? cert_from_base64(person_cert, &why) : NULL;
	if (person && check_chain(keys, machine, person, &why) == OP_OK
			// A certificate of the machine without its person's is refused at the next start.
			&& keys_write_cert(keys->dir, KEYS_FILE_PERSON_CERT, person, &why) == OP_OK
			&& keys_write_cert(keys->dir, KEYS_FILE_MACHINE_CERT, machine, &why) == OP_OK
			&& use_chain(keys, machine, person, &why)) {
		log_info("%s is %s's machine", keys->machine, keys->person);
		return OP_OK;
	}
	free_cert(machine);
	free_cert(person);
	if (refusal) {
		*refusal = why;
	}
	return why.code;
}

bool keys_secret(const struct keys *keys, const char *label, uint8_t out[static 32]) {
	gnutls_datum_t x = {0}, k = {0};
	if (gnutls_x509_privkey_export_ecc_raw(keys->key, NULL, &x, NULL, &k) < 0) {
		return false;
	}
	int result = gnutls_hmac_fast(GNUTLS_MAC_SHA256, k.data, k.size, label, strlen(label), out);
	explicit_bzero(k.data, k.size);
	gnutls_free(k.data);
	gnutls_free(x.data);
	return result >= 0;
}
