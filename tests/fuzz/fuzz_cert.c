/* SPDX-License-Identifier: MIT */
/*
 * fuzz_cert.c - what strangers show before anybody knows them: certificates, and keys and
 * addresses in text. The first byte chooses.
 */
#include <string.h>

#include "fuzz.h"
#include "quic/address.h"
#include "quic/cert.h"

static void look(gnutls_x509_crt_t cert, const struct op_refusal *refusal) {
	char name[CERT_NAME_MAX + 1], key[KEYS_FINGERPRINT + 1];
	struct op_refusal why;
	if (!cert) {
		must(refusal->code != OP_OK && refusal->sentence[0]);
		return;
	}
	if (cert_name(cert, name, &why) == OP_OK) {
		must(cert_check_name(name, NULL) == OP_OK);
	}
	must(!cert_fingerprint(cert, key) || strlen(key) == KEYS_FINGERPRINT);
	must(cert_check_chain(cert, cert, &why) == OP_EPERM); // nobody is its own machine
	gnutls_x509_crt_deinit(cert);
}

static void der(const uint8_t *bytes, size_t size) {
	struct op_refusal refusal = {0};
	const gnutls_datum_t datum = {(unsigned char *)bytes, (unsigned int)size};
	look(cert_from_der(&datum, &refusal), &refusal);
}

static void base64(const uint8_t *bytes, size_t size) {
	struct op_refusal refusal = {0};
	char *text = strndup((const char *)bytes, size);
	must(text);
	look(cert_from_base64(text, &refusal), &refusal);
	gnutls_pubkey_t key = cert_key_from_base64(text, &refusal);
	if (key) {
		gnutls_pubkey_deinit(key);
	}
	free(text);
}

static void address(const uint8_t *bytes, size_t size) {
	char host[ADDRESS_HOST], printed[ADDRESS_TEXT], *text = strndup((const char *)bytes, size);
	struct address there, again;
	uint16_t port;
	must(text);
	if (address_split(text, host, &port)) {
		must(port != 0 && strlen(host) < sizeof(host));
		if (address_parse(&there, host, port) && !address_is_detour(&there, NULL)) {
			address_print(&there, printed);
			must(address_split(printed, host, &port) && address_parse(&again, host, port));
			must(address_port(&again) == address_port(&there));
		}
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static void (*const parsers[])(const uint8_t *, size_t) = {der, base64, address};
	if (size > 0) {
		parsers[bytes[0] % 3](bytes + 1, size - 1);
	}
	return 0;
}
