/* SPDX-License-Identifier: MIT */
#ifndef QUIC_ROAM_H
#define QUIC_ROAM_H

#include "quic/quic_private.h"

/* Connections go on when this machine's address changes. */

struct roam;

struct roam *roam_create(struct quic *quic); // NULL: no memory
void roam_destroy(struct roam *roam);        // NULL is fine

#endif
