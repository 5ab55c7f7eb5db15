/* SPDX-License-Identifier: MIT */
/*
 * revocation.c - the list of machines a person has revoked: as text, on the disk, signed and checked.
 *
 * For boxkey, which signs, and for boxd, which checks. What follows from one is revoked.c's.
 */
#include "quic/revocation.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "quic/cert.h"
#include "quic/keys_files.h"

#define CONTEXT "boxland revoked/1" // and the zero byte behind it

void revocation_finish(struct revocation *r) {
	free(r->revoked);
	free(r->signature);
	free(r->cert);
	*r = (struct revocation){0};
}

bool revocation_has(const struct revocation *r, const char *key) {
	for (int i = 0; i < r->size; i++) {
		if (strcmp(r->revoked[i], key) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_key(const char *text) {
	return strlen(text) == KEYS_FINGERPRINT
		&& strspn(text, "0123456789abcdef") == KEYS_FINGERPRINT;
}

enum op_code revocation_add(struct revocation *r, const char *key, struct op_refusal *refusal) {
	if (!is_key(key)) {
		return op_refuse(refusal, OP_EARG, "a fingerprint has %d hex digits", KEYS_FINGERPRINT);
	}
	if (r->size >= REVOCATION_MAX) {
		return op_refuse(refusal, OP_E2BIG, "%d machines are revoked already, which is the most",
			REVOCATION_MAX);
	}
	char(*grown)[KEYS_FINGERPRINT + 1] =
		reallocarray(r->revoked, (size_t)r->size + 1, sizeof(*grown));
	if (!grown) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	r->revoked = grown;
	strcpy(r->revoked[r->size++], key);
	free(r->signature);
	r->signature = NULL;
	return OP_OK;
}

static bool print_signed(const struct revocation *r, struct buf *out) {
	bool good = buf_printf(out, "serial %llu\n", (unsigned long long)r->serial);
	for (int i = 0; good && i < r->size; i++) {
		good = buf_printf(out, "revoked %s\n", r->revoked[i]);
	}
	return good;
}

bool revocation_print(const struct revocation *r, struct buf *out) {
	return print_signed(r, out) && (!r->signature || buf_printf(out, "signature %s\n", r->signature));
}

enum op_code revocation_read(struct revocation *r, const struct op_head *head,
		struct op_refusal *refusal) {
	const char *signature = op_get(head, OP_F_SIGNATURE), *key;
	size_t at = 0;
	r->serial = op_get_number(head, OP_F_SERIAL, 0);
	if (r->serial == 0 || !signature) {
		return op_refuse(refusal, OP_EARG, "what a person revokes has serial, revoked and signature");
	}
	while ((key = op_each(head, OP_F_REVOKED, &at))) {
		if (revocation_add(r, key, refusal) != OP_OK) {
			return refusal ? refusal->code : OP_EARG;
		}
	}
	r->signature = strdup(signature);
	return r->signature ? OP_OK : op_refuse(refusal, OP_EIO, "out of memory");
}

static const char *read_line(void *data, const char *field, char *value) {
	struct revocation *r = data;
	if (strcmp(field, "serial") == 0) {
		char *end;
		r->serial = strtoull(value, &end, 10);
		return *end || end == value ? "a serial is a number" : NULL;
	}
	if (strcmp(field, "revoked") == 0) {
		return revocation_add(r, value, NULL) == OP_OK ? NULL : "not a fingerprint, or too many";
	}
	char **text = strcmp(field, "signature") == 0 ? &r->signature : &r->cert;
	if (text == &r->cert && strcmp(field, "cert") != 0) {
		return "it has lines serial, revoked, signature and cert";
	}
	free(*text);
	*text = strdup(value);
	return NULL;
}

static char *file_path(const char *dir, const char *person) {
	char *path;
	return asprintf(&path, "%s/revoked/%s", dir, person) < 0 ? NULL : path;
}

enum op_code revocation_load(struct revocation *r, const char *dir, const char *person,
		struct op_refusal *refusal) {
	char error[512];
	char *path = file_path(dir, person);
	enum op_code code = OP_OK;
	if (!path) {
		code = op_refuse(refusal, OP_EIO, "out of memory");
	} else if (!conf_read(path, read_line, r, error, sizeof(error))) {
		code = op_refuse(refusal, errno == ENOENT ? OP_ENOENT : OP_EIO, "%s", error);
	} else if (!r->signature || !r->cert) {
		code = op_refuse(refusal, OP_EIO, "%s: it lacks signature or cert", path);
	}
	free(path);
	return code;
}

bool revocation_print_file(const struct revocation *r, const char *cert, struct buf *out) {
	return revocation_print(r, out) && buf_printf(out, "cert %s\n", cert);
}

static bool signed_bytes(const struct revocation *r, struct buf *out) {
	return buf_append(out, CONTEXT, sizeof(CONTEXT)) && print_signed(r, out);
}

enum op_code revocation_sign(struct revocation *r, gnutls_x509_privkey_t person,
		struct op_refusal *refusal) {
	gnutls_privkey_t key = NULL;
	gnutls_datum_t signature = {0}, coded = {0};
	struct buf bytes;
	buf_init(&bytes);
	if (signed_bytes(r, &bytes) && gnutls_privkey_init(&key) >= 0) {
		gnutls_datum_t data = {.data = buf_front(&bytes), .size = (unsigned int)bytes.size};
		bool good = gnutls_privkey_import_x509(key, person, 0) >= 0
			&& gnutls_privkey_sign_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &signature) >= 0
			&& gnutls_base64_encode2(&signature, &coded) >= 0;
		free(r->signature);
		r->signature = good ? strndup((const char *)coded.data, coded.size) : NULL;
		gnutls_privkey_deinit(key);
	}
	gnutls_free(coded.data);
	gnutls_free(signature.data);
	buf_finish(&bytes);
	return r->signature ? OP_OK : op_refuse(refusal, OP_EIO, "cannot sign");
}

enum op_code revocation_check(const struct revocation *r, gnutls_x509_crt_t person,
		struct op_refusal *refusal) {
	const char *text = r->signature ? r->signature : "";
	gnutls_datum_t coded = {.data = (unsigned char *)text, .size = (unsigned int)strlen(text)};
	gnutls_datum_t signature = {0};
	gnutls_pubkey_t key = NULL;
	struct buf bytes;
	bool good = false;
	buf_init(&bytes);
	if (coded.size > 0 && gnutls_base64_decode2(&coded, &signature) >= 0 && signed_bytes(r, &bytes)
			&& gnutls_pubkey_init(&key) >= 0) {
		gnutls_datum_t data = {.data = buf_front(&bytes), .size = (unsigned int)bytes.size};
		good = cert_is_ed25519(person) && gnutls_pubkey_import_x509(key, person, 0) >= 0
			&& gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &signature) >= 0;
		gnutls_pubkey_deinit(key);
	}
	gnutls_free(signature.data);
	buf_finish(&bytes);
	return good ? OP_OK : op_refuse(refusal, OP_EPERM, "its person did not sign this");
}
