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
	struct wl_list askings; // asking.link; of asking.c
	struct asker *asker;    // NULL: nobody can be asked
	struct wl_signal changed; // data: struct box *
	struct wl_signal rights;  // data: NULL
};

/* The access list that holds for the box: its own, or the nearest one above; NULL: none. */
const struct acl *box_acl_in_force(const struct box *box);
/* Puts a list in force. Versions of all it holds for change; who waits is not told. */
void box_replace_acl(struct box *box, struct acl *acl);
/* The box has another version; who waits is not told. */
void box_touch(struct box *box);

/*
 * Whether who asks may use the request's verb on the box. ENOENT if it does not exist for him,
 * EPERM, EASK; name is what he called it. What somebody gave him leave for, he may.
 */
enum op_code box_check_rights(const struct box *box, const struct req *req, const char *name,
	struct op_refusal *refusal);
/* Serves a request whose box was found: checks, then the box's answer. */
void box_serve_found(struct req *req);
/*
 * The request lacks leave for a letter on its box: it waits for it, or goes on if it was given for a
 * while; refusal, EASK, is its answer if nobody can be asked.
 */
void asking_ask(struct req *req, char letter, const char *name, const struct op_refusal *refusal);
/* Answers with a refusal; one that says ENOENT with a ttl. */
void box_refuse(struct req *req, const struct op_refusal *refusal);

/* Answers who waits for another version of the box, of what is below it, or of a list it is in. */
void query_changed(struct box *box);
/* The box goes: who waits on it is refused. */
void query_gone(struct box *box);

#endif
