/* SPDX-License-Identifier: MIT */
#ifndef QUIC_GROUP_H
#define QUIC_GROUP_H

#include <gnutls/x509.h>

#include "base/buf.h"
#include "box/grant.h"
#include "quic/quic.h"

/*
 * A group: a key, and for each person it names a grant for use member, signed with that key. As text,
 * which is its file and what machines tell one another:
 *
 *     group family
 *     key BASE64            of SPKI
 *     serial 3              rises with each change
 *     member BASE64         each, in order of making: the grant/1 head and a line signature
 *     signature BASE64      with the key, over GROUP_CONTEXT, a zero byte, and the lines above
 *
 * A group that was deleted is one without members that says "gone yes" behind its serial.
 */

#define GROUP_CONTEXT "boxland group/1"
#define GROUP_MEMBERS_MAX 64

struct group_member {
	struct grant grant; // person and holder: of the member; by and person's name in grant.name's end
	char *signature;    // base64
};

struct group {
	char name[OP_MAX_SUBJECT + 1];
	char *spki, *signature; // base64
	char fingerprint[KEYS_FINGERPRINT + 1];
	uint64_t serial;
	bool gone;
	struct group_member *members;
	int size;
};

void group_finish(struct group *group); // all zero is fine
/* Of a key that is new; serial 0. false: no memory. */
bool group_init(struct group *group, const char *name, gnutls_x509_privkey_t key);
const struct group_member *group_find(const struct group *group, const char *person);
/* What the member was called where it was added. */
const char *group_member_name(const struct group_member *member);

/* Changes; the list is to be signed again. E2BIG, EIO. */
enum op_code group_add(struct group *group, gnutls_x509_privkey_t key, const char *person,
	const char *name, const char *to, struct op_refusal *refusal);
void group_remove(struct group *group, const char *person);
/* The serial rises. EIO. */
enum op_code group_sign(struct group *group, gnutls_x509_privkey_t key, struct op_refusal *refusal);

/* false: no memory. */
bool group_print(const struct group *group, struct buf *out);
/* Reads and checks every signature. EARG, E2BIG, EPERM. */
enum op_code group_read(struct group *group, const char *text, size_t size,
	struct op_refusal *refusal);

#endif
