/* SPDX-License-Identifier: MIT */
#ifndef LIBBOX_SPACE_H
#define LIBBOX_SPACE_H

#include "libbox/ask.h"

/*
 * The asker's own name space: what its relative names are below, and the calls of the paper that
 * change what names and types mean. A refusal's sentence is the person's to read.
 */

/* The name space's name; that of a box of it, as "bind", "" the name space itself. Returns out. */
const char *space_id(const struct asker *asker);
const char *space_name(const struct asker *asker, const char *below, char out[static 192]);

/* The bytes of a box, 0-terminated, malloc'd; NULL: why says why not. */
char *space_text(struct asker *asker, const char *name, struct op_refusal *why);

/*
 * Sets the name of a box as a person or a program says it: one that does not begin with "/" is below
 * the current box, and "." is that itself.
 */
enum op_code space_say(struct asker *asker, struct op_head *head, enum op_field field,
	const char *name, struct op_refusal *why);

/* Makes another box the current one; ENOENT if there is none of that name. */
enum op_code space_change(struct asker *asker, const char *name, struct op_refusal *why);

/* Whether it says where a binding stands: above, below, only, or the first letter of one. */
bool space_is_order(const char *word);
/*
 * prefix means that box from now on. node is a machine below /n, "here", or "any"; constraint and
 * order may be NULL. made, unless NULL, is the binding's name, malloc'd.
 */
enum op_code space_import(struct asker *asker, const char *prefix, const char *node,
	const char *name, const char *constraint, const char *order, char **made,
	struct op_refusal *why);
/* Takes away all that is bound to prefix; ENOENT if nothing is. */
enum op_code space_forget(struct asker *asker, const char *prefix, struct op_refusal *why);


/*
 * How bytes of one type become bytes of another: argv, a program with its arguments; NULL, or none in
 * it: they may be used as they are. Types are words. constraint is of the processor that runs it, and
 * may be NULL.
 */
enum op_code space_cast(struct asker *asker, const char *from, const char *to,
	const char *const *argv, const char *constraint, struct op_refusal *why);
/* ENOENT if there is no such cast. */
enum op_code space_uncast(struct asker *asker, const char *from, const char *to,
	struct op_refusal *why);

#endif
