/* SPDX-License-Identifier: MIT */
#ifndef BOX_WORDS_H
#define BOX_WORDS_H

#include "box/op.h"

/* What op.xml says of the words, for the files that walk heads: op.c, head.c, frame.c. */

enum field_type {
	FIELD_TEXT,
	FIELD_FLAG,
	FIELD_NUMBER,
	FIELD_NAME,
	FIELD_WHERE,
	FIELD_CNSTR,
	FIELD_BODY,
};

enum field_type words_field_type(enum op_field field);
bool words_field_is_list(enum op_field field);
bool words_verb_takes(enum op_verb verb, enum op_field field);
bool words_verb_requires(enum op_verb verb, enum op_field field);
bool words_kind_has_own_lane(enum op_kind kind);

/*
 * Whether a decoded value is well formed for its field. Sets *number of numbers and of bodies that
 * are one. The refusal names the field.
 */
enum op_code words_check(enum op_field field, const char *text, uint64_t *number,
	struct op_refusal *refusal);

/* Appends an entry as it is; key and text are taken over. false: no memory, then they are not. */
bool op_head_push(struct op_head *head, enum op_field field, char *key, char *text,
	uint64_t number);

#endif
