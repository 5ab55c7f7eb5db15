/* SPDX-License-Identifier: MIT */
/*
 * digest.c - hashes for those outside of this room, who know no GnuTLS.
 */
#include "quic/digest.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

bool digest_hex(const void *bytes, size_t size, char out[static 65]) {
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[32];
	out[0] = '\0';
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size, hash) < 0) {
		return false;
	}
	for (size_t i = 0; i < sizeof(hash); i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[64] = '\0';
	return true;
}
