/* SPDX-License-Identifier: MIT */
#ifndef QUIC_ENVELOPE_H
#define QUIC_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How a QUIC packet travels to a meeting point and on: one byte that no QUIC packet begins with, the
 * id of the pair for which it is forwarded, and the packet, which only the two can read.
 */

#define ENVELOPE_SIZE 9 // bytes before the packet

struct envelope {
	uint64_t id; // never 0
	const uint8_t *packet;
	size_t size; // at least 1
};

/* Whether that is for envelope_open(), and not for QUIC. */
bool envelope_is(const uint8_t *bytes, size_t size);
/* false: it is none, is cut short, or holds what cannot be a QUIC packet: another envelope, say. */
bool envelope_open(const uint8_t *bytes, size_t size, struct envelope *envelope);
void envelope_write(uint8_t out[static ENVELOPE_SIZE], uint64_t id);

#endif
