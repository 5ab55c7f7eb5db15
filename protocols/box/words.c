/* SPDX-License-Identifier: MIT */
/*
 * words.c - the tables printed from op.xml, and what a value of each type looks like. Lines, heads
 * and their order are op.c.
 */
#include "box/words.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "box/cnstr.h"
#include "box/name.h"

struct field_entry {
	const char *name;
	enum field_type type;
	bool list;
};

struct verb_entry {
	const char *name;
	char letter;
	bool takes[OP_F_UNKNOWN], requires[OP_F_UNKNOWN];
};

struct kind_entry {
	const char *name;
	bool own_lane;
};

#include "box/op-tables.inc"

static int find(const char *name, const char *(*name_of)(int i), int count) {
	for (int i = 0; i < count; i++) {
		if (strcmp(name, name_of(i)) == 0) {
			return i;
		}
	}
	return -1;
}

static const char *verb_name(int i) {
	return verb_table[i].name;
}

static const char *field_name(int i) {
	return field_table[i].name;
}

static const char *code_name(int i) {
	return code_table[i];
}

static const char *control_name(int i) {
	return control_table[i];
}

int op_verb_by_name(const char *name) {
	return find(name, verb_name, OP_VERBS);
}

int op_field_by_name(const char *name) {
	return find(name, field_name, OP_F_UNKNOWN);
}

int op_code_by_name(const char *name) {
	int code = find(name, code_name, OP_CODES);
	return code == OP_OK ? -1 : code;
}

int op_control_by_name(const char *name) {
	return find(name, control_name, CONTROLS);
}

const char *op_code_name(enum op_code code) {
	assert(code < OP_CODES);
	return code_table[code];
}

const char *op_field_name(enum op_field field) {
	assert(field < OP_F_UNKNOWN);
	return field_table[field].name;
}

const char *op_kind_name(enum op_kind kind) {
	assert(kind < FRAME_KINDS);
	return kind_table[kind].name;
}

const char *op_control_name(enum op_control control) {
	assert(control < CONTROLS);
	return control_table[control];
}

const char *op_verb_name(enum op_verb verb) {
	assert(verb < OP_VERBS);
	return verb_table[verb].name;
}

char op_verb_letter(enum op_verb verb) {
	assert(verb < OP_VERBS);
	return verb_table[verb].letter;
}

enum field_type words_field_type(enum op_field field) {
	assert(field < OP_F_UNKNOWN);
	return field_table[field].type;
}

bool words_field_is_list(enum op_field field) {
	assert(field < OP_F_UNKNOWN);
	return field_table[field].list;
}

bool words_verb_takes(enum op_verb verb, enum op_field field) {
	assert(verb < OP_VERBS && field < OP_F_UNKNOWN);
	return verb_table[verb].takes[field];
}

bool words_verb_requires(enum op_verb verb, enum op_field field) {
	assert(verb < OP_VERBS && field < OP_F_UNKNOWN);
	return verb_table[verb].requires[field];
}

bool words_kind_has_own_lane(enum op_kind kind) {
	assert(kind < FRAME_KINDS);
	return kind_table[kind].own_lane;
}

static bool parse_number(const char *text, uint64_t *number) {
	size_t digits = strspn(text, "0123456789");
	if (digits < 1 || digits > 19 || text[digits] != '\0') {
		return false;
	}
	uint64_t value = 0;
	for (; *text; text++) {
		value = value * 10 + (uint64_t)(*text - '0'); // 19 digits fit
	}
	*number = value;
	return value <= INT64_MAX;
}

static enum op_code check_body(const char *text, uint64_t *number, struct op_refusal *refusal) {
	if (strcmp(text, "none") == 0 || strcmp(text, "chunks") == 0 ||
			strcmp(text, "frames") == 0 || parse_number(text, number)) {
		return OP_OK;
	}
	return op_refuse(refusal, OP_EARG,
		"body is none, a number of bytes, chunks or frames, not \"%.40s\"", text);
}

// The refusal of a part is said of the whole field.
static enum op_code of_field(enum op_field field, enum op_code code, const struct op_refusal *why,
		struct op_refusal *refusal) {
	if (code == OP_OK) {
		return OP_OK;
	}
	return op_refuse(refusal, code, "%s: %s", op_field_name(field), why->sentence);
}

enum op_code words_check(enum op_field field, const char *text, uint64_t *number,
		struct op_refusal *refusal) {
	const char *name;
	char key[65];
	struct cnstr cnstr;
	struct op_refusal why = {0};
	*number = 0;
	switch (words_field_type(field)) {
	case FIELD_TEXT:
		return OP_OK;
	case FIELD_FLAG:
		if (*text) {
			return op_refuse(refusal, OP_EARG, "%s takes no value, so not \"%.40s\"",
				op_field_name(field), text);
		}
		return OP_OK;
	case FIELD_NUMBER:
		if (!parse_number(text, number)) {
			return op_refuse(refusal, OP_EARG, "%s is a number from 0 to %" PRId64
				", not \"%.40s\"", op_field_name(field), INT64_MAX, text);
		}
		return OP_OK;
	case FIELD_NAME:
		return of_field(field, name_check(text, &why), &why, refusal);
	case FIELD_WHERE:
		return of_field(field, where_split(text, key, &name, &why), &why, refusal);
	case FIELD_CNSTR:
		return of_field(field, cnstr_parse(&cnstr, text, &why), &why, refusal);
	case FIELD_BODY:
		return check_body(text, number, refusal);
	}
	assert(false);
	return OP_EARG;
}
