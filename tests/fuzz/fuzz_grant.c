/* SPDX-License-Identifier: MIT */
/*
 * fuzz_grant.c - heads of grants: whatever is taken is printed the same, byte for byte.
 */
#include <stdlib.h>
#include <string.h>

#include "box/grant.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	struct grant *grant = malloc(sizeof(*grant));
	struct op_refusal refusal = {0};
	struct buf again;
	char *text = malloc(size + 1); // as signing.c has it
	must(grant && text);
	memcpy(text, bytes, size);
	text[size] = '\0';
	size_t head = grant_parse(grant, text, size, &refusal);
	must(head <= size);
	if (head > 0) {
		buf_init(&again);
		must(grant_print(grant, &again));
		must(again.size == head && memcmp(buf_front(&again), bytes, head) == 0);
		buf_finish(&again);
	} else {
		must(refusal.code == OP_EARG && refusal.sentence[0]);
	}
	free(text);
	free(grant);
	return 0;
}
