/* SPDX-License-Identifier: MIT */
#ifndef BOXD_GRANTS_H
#define BOXD_GRANTS_H

#include <stdint.h>
#include <wayland-server-core.h>

#include "box/grant.h"
#include "box/perm.h"

/*
 * Leave between different persons' nodes. A copy that ann asks for from alice's node to bob's is made
 * by alice's node; the grant that ann's node signed for it lets alice's node do just that at bob's in
 * ann's name, once.
 */

struct keys;
struct peer;
struct quic;

struct grants {
	const struct keys *keys;
	struct quic *quic;   // NULL: no network, and no grant is taken
	int64_t started;     // seconds since the machine's: what is older may have been used before
	struct wl_list used; // of grants.c
};

void grants_init(struct grants *grants, const struct keys *keys);
void grants_finish(struct grants *grants);

/* At the asker: signs leave for holder to do verb (kind too) at `to` with name, into head. EPERM, EIO. */
enum op_code grants_sign(const struct grants *grants, struct op_head *head, const char *holder,
	const char *to, enum op_verb verb, const char *name, struct op_refusal *refusal);

/*
 * At the holder: whether a request of this subject, with the grants of head, may go on to a peer. The
 * subject's own machine must have signed one for just that. EPERM, EARG.
 */
enum op_code grants_let(const struct grants *grants, const struct op_head *head,
	const struct subject *subject, const struct peer *to, enum op_verb verb, const char *name,
	struct op_refusal *refusal);

/*
 * At the target: a request with grants came from the machine of that subject. OP_OK: subject is now
 * who granted it, it counts as used, and head has no grants any more. EPERM, EARG, EQUOTA.
 */
enum op_code grants_admit(struct grants *grants, struct op_head *head, struct subject *subject,
	struct op_refusal *refusal);
/* Whether a request's grants are for this node, and not to go on with it. */
bool grants_meant(const struct op_head *head);

#endif
