/* SPDX-License-Identifier: MIT */
/*
 * signing.c - signatures under grants: made with this machine's key, and checked down to a person
 * whose key is pinned.
 *
 * What a grant says and is good for is box/grant.c; that one is used once is boxd/granted.c.
 */
#include "quic/signing.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "quic/peers.h"
#include "quic/revoked.h"

// What the signature is over: the context with its zero byte, and the head as it stands.
static bool signed_bytes(const char *head, size_t size, struct buf *out) {
	return buf_append(out, GRANT_CONTEXT, sizeof(GRANT_CONTEXT)) && buf_append(out, head, size);
}

static gnutls_datum_t datum_of(struct buf *buf) {
	return (gnutls_datum_t){.data = buf_front(buf), .size = (unsigned int)buf->size};
}

static bool sign(const struct keys *keys, const char *head, size_t size,
		gnutls_datum_t *signature) {
	gnutls_privkey_t key = NULL;
	struct buf bytes;
	buf_init(&bytes);
	bool good = signed_bytes(head, size, &bytes) && gnutls_privkey_init(&key) >= 0;
	if (good) {
		gnutls_datum_t data = datum_of(&bytes);
		good = gnutls_privkey_import_x509(key, keys->key, 0) >= 0 &&
			gnutls_privkey_sign_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, signature) >= 0;
	}
	if (key) {
		gnutls_privkey_deinit(key);
	}
	buf_finish(&bytes);
	return good;
}

static bool add_base64(struct buf *text, const char *field, const gnutls_datum_t *bytes) {
	gnutls_datum_t coded = {0};
	if (gnutls_base64_encode2(bytes, &coded) < 0) {
		return false;
	}
	bool good = buf_printf(text, "%s %.*s\n", field, (int)coded.size, coded.data);
	gnutls_free(coded.data);
	return good;
}

static bool add_cert(struct buf *text, gnutls_x509_crt_t cert) {
	char *coded = cert_base64(cert);
	bool good = coded && buf_printf(text, "cert %s\n", coded);
	free(coded);
	return good;
}

static bool make_id(char out[static GRANT_ID + 1]) {
	uint8_t bytes[GRANT_ID / 2];
	if (gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof(bytes)) < 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	}
	return true;
}

// The text before its base64.
static bool write_grant(const struct keys *keys, const struct grant *grant, struct buf *text) {
	gnutls_datum_t signature = {0};
	bool good = grant_print(grant, text) &&
		sign(keys, (const char *)buf_front(text), text->size, &signature) &&
		add_base64(text, "signature", &signature) && add_cert(text, keys->machine_cert) &&
		add_cert(text, keys->person_cert);
	gnutls_free(signature.data);
	return good;
}

char *signing_grant(const struct keys *keys, struct grant *grant, struct op_refusal *refusal) {
	gnutls_datum_t coded = {0};
	char *out = NULL;
	struct buf text;
	if (!keys->person_cert) {
		op_refuse(refusal, OP_EPERM, "%s is nobody's machine yet, and so can give no grant (box init "
			"--person NAME, or box pair --mine)", keys->machine);
		return NULL;
	}
	strcpy(grant->person, keys->person_fingerprint);
	strcpy(grant->by, keys->fingerprint);
	buf_init(&text);
	if ((grant->id[0] || make_id(grant->id)) && write_grant(keys, grant, &text)) {
		gnutls_datum_t bytes = datum_of(&text);
		if (gnutls_base64_encode2(&bytes, &coded) >= 0) {
			out = strndup((const char *)coded.data, coded.size);
		}
	}
	gnutls_free(coded.data);
	buf_finish(&text);
	if (!out) {
		op_refuse(refusal, OP_EIO, "a grant cannot be signed");
	}
	return out;
}

/* The other way. */

struct paper { // a grant that came
	const char *head;
	size_t head_size;
	gnutls_datum_t signature;
	gnutls_x509_crt_t machine, person;
};

static void paper_finish(struct paper *paper) {
	gnutls_free(paper->signature.data);
	if (paper->machine) {
		gnutls_x509_crt_deinit(paper->machine);
	}
	if (paper->person) {
		gnutls_x509_crt_deinit(paper->person);
	}
}

// The rest of the next line behind "field "; NULL: it is another. text goes on behind it.
static char *take(char **text, const char *field) {
	size_t size = strlen(field);
	char *line = *text ? strsep(text, "\n") : NULL;
	bool good = line && *text && strncmp(line, field, size) == 0 && line[size] == ' ';
	return good ? line + size + 1 : NULL;
}

