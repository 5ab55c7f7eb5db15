/* SPDX-License-Identifier: MIT */
#ifndef BOX_TREE_H
#define BOX_TREE_H

#include "box/box.h"

/* The inside of a tree, for box.c, query.c and admit.c alone. */
struct box_tree {
	char *owner;
	char boot[9];
	struct box *root;
	uint64_t clock;         // counts changes of all boxes, so that no version comes twice
	struct wl_list waiting; // of query.c
};

/* The access list that holds for the box: its own, or the nearest one above; NULL: none. */
const struct acl *box_acl_in_force(const struct box *box);
/* Puts a list in force. Versions of all it holds for change; who waits is not told. */
void box_replace_acl(struct box *box, struct acl *acl);
/* The box has another version; who waits is not told. */
void box_touch(struct box *box);

/*
 * Whether the subject may use a verb on the box. ENOENT if it does not exist for him, EPERM, EASK;
 * name is what he called it.
 */
enum op_code box_check_rights(const struct box *box, const struct subject *subject,
	enum op_verb verb, const char *name, struct op_refusal *refusal);
/* Answers with a refusal; one that says ENOENT with a ttl. */
void box_refuse(struct req *req, const struct op_refusal *refusal);

/* Answers who waits for another version of the box, of what is below it, or of a list it is in. */
void query_changed(struct box *box);
/* The box goes: who waits on it is refused. */
void query_gone(struct box *box);

#endif
