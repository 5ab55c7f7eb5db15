/* SPDX-License-Identifier: MIT */
/*
 * envelope.c - the form of what a meeting point forwards. Whose an id is: forward.c and detour.c.
 */
#include "quic/envelope.h"

/*
 * The two highest bits of a QUIC packet's first byte are never both 0 (RFC 9000, 17: the fixed bit,
 * which we do not negotiate away). Of what is left, RFC 7983 has given this one to nobody.
 */
#define QUIC_BITS 0xc0
#define FIRST 0x0b

bool envelope_is(const uint8_t *bytes, size_t size) {
	return size > 0 && (bytes[0] & QUIC_BITS) == 0;
}

bool envelope_open(const uint8_t *bytes, size_t size, struct envelope *envelope) {
	if (size <= ENVELOPE_SIZE || bytes[0] != FIRST) {
		return false;
	}
	envelope->id = 0;
	for (int i = 1; i < ENVELOPE_SIZE; i++) {
		envelope->id = envelope->id << 8 | bytes[i];
	}
	envelope->packet = bytes + ENVELOPE_SIZE;
	envelope->size = size - ENVELOPE_SIZE;
	return envelope->id != 0 && !envelope_is(envelope->packet, envelope->size);
}

void envelope_write(uint8_t out[static ENVELOPE_SIZE], uint64_t id) {
	out[0] = FIRST;
	for (int i = 1; i < ENVELOPE_SIZE; i++) {
		out[i] = (uint8_t)(id >> (64 - 8 * i));
	}
}
