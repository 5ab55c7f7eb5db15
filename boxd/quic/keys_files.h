/* SPDX-License-Identifier: MIT */
#ifndef QUIC_KEYS_FILES_H
#define QUIC_KEYS_FILES_H

#include <gnutls/x509.h>
#include <stdbool.h>

#include "box/op.h"

/*
 * The files of a directory of keys: who may read them is checked before anything is believed.
 * Paths in refusals are whole, so that the remedy can be pasted.
 */

#define KEYS_FILE_MACHINE_KEY "machine.key"
#define KEYS_FILE_PERSON_KEY "person.key"
#define KEYS_FILE_MACHINE_CERT "machine.crt"
#define KEYS_FILE_PERSON_CERT "person.crt"

/* DIR/name, malloc'd; NULL: no memory. */
char *keys_path(const char *dir, const char *name);

/* Makes the directory and those above it if need be. EPERM: others may enter it; EIO. */
enum op_code keys_check_dir(const char *dir, struct op_refusal *refusal);

/*
 * The whole file, 0-terminated behind *size bytes; free with keys_wipe. NULL and refusal: ENOENT,
 * EPERM (its mode or owner), EIO.
 */
char *keys_read(const char *dir, const char *name, size_t *size, struct op_refusal *refusal);
/* Zeroes and frees. NULL is fine. */
void keys_wipe(char *bytes, size_t size);
/* Replaces the file, mode 0600, on the disk before it returns. EIO. */
enum op_code keys_write(const char *dir, const char *name, const void *bytes, size_t size,
	struct op_refusal *refusal);

/*
 * A private key as PEM, under a passphrase unless it is NULL or "". Reading one that needs a
 * passphrase without the right one is EPERM. NULL and refusal; the caller deinits it.
 */
gnutls_x509_privkey_t keys_read_key(const char *dir, const char *name, const char *passphrase,
	struct op_refusal *refusal);
enum op_code keys_write_key(const char *dir, const char *name, gnutls_x509_privkey_t key,
	const char *passphrase, struct op_refusal *refusal);
/* Whether keys_read_key will need a passphrase. */
enum op_code keys_is_locked(const char *dir, const char *name, bool *locked,
	struct op_refusal *refusal);

/* A certificate as PEM. */
gnutls_x509_crt_t keys_read_cert(const char *dir, const char *name, struct op_refusal *refusal);
enum op_code keys_write_cert(const char *dir, const char *name, gnutls_x509_crt_t cert,
	struct op_refusal *refusal);

#endif
