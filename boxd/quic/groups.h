/* SPDX-License-Identifier: MIT */
#ifndef QUIC_GROUPS_H
#define QUIC_GROUPS_H

#include "quic/group.h"
#include "quic/quic_private.h"

/*
 * The groups of this node's own person, as far as this node knows them: newest serials, on the disk
 * too, in DIR/groups/NAME; the key of one that was made here in DIR/groups/NAME.key. What is done with
 * them is in quic.h.
 */

struct known_group {
	struct wl_list link; // quic.groups, by name
	struct group group;
};

/* false and refusal: one that cannot be read, or whose key others can reach. */
bool groups_load(struct quic *quic, struct op_refusal *refusal);
void groups_finish(struct quic *quic);
/* Whether there is a group of that name, so nobody else is called so. */
bool groups_has(const struct quic *quic, const char *name);

#endif
