/* SPDX-License-Identifier: MIT */
/*
 * fuzz_head.c - heads from anybody. The first byte says of which role; what is decoded must encode
 * to a head that decodes to the same.
 */
#include <string.h>

#include "box/op.h"
#include "fuzz.h"

static void check_same(const struct op_head *a, const struct op_head *b) {
	must(a->role == b->role && a->count == b->count);
	must(a->role != OP_REQUEST || a->verb == b->verb);
	must(a->refusal.code == b->refusal.code);
	must(a->refusal.code == OP_OK || strcmp(a->refusal.sentence, b->refusal.sentence) == 0);
	for (size_t i = 0; i < a->count; i++) {
		const struct op_entry *one = &a->entries[i], *other = &b->entries[i];
		must(one->field == other->field && one->number == other->number);
		must(strcmp(one->text, other->text) == 0);
		must(!one->key == !other->key && (!one->key || strcmp(one->key, other->key) == 0));
	}
}

static void check_again(const struct op_head *head) {
	struct op_head again;
	struct op_refusal refusal;
	struct buf lines;
	buf_init(&lines);
	// A field that was nearly too long may be over the limit in its canonical form, never else.
	enum op_code code = op_encode(head, &lines, &refusal);
	must(code == OP_OK || code == OP_E2BIG);
	if (code == OP_OK) {
		must(op_head_size(buf_front(&lines), lines.size, &refusal) == lines.size);
		code = op_decode(&again, head->role, buf_front(&lines), lines.size, &refusal);
		must(code == OP_OK);
		check_same(head, &again);
		op_head_finish(&again);
	}
	buf_finish(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	if (size == 0) {
		return 0;
	}
	enum op_role role = (enum op_role)(bytes[0] % 3);
	struct op_refusal refusal;
	struct op_head head;
	char line[256];
	size_t whole = op_head_size(bytes + 1, size - 1, &refusal);
	must(whole <= size - 1 && whole <= OP_MAX_HEAD);
	if (op_decode(&head, role, bytes + 1, whole > 0 ? whole : size - 1, &refusal) == OP_OK) {
		must(whole > 0);
		must(strlen(op_print(&head, line, sizeof(line))) < sizeof(line));
		check_again(&head);
		op_head_finish(&head);
	} else {
		must(refusal.code != OP_OK && refusal.sentence[0]);
		must(!head.entries && head.count == 0);
	}
	return 0;
}
