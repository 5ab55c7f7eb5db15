/* SPDX-License-Identifier: MIT */
#ifndef QUIC_ROAM_H
#define QUIC_ROAM_H

#include "quic/quic_private.h"

/* Connections go on when this machine's address changes, and become direct when they can. */

struct roam;

struct roam *roam_create(struct quic *quic); // NULL: no memory
void roam_destroy(struct roam *roam);        // NULL is fine
/* A peer is reached through a meeting point now. */
void roam_forwarded(struct roam *roam);
/* Dials those peers; false: there is none. */
bool roam_try_direct(struct roam *roam);

#endif
