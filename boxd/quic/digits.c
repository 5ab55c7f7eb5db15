/* SPDX-License-Identifier: MIT */
/*
 * digits.c - the arithmetic of pairing by digits; see digits.h. When they are shown, and what follows,
 * is pair_digits.c's.
 */
#include "quic/digits.h"

#include <gnutls/crypto.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "quic"
#include "base/buf.h"
#include "base/log.h"
#include "quic/quic_private.h"

#define LABEL "EXPORTER-boxland-pairing-digits"
#define BYTES (DIGITS_NONCE / 2)

static void print_hex(const uint8_t *bytes, char out[static DIGITS_NONCE + 1]) {
	for (int i = 0; i < BYTES; i++) {
		sprintf(out + 2 * i, "%02x", bytes[i]);
	}
}

bool digits_new_nonce(char out[static DIGITS_NONCE + 1]) {
	uint8_t bytes[BYTES];
	if (gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof(bytes)) < 0) {
		return false;
	}
	print_hex(bytes, out);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

bool digits_is_nonce(const char *text) {
	return strlen(text) == DIGITS_NONCE && strspn(text, "0123456789abcdef") == DIGITS_NONCE;
}

bool digits_commit(const char *nonce, char out[static DIGITS_NONCE + 1]) {
	uint8_t bytes[BYTES], hash[BYTES];
	for (int i = 0; i < BYTES; i++) {
		const char pair[] = {nonce[2 * i], nonce[2 * i + 1], '\0'};
		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, sizeof(bytes), hash) < 0) {
		return false;
	}
	print_hex(hash, out);
	return true;
}

/* A line for each thing, so that no two sets of them read alike. */
static bool write_ends(const struct connection *c, struct buf *text) {
	const struct keys *keys = c->quic->keys;
	const char *own_person = keys_person_fingerprint(keys);
	const char *here[] = {keys_fingerprint(keys), own_person ? own_person : "-"};
	const char *there[] = {c->identity.key,
		c->identity.person_key[0] ? c->identity.person_key : "-"};
	const char *const *dialler = c->dialled ? here : there, *const *other = c->dialled ? there : here;
	return buf_printf(text, "%s %s\n%s %s\n", dialler[0], dialler[1], other[0], other[1]);
}

bool digits_compute(const struct connection *c, const char *dialler, const char *other,
		char out[static DIGITS_SIZE + 1]) {
	char channel[BYTES];
	uint8_t hash[32];
	struct buf text;
	int result = gnutls_prf_rfc5705(c->tls, strlen(LABEL), LABEL, 0, NULL, sizeof(channel), channel);
	buf_init(&text);
	bool good = result >= 0 && buf_append(&text, channel, sizeof(channel)) && write_ends(c, &text)
		&& buf_printf(&text, "%s\n%s\n", dialler, other)
		&& gnutls_hash_fast(GNUTLS_DIG_SHA256, buf_front(&text), text.size, hash) >= 0;
	buf_finish(&text);
	if (!good) {
		log_error("no digits: %s", result < 0 ? gnutls_strerror(result) : "no memory");
		return false;
	}
	uint64_t number = 0; // so many bits that no digits are likelier than others
	for (int i = 0; i < 8; i++) {
		number = number << 8 | hash[i];
	}
	snprintf(out, DIGITS_SIZE + 1, "%06u", (unsigned int)(number % 1000000));
	return true;
}
