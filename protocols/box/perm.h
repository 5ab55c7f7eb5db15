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
	char person[OP_MAX_SUBJECT + 1];  // the name this node knows the person by
	char machine[OP_MAX_SUBJECT + 1]; // of that person's machines
};

/* "PERSON/MACHINE" */
#define SUBJECT_SIZE (2 * OP_MAX_SUBJECT + 2)
/* EARG if it is not that; E2BIG if a part is over OP_MAX_SUBJECT bytes. */
enum op_code subject_parse(struct subject *subject, const char *text, struct op_refusal *refusal);
/* Returns out. */
const char *subject_print(const struct subject *subject, char out[static SUBJECT_SIZE]);
/*
 * The name of a person or of a machine: 1 to OP_MAX_SUBJECT bytes of UTF-8 without blanks, control
 * characters and "/"; "owner", "*" and "-" mean something else. EARG, E2BIG.
 */
enum op_code subject_check_part(const char *text, struct op_refusal *refusal);

/*
 * An access list: at most OP_MAX_ACL lines SUBJECT LETTERS. SUBJECT is owner, PERSON,
 * PERSON/MACHINE or *; a line's letters are verbs' letters (k s g p l m d i), a capital one asks
 * the owner first. Without a line of his own the owner may do all, and others nothing.
 */
#define PERM_LETTERS_SIZE 20
struct acl {
	struct acl_line {
		char who[SUBJECT_SIZE];
		char letters[PERM_LETTERS_SIZE];
	} lines[OP_MAX_ACL];
	int size;
};

/* Sets the line of text's subject ("ann kg", "* k"; "ann -" takes it away). EARG, E2BIG. */
enum op_code acl_set(struct acl *acl, const char *text, struct op_refusal *refusal);

/* A line: SUBJECT, a blank, LETTERS. */
#define ACL_LINE_SIZE (SUBJECT_SIZE + PERM_LETTERS_SIZE)

enum perm {
	PERM_NO,
	PERM_YES,
	PERM_ASK,
};
/*
 * What the list says of one letter for the subject. acl may be NULL. The most exact line decides
 * alone: PERSON/MACHINE, then PERSON, then owner (if the subject is), then * (if he is not). The
 * owner cannot lock himself out: k and i stay his, but for a line of one of his machines.
 */
enum perm acl_allows(const struct acl *acl, const char *owner, const struct subject *subject,
	char letter);
/* All letters that acl_allows, capitals for those that ask; returns out. */
const char *acl_letters(const struct acl *acl, const char *owner, const struct subject *subject,
	char out[static PERM_LETTERS_SIZE]);
/*
 * The line that leaves the subject what he has and adds a letter; it takes the place of the one
 * that now decides, or is his person's first. Returns out.
 */
const char *acl_line_with(const struct acl *acl, const char *owner, const struct subject *subject,
	char letter, char out[static ACL_LINE_SIZE]);

#endif