static enum op_code read_paper(struct paper *paper, struct grant *grant, char *text, size_t size,
		struct op_refusal *refusal) {
	paper->head = text;
	paper->head_size = grant_parse(grant, text, size, refusal);
	if (paper->head_size == 0) {
		return OP_EARG;
	}
	char *rest = text + paper->head_size;
	if (strlen(rest) != size - paper->head_size) {
		return op_refuse(refusal, OP_EARG, "that is no grant: a zero byte is in it");
	}
	const char *signature = take(&rest, "signature");
	const char *machine = take(&rest, "cert"), *person = take(&rest, "cert");
	if (!signature || !machine || !person || *rest) {
		return op_refuse(refusal, OP_EARG, "that is no grant: a signature and the certificates of a "
			"machine and its person belong to it");
	}
	gnutls_datum_t in = {.data = (unsigned char *)signature, .size = (unsigned int)strlen(signature)};
	if (in.size == 0 || gnutls_base64_decode2(&in, &paper->signature) < 0) {
		return op_refuse(refusal, OP_EARG, "that is no grant: its signature is not base64");
	}
	paper->machine = cert_from_base64(machine, refusal);
	paper->person = paper->machine ? cert_from_base64(person, refusal) : NULL;
	return paper->person ? OP_OK : OP_EARG;
}

static enum op_code check_signature(const struct paper *paper, struct op_refusal *refusal) {
	gnutls_pubkey_t key = NULL;
	struct buf bytes;
	buf_init(&bytes);
	bool good = signed_bytes(paper->head, paper->head_size, &bytes) &&
		gnutls_pubkey_init(&key) >= 0;
	if (good) {
		gnutls_datum_t data = datum_of(&bytes);
		good = gnutls_pubkey_import_x509(key, paper->machine, 0) >= 0 &&
			gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_EDDSA_ED25519, 0, &data,
				&paper->signature) >= 0;
	}
	if (key) {
		gnutls_pubkey_deinit(key);
	}
	buf_finish(&bytes);
	return good ? OP_OK : op_refuse(refusal, OP_EPERM, "the grant's signature is not good");
}

// From the certificates up to a person whom we know.
static enum op_code check_signer(struct quic *quic, const struct paper *paper,
		const struct grant *grant, struct subject *subject, struct op_refusal *refusal) {
	char machine[KEYS_FINGERPRINT + 1], person[KEYS_FINGERPRINT + 1];
	enum op_code code = cert_check_chain(paper->machine, paper->person, refusal);
	if (code != OP_OK) {
		return code;
	}
	if (!cert_fingerprint(paper->machine, machine) || !cert_fingerprint(paper->person, person) ||
			strcmp(machine, grant->by) != 0 || strcmp(person, grant->person) != 0) {
		return op_refuse(refusal, OP_EPERM, "the grant is not signed by whom it names");
	}
	const char *name = persons_name(quic, person);
	if (!name) {
		return op_refuse(refusal, OP_EPERM, "the grant is of a person who is not known here (box pair "
			"makes two persons known to each other)");
	}
	if (revoked_has(quic, person, machine)) {
		return op_refuse(refusal, OP_EPERM, "the grant is of a machine that its person has revoked");
	}
	if (peers_is_forgotten(quic, machine)) {
		return op_refuse(refusal, OP_EPERM, "the grant is of a machine that was forgotten here");
	}
	*subject = (struct subject){0};
	snprintf(subject->person, sizeof(subject->person), "%s", name);
	return cert_name(paper->machine, subject->machine, refusal);
}

// The text under its base64, malloc'd and with a zero byte behind it. NULL: refusal.
static char *decode(const char *text, size_t *size, struct op_refusal *refusal) {
	gnutls_datum_t in = {.data = (unsigned char *)text, .size = (unsigned int)strlen(text)};
	gnutls_datum_t out = {0};
	if (in.size == 0 || in.size > SIGNING_MAX || gnutls_base64_decode2(&in, &out) < 0) {
		op_refuse(refusal, OP_EARG, "that is no grant: it is not base64");
		return NULL;
	}
	char *plain = malloc((size_t)out.size + 1);
	if (plain) {
		memcpy(plain, out.data, out.size);
		plain[out.size] = '\0';
		*size = out.size;
	} else {
		op_refuse(refusal, OP_EIO, "out of memory");
	}
	gnutls_free(out.data);
	return plain;
}

enum op_code signing_read(const char *text, struct grant *grant, struct op_refusal *refusal) {
	size_t size;
	char *plain = decode(text, &size, refusal);
	bool good = plain && grant_parse(grant, plain, size, refusal) > 0;
	free(plain);
	return good ? OP_OK : OP_EARG;
}

enum op_code signing_check(struct quic *quic, const char *text, struct grant *grant,
		struct subject *subject, struct op_refusal *refusal) {
	struct paper paper = {0};
	size_t size;
	char *plain = decode(text, &size, refusal);
	if (!plain) {
		return refusal->code;
	}
	enum op_code code = read_paper(&paper, grant, plain, size, refusal);
	if (code == OP_OK) {
		code = check_signer(quic, &paper, grant, subject, refusal);
	}
	if (code == OP_OK) {
		code = check_signature(&paper, refusal);
	}
	paper_finish(&paper);
	free(plain);
	return code;
}

bool signing_stands(struct quic *quic, const char *person, const char *by) {
	return persons_name(quic, person) && !revoked_has(quic, person, by) &&
		!peers_is_forgotten(quic, by);
}
