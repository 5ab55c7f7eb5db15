/* SPDX-License-Identifier: MIT */
#ifndef BOX_PERM_H
#define BOX_PERM_H

#include <stdbool.h>

#include "box/op.h"

/*
 * Who may do what. A subject is on whose behalf something is done: a person at a machine. Every
 * exchange has one, and whatever a server does for a request it does with that request's subject.
 */
struct subject {
	char person[64];  // the name this node knows the person by
	char machine[64]; // of that person's machines
};

/* "PERSON/MACHINE"; EARG if it is not that, or a part is over 63 bytes. */
enum op_code subject_parse(struct subject *subject, const char *text, struct op_refusal *refusal);
/* Returns out. */
const char *subject_print(const struct subject *subject, char out[static 130]);

/*
 * An access list: at most OP_MAX_ACL lines SUBJECT LETTERS. SUBJECT is owner, PERSON, PERSON/MACHINE
 * or *; a line's letters are verbs' letters (k s g p l m d i), a capital one asks the owner first.
 * Without a line the owner may do all and others nothing.
 */
struct acl {
	struct acl_line {
		char who[130];
		char letters[20];
	} lines[OP_MAX_ACL];
	int size;
};

/* Sets the line of text's subject ("ann kg", "* k"; "ann -" takes it away). EARG, E2BIG. */
enum op_code acl_set(struct acl *acl, const char *text, struct op_refusal *refusal);

enum perm {
	PERM_NO,
	PERM_YES,
	PERM_ASK,
};
/*
 * What the list says of one letter for the subject. acl may be NULL. The most exact line decides
 * alone: PERSON/MACHINE, then PERSON, then owner (if the subject is), then *.
 */
enum perm acl_allows(const struct acl *acl, const char *owner, const struct subject *subject,
	char letter);
/* All letters that acl_allows, capitals for those that ask; returns out. */
const char *acl_letters(const struct acl *acl, const char *owner, const struct subject *subject,
	char out[static 20]);

#endif
