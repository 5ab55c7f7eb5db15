/* SPDX-License-Identifier: MIT */
#ifndef QUIC_REVOCATION_H
#define QUIC_REVOCATION_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "box/op.h"
#include "quic/keys.h"

/*
 * What a person has revoked: fingerprints of machines that are no longer hers, under a serial that
 * rises, signed with the person's key. The signature is over "boxland revoked/1", a zero byte, and
 * the lines serial and revoked as revocation_print writes them.
 *
 * On the disk it is DIR/revoked/FINGERPRINT-OF-THE-PERSON, with the person's certificate, so that it
 * holds though the person be forgotten meanwhile.
 */

#define REVOCATION_MAX 192 // machines; what a head holds

struct revocation {
	uint64_t serial; // 0: nothing was revoked yet
	char (*revoked)[KEYS_FINGERPRINT + 1];
	int size;
	char *signature; // base64; NULL: not signed
	char *cert;      // of the person, base64; NULL unless it comes from the disk
};

void revocation_finish(struct revocation *revocation); // all zero is fine
bool revocation_has(const struct revocation *revocation, const char *key);
/* E2BIG; EIO: no memory. The signature is void. */
enum op_code revocation_add(struct revocation *revocation, const char *key,
	struct op_refusal *refusal);

/* Lines serial, revoked and, if there is one, signature. false: no memory. */
bool revocation_print(const struct revocation *revocation, struct buf *out);
/* From the fields of a head. EARG, E2BIG. */
enum op_code revocation_read(struct revocation *revocation, const struct op_head *head,
	struct op_refusal *refusal);
/* ENOENT: nothing was revoked; EIO: the file is not in form. */
enum op_code revocation_load(struct revocation *revocation, const char *dir, const char *person,
	struct op_refusal *refusal);
/* The text that revocation_load reads. cert: of the person, base64. false: no memory. */
bool revocation_print_file(const struct revocation *revocation, const char *cert, struct buf *out);

/* EIO. */
enum op_code revocation_sign(struct revocation *revocation, gnutls_x509_privkey_t person,
	struct op_refusal *refusal);
/* EPERM unless the person signed just this. */
enum op_code revocation_check(const struct revocation *revocation, gnutls_x509_crt_t person,
	struct op_refusal *refusal);

#endif
