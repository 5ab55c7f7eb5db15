/* SPDX-License-Identifier: MIT */
#ifndef QUIC_SIGNING_H
#define QUIC_SIGNING_H

#include "box/grant.h"
#include "box/perm.h"
#include "quic/quic.h"

/*
 * Grants as they travel: base64 of the head, then lines signature (Ed25519, base64) and cert (base64
 * of DER) of the machine that signed and of its person.
 */

#define SIGNING_MAX 16384 // bytes of such a text

/*
 * Signs with this machine's key, in its person's name: person and by are filled in, and id if it is
 * empty. The text, malloc'd; NULL and refusal: EPERM (this machine is nobody's), EIO.
 */
char *signing_grant(const struct keys *keys, struct grant *grant, struct op_refusal *refusal);

/* Reads a grant, whoever signed it. EARG. */
enum op_code signing_read(const char *text, struct grant *grant, struct op_refusal *refusal);
/*
 * Reads a grant and checks who signed it: a machine, not one that was forgotten here, of a person who
 * is known here. subject is that person, by the name we know him by, at that machine. EARG, EPERM.
 * What it is good for is grant_covers.
 */
enum op_code signing_check(struct quic *quic, const char *text, struct grant *grant,
	struct subject *subject, struct op_refusal *refusal);
/* Whether grants of that machine (by) of that person may still be believed; both are fingerprints. */
bool signing_stands(struct quic *quic, const char *person, const char *by);

#endif
