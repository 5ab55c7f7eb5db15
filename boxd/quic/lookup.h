/* SPDX-License-Identifier: MIT */
#ifndef QUIC_LOOKUP_H
#define QUIC_LOOKUP_H

#include "quic/address.h"
#include "quic/quic_private.h"

/* HOST:PORT to addresses, off the loop when the host is a name. */

#define LOOKUP_MAX 8 // addresses of one host

struct lookup;

/*
 * done is called once from the loop, never from in here; size 0: not found, and why. NULL: no memory
 * or threads.
 */
struct lookup *lookup_start(struct quic *quic, const char *host, uint16_t port,
	void (*done)(void *data, const struct address *found, int size, const char *why), void *data);
void lookup_cancel(struct lookup *lookup); // done is not called

#endif
