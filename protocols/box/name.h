/* SPDX-License-Identifier: MIT */
#ifndef BOX_NAME_H
#define BOX_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "box/op.h"

/*
 * Names: "/" or "/a/b/c". What splits on "/" is here. A component is 1 to OP_MAX_COMPONENT bytes of
 * UTF-8 without control characters (below 0x20, 0x7f), and neither "." nor "..".
 */

/* OP_OK, EARG or E2BIG with what was wrong. */
enum op_code name_check(const char *name, struct op_refusal *refusal);
/* The same for one component, as a peer gives to a box it makes. */
enum op_code name_check_component(const char *component, struct op_refusal *refusal);

/*
 * What is left of name below prefix, without a leading "/": "" for prefix itself, NULL if name is
 * not prefix or below it. A pointer into name. Every name is below "/".
 */
const char *name_below(const char *prefix, const char *name);
/* The next component of *at, its size, and *at moved behind it; NULL at the end. */
const char *name_next(const char **at, size_t *size);
/* The last component of name; "" for "/". A pointer into name. */
const char *name_last(const char *name);
/* prefix and rest joined, malloc'd; NULL: no memory. rest may be "" and must not begin with "/". */
char *name_join(const char *prefix, const char *rest);
/* All but the last component, malloc'd; "/" of "/a" and of "/". */
char *name_parent(const char *name);

/* Order of lists: component by component, a box right before what is below it. As strcmp(3). */
int name_compare(const char *a, const char *b);

/*
 * A where: a name, or KEYHASH/name of a box on the node with that key (64 hex digits, lower case).
 * On OP_OK *name points into where; key is set to the hash, or to "" for a plain name.
 */
enum op_code where_split(const char *where, char key[static 65], const char **name,
	struct op_refusal *refusal);

#endif
