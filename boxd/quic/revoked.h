/* SPDX-License-Identifier: MIT */
#ifndef QUIC_REVOKED_H
#define QUIC_REVOKED_H

#include <stdbool.h>

#include "quic/quic_private.h"

/* What persons have revoked, as far as this node has been told; newest serials, on the disk too. */

/* false and refusal: a list that cannot be read would let in who is to stay out. */
bool revoked_load(struct quic *quic, struct op_refusal *refusal);
void revoked_finish(struct quic *quic);
/* Whether the person with that key has revoked the machine: who else lists it has no say. */
bool revoked_has(const struct quic *quic, const char *person, const char *machine);

#endif
