/* SPDX-License-Identifier: MIT */
#ifndef BOX_PERM_H
#define BOX_PERM_H

#include <stdbool.h>

#include "box/op.h"

/*
 * Who may do what. A subject is on whose behalf something is done: a person at a machine. Every
 * exchange has one, and whatever a server does for a request it does with that request's subject.
 */
#define SUBJECT_GROUPS 16 // that one person can be in
struct subject {
	char person[OP_MAX_SUBJECT + 1];  // the name this node knows the person by
	char machine[OP_MAX_SUBJECT + 1]; // of that person's machines
	char groups[SUBJECT_GROUPS][OP_MAX_SUBJECT + 1]; // of this node's person that name him
	int groups_size;
};

/* "PERSON/MACHINE" */
#define SUBJECT_SIZE (2 * OP_MAX_SUBJECT + 2)
/* EARG if it is not that; E2BIG if a part is over OP_MAX_SUBJECT bytes. */
enum op_code subject_parse(struct subject *subject, const char *text, struct op_refusal *refusal);
/* Returns out. */
const char *subject_print(const struct subject *subject, char out[static SUBJECT_SIZE]);
/*
 * With the groups, as a node tells its own programs: "PERSON/MACHINE GROUP…". The same codes; E2BIG too
 * for more than SUBJECT_GROUPS.
 */
#define SUBJECT_AS_SIZE (SUBJECT_SIZE + SUBJECT_GROUPS * (OP_MAX_SUBJECT + 1))
enum op_code subject_parse_as(struct subject *subject, const char *text,
	struct op_refusal *refusal);
const char *subject_print_as(const struct subject *subject, char out[static SUBJECT_AS_SIZE]);
/*
 * The name of a person or of a machine: 1 to OP_MAX_SUBJECT bytes of UTF-8 without blanks, control
 * characters and "/"; "owner", "*" and "-" mean something else. EARG, E2BIG.
 */
enum op_code subject_check_part(const char *text, struct op_refusal *refusal);

/*
 * An access list: at most OP_MAX_ACL lines SUBJECT LETTERS. SUBJECT is owner, PERSON,
 * PERSON/MACHINE, GROUP or *; a line's letters are verbs' letters (k s g p l m d i), a capital one asks
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
 * alone: PERSON/MACHINE, then PERSON, then those of his groups together, then owner (if the subject is),
 * then * (if he is not). The owner cannot lock himself out: k and i stay his, but for a line of one of his machines.
 */
enum perm acl_allows(const struct acl *acl, const char *owner, const struct subject *subject,
	char letter);
/* All letters that acl_allows, capitals for those that ask; returns out. */
const char *acl_letters(const struct acl *acl, const char *owner, const struct subject *subject,
	char out[static PERM_LETTERS_SIZE]);
/* The same of letters that were settled before. */
enum perm letters_allow(const char *letters, char letter);

/*
 * Rights that come down a path, where what is on the way may have an owner and a list of its own: begun
 * with those of the box above it all, then a step for each thing. The nearest list that has a line for
 * the subject decides, then the box's. Who owns a thing may do all with it and below it, but for a line
 * of a nearer list; who owns the box keeps k, i and d on all of it. A line of the box's list for one
 * machine of theirs takes that from it.
 */
struct perm_path {
	const struct subject *subject; // not copied
	const char *top_owner;         // likewise
	bool by_machine;               // a line of the box's list is for this very machine
	char owner[OP_MAX_SUBJECT + 1]; // of the last thing
	char letters[PERM_LETTERS_SIZE];
};
struct perm_step {
	char owner[OP_MAX_SUBJECT + 1]; // "": as what it is in; "*": nobody
	struct acl acl;
	bool broken; // it says something that is not understood: closed to all but the owners
};
void perm_path_begin(struct perm_path *path, const struct acl *acl, const char *owner,
	const struct subject *subject);
/* true: a line of the step's own list decided. */
bool perm_path_step(struct perm_path *path, const struct perm_step *step);

/*
 * The line that leaves the subject what he has and adds a letter; it takes the place of the one
 * that now decides, or is his person's first. Returns out.
 */
const char *acl_line_with(const struct acl *acl, const char *owner, const struct subject *subject,
	char letter, char out[static ACL_LINE_SIZE]);
/* The same for who of a list that gives him letters now. Returns out. */
const char *perm_line_with(const char *who, const char *letters, char letter,
	char out[static ACL_LINE_SIZE]);

#endif
