/* SPDX-License-Identifier: MIT */
#ifndef QUIC_PEERS_IMPL_H
#define QUIC_PEERS_IMPL_H

#include "quic/peers.h"

/* What peers.c, persons.c and forgotten.c share. */

/* peers.c */

/* Whether it is a fingerprint, as it stands in a file. */
bool peers_is_key(const char *text);

/* persons.c */

/* From the disk. What cannot be used is logged and passed over. */
void persons_load(struct quic *quic, const char *path, const char *name);
/* From memory and disk. */
void persons_forget(struct quic *quic, const char *name);
void persons_finish(struct quic *quic);

/* forgotten.c */

bool forgotten_load(struct quic *quic, struct op_refusal *refusal);
/* Its key stays out, and whoever had its name is gone. */
void forgotten_add(struct quic *quic, const struct peer *peer);
void forgotten_finish(struct quic *quic);

#endif
