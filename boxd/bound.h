/* SPDX-License-Identifier: MIT */
#ifndef BOXD_BOUND_H
#define BOXD_BOUND_H

#include "box/ns.h"
#include "box/op.h"
#include "box/perm.h"
#include "route.h"

/*
 * Lines of the name space that a program is given with it, to another person's node: its asker's node
 * says which box each name is and signs what leave the program's node needs for it.
 */

#define BOUND_MAX 32       // lines
#define BOUND_GRANTS_MAX 6 // with a grant, which fills an eighth of a head
#define BOUND_LETTERS "ksgp"
#define BOUND_DOT "."      // the name that stands for the current box

struct bound {
	char *text;          // what the others point into
	const char *name;    // in the program's names, or BOUND_DOT
	const char *letters; // of BOUND_LETTERS, each once
	const char *where;   // which box
	const char *grant;   // NULL: none
};

/* EARG: it is no such line, and there is nothing to finish. */
enum op_code bound_init(struct bound *bound, const char *line, struct op_refusal *refusal);
void bound_finish(struct bound *bound);

/*
 * At the asker: makes the lines of a head, which goes to a peer, true there; ns is where their wheres
 * are looked up. A peer of the same person needs none, and gets none. EARG, E2BIG, ENOENT (a node that
 * is not known), EIO.
 */
enum op_code bound_send(const struct route *route, const struct ns *ns, const struct way *way,
	struct op_head *head, const struct subject *subject, struct op_refusal *refusal);

#endif
