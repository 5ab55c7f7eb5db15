/* SPDX-License-Identifier: MIT */
/*
 * fuzz_envelope.c - datagrams from anybody, as a meeting point gets them: what is an envelope is one
 * again when it is written again, and what could be QUIC's is none.
 */
#include <string.h>

#include "fuzz.h"
#include "quic/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct envelope envelope;
	uint8_t again[ENVELOPE_SIZE];
	if (!envelope_open(bytes, size, &envelope)) {
		return 0;
	}
	must(envelope_is(bytes, size));
	must(envelope.packet == bytes + ENVELOPE_SIZE && envelope.size == size - ENVELOPE_SIZE);
	must(envelope.size > 0 && envelope.id != 0);
	must(!envelope_is(envelope.packet, envelope.size));
	envelope_write(again, envelope.id);
	must(memcmp(again, bytes, ENVELOPE_SIZE) == 0);
	return 0;
}
