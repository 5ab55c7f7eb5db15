/* SPDX-License-Identifier: MIT */
/*
 * fuzz_text.c - what stands in fields and has a form of its own: names, constraints and specs, lines
 * of access lists, subjects, casts, bindings. The first byte chooses.
 */
#include <string.h>

#include "box/cast.h"
#include "box/cnstr.h"
#include "box/name.h"
#include "box/ns.h"
#include "box/op.h"
#include "box/perm.h"
#include "fuzz.h"

static void check_refused(enum op_code code, const struct op_refusal *refusal) {
	must(code == refusal->code && refusal->sentence[0]);
}

static void name(char *text) {
	struct op_refusal refusal;
	enum op_code code = name_check(text, &refusal);
	if (code != OP_OK) {
		check_refused(code, &refusal);
		return;
	}
	char *again = strdup("/"), *parent = name_parent(text);
	const char *at = name_below("/", text), *component;
	size_t size;
	must(again && parent && at && name_check(parent, NULL) == OP_OK);
	must(name_compare(text, text) == 0 && name_below(parent, text));
	while ((component = name_next(&at, &size))) {
		char one[OP_MAX_COMPONENT + 1];
		must(size <= OP_MAX_COMPONENT);
		memcpy(one, component, size);
		one[size] = '\0';
		must(name_check_component(one, NULL) == OP_OK);
		char *joined = name_join(again, one);
		free(again);
		again = joined;
	}
	must(strcmp(again, text) == 0);
	free(again);
	free(parent);
}

static void where(char *text) {
	char key[65];
	const char *rest;
	struct op_refusal refusal;
	enum op_code code = where_split(text, key, &rest, &refusal);
	if (code == OP_OK) {
		must((key[0] == '\0' || strlen(key) == 64) && name_check(rest, NULL) == OP_OK);
	} else {
		check_refused(code, &refusal);
	}
}

static void cnstr(char *text) {
	struct cnstr first, again;
	struct op_refusal refusal;
	char printed[OP_MAX_CNSTR + 1], twice[OP_MAX_CNSTR + 1];
	char *spec = strchr(text, '\n');
	if (spec) {
		*spec++ = '\0';
	}
	enum op_code code = cnstr_parse(&first, text, &refusal);
	if (code != OP_OK) {
		check_refused(code, &refusal);
		return;
	}
	cnstr_print(&first, printed);
	must(cnstr_parse(&again, printed, &refusal) == OP_OK);
	must(strcmp(cnstr_print(&again, twice), printed) == 0);
	cnstr_meets(&first, &again);
	must(!spec || spec_check(spec, NULL) == OP_OK || !cnstr_joined(spec, &first, &again));
}

static void acl(char *text) {
	struct acl list = {0};
	struct op_refusal refusal;
	const struct subject bob = {"bob", "pc"};
	char letters[PERM_LETTERS_SIZE];
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next) {
			*next++ = '\0';
		}
		enum op_code code = acl_set(&list, line, &refusal);
		if (code != OP_OK) {
			check_refused(code, &refusal);
		}
		must(list.size >= 0 && list.size <= OP_MAX_ACL);
	}
	acl_letters(&list, "ann", &bob, letters);
	for (const char *letter = "ksgplmdi"; *letter; letter++) {
		bool listed = strchr(letters, *letter);
		must(listed == (acl_allows(&list, "ann", &bob, *letter) == PERM_YES));
	}
}

static void subject(char *text) {
	struct subject who;
	struct op_refusal refusal;
	char printed[SUBJECT_SIZE];
	enum op_code code = subject_parse(&who, text, &refusal);
	if (code == OP_OK) {
		must(strcmp(subject_print(&who, printed), text) == 0);
	} else {
		check_refused(code, &refusal);
	}
}

static void casts(char *text) {
	struct casts table;
	casts_init(&table);
	for (char *line = text, *next; line; line = next) {
		struct op_refusal refusal;
		struct cast *made = NULL;
		struct cast cast = {.from = line};
		next = strchr(line, '\n');
		if (next) {
			*next++ = '\0';
		}
		cast.prog = strchr(line, ' ');
		if (cast.prog) {
			*cast.prog++ = '\0';
		}
		if (cast_split(cast.from, &cast.to, &refusal) == OP_OK
				&& casts_add(&table, &cast, &made, &refusal) == OP_OK) {
			must(casts_find(&table, cast.from, cast.to) == made);
		}
	}
	casts_finish(&table);
}

// Lines PREFIX TARGET ORDER; the last is a name to be looked up.
static void ns(char *text) {
	struct ns space;
	struct ns_meaning meanings[NS_MEANINGS];
	char *line = text, *next;
	must(ns_init(&space));
	for (; (next = strchr(line, '\n')); line = next) {
		struct op_refusal refusal;
		struct ns_binding *made, binding = {.prefix = line, .any = line[1] == 'a'};
		*next++ = '\0';
		binding.target = strchr(line, ' ');
		if (!binding.target) {
			continue;
		}
		*binding.target++ = '\0';
		if (name_check(binding.prefix, NULL) == OP_OK) { // op_decode has seen to it
			ns_bind(&space, &binding, (enum ns_order)((unsigned char)line[1] % 3), &made, &refusal);
		}
	}
	if (name_check(line, NULL) == OP_OK) {
		int count = ns_mean(&space, line, meanings);
		must(count >= 0 && count <= NS_MEANINGS);
		for (int i = 0; i < count; i++) {
			char key[65];
			const char *rest;
			enum op_code code = where_split(meanings[i].name, key, &rest, NULL);
			must(code == OP_OK || code == OP_E2BIG); // two that fit may be too long together
			free(meanings[i].name);
		}
	}
	ns_finish(&space);
}

static void escapes(char *text) {
	struct buf escaped;
	buf_init(&escaped);
	must(op_escape(text, &escaped) && buf_append(&escaped, "", 1));
	must(op_unescape((char *)buf_front(&escaped)));
	must(strcmp((char *)buf_front(&escaped), text) == 0);
	buf_finish(&escaped);
	op_unescape(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static void (*const parsers[])(char *) = {
		name, where, cnstr, acl, subject, casts, ns, escapes};
	if (size == 0) {
		return 0;
	}
	char *text = malloc(size);
	must(text);
	memcpy(text, bytes + 1, size - 1);
	text[size - 1] = '\0';
	parsers[bytes[0] % 8](text);
	free(text);
	return 0;
}
