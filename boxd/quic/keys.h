/* SPDX-License-Identifier: MIT */
#ifndef QUIC_KEYS_H
#define QUIC_KEYS_H

#include <stdbool.h>

#include "box/op.h"

/*
 * This machine's key and certificates, in a directory of mode 0700 whose files have mode 0600 or are
 * refused: machine.key; machine.crt and person.crt once a person has signed it. person.key lies
 * there too on the one machine that made it; only the program boxkey ever opens it.
 *
 * Keys are Ed25519. A fingerprint is SHA-256 of the public key's SPKI, as 64 hex digits. The machine's
 * certificate has the machine's name as CN and is signed by the person's key; the person's signs
 * itself and has the person's name as CN.
 */
struct keys;

#define KEYS_FINGERPRINT 64 // characters, without the 0

/* Loads; makes machine.key (named by machine) if there is none. NULL and refusal: EPERM, EIO. */
struct keys *keys_load(const char *dir, const char *machine, struct op_refusal *refusal);
void keys_destroy(struct keys *keys);

const char *keys_machine(const struct keys *keys);     // name, "den"
const char *keys_fingerprint(const struct keys *keys); // of this machine
const char *keys_person(const struct keys *keys);      // name; NULL: nobody's yet
const char *keys_person_fingerprint(const struct keys *keys); // NULL likewise

/*
 * Puts this machine under a person: both certificates, base64 of DER. They must be of this machine's
 * key and a chain. Written before it answers.
 */
enum op_code keys_adopt(struct keys *keys, const char *machine_cert, const char *person_cert,
	struct op_refusal *refusal);
/* This machine's public key as base64 of SPKI, to be signed. Owned by keys. */
const char *keys_spki(const struct keys *keys);

#endif
