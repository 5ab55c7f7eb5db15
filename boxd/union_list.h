/* SPDX-License-Identifier: MIT */
#ifndef BOXD_UNION_LIST_H
#define BOXD_UNION_LIST_H

#include "base/buf.h"
#include "box/op.h"

/*
 * The lists of servers with the same prefix, made one: sorted, of boxes with the same name the first
 * server's, and a version that has those of all in it. Who is asked, and when, is union.c's.
 */

struct union_part {
	unsigned int serial; // of the mount
	enum {
		UNION_LISTED,
		UNION_REFUSED, // it has no such box, or does not let the asker see it
		UNION_SILENT,  // did not answer in time
	} state;
	struct buf list;     // of UNION_LISTED: entries of selectors
	char *version;       // likewise; NULL: it said none
};

/*
 * Appends to out the entries of all that head, a request for selectors, asks for: parts were asked
 * for the same, but without its want, and without its count if it has a want. What a server lists
 * behind an entry that cannot be read is left out. false: no memory.
 */
bool union_list_merge(const struct union_part *parts, int count, const struct op_head *head,
	struct buf *out);

/* The version of such a list, onto out. false: no memory. */
bool union_list_version(const struct union_part *parts, int count, struct buf *out);
/*
 * Reads one that was given to an asker: state and version of each part are set. false: it is none,
 * or one of other servers than these are.
 */
bool union_list_since(struct union_part *parts, int count, const char *version);

#endif
