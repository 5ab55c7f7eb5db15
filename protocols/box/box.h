/* SPDX-License-Identifier: MIT */
#ifndef BOX_BOX_H
#define BOX_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "box/cnstr.h"
#include "box/perm.h"
#include "box/req.h"

/*
 * The tree of boxes that one program serves. Nodes of the tree are made by box types; what is asked
 * of every box alike (kind, selectors, chinfo, rights, waiting for a change) is done here, so a
 * type sees only requests that are legal: the name exists, the letter is there, the wanted type
 * fits.
 */

struct box_tree;

/* A kind of box: a table with holes. A NULL handler is a polite refusal made in one place. */
struct box_type {
	const char *name; // "chan"; also the word in meson's box_types
	/*
	 * By verb. OP_KIND, OP_SELECTORS and OP_CHINFO are served by the tree when NULL. OP_MAKE
	 * comes to the parent, with the new name in req->rest, which is one component and free.
	 * OP_DELETE may answer later; the type destroys the box.
	 */
	void (*fn[OP_VERBS])(struct box *box, struct req *req);
	/* What a getmem may want of it besides what it is; NULL: nothing. */
	const char *gives;
	/* Verbs whose request may have a body; bits 1 << OP_PUTMEM. */
	uint32_t takes_body;
	/* A getmem lends the file that the bytes are in, if there is one (req_lend); a putmem takes it. */
	bool lends;
	/*
	 * The type walks names below its box by itself: req->rest comes unwalked, for all verbs.
	 * Rights are those of its box unless it looks; want and if-version below it are the type's to
	 * check.
	 */
	bool walks;
	/*
	 * What is below the box may have rights of its own: before any of that is served, the type looks
	 * for them, and calls box_found, from the loop. If the caller goes before, that is the request's
	 * gone, as ever.
	 */
	void (*look)(struct box *box, struct req *req);
	/* Sets a line of the list of what is below the box at rest, as somebody's leave; it may fail. */
	void (*allow)(struct box *box, const char *rest, const char *line);
	/* OP_MAKE of the box itself, rest "", makes an inner box whose name the type chooses. */
	bool names;
	/*
	 * Adds to the kind that kind and selectors answer: size, title, device, state … Called
	 * whenever somebody asks or waits, from box_create on; it changes nothing.
	 */
	void (*describe)(struct box *box, struct op_head *entry);
	/* The box goes: give back what data holds. Inner boxes are gone already. */
	void (*destroy)(struct box *box);
};

struct box {
	struct box_tree *tree;
	struct box *parent;   // NULL: the root
	struct wl_list inner; // box.link, sorted by name
	struct wl_list link;  // parent->inner
	char *name;           // one component; "" of the root
	const struct box_type *type;
	char *cnstr;          // its type and constraints, "text"; never NULL
	char *owner;          // a person
	char *maker;          // who made it by request, and whose room it takes; NULL: the node
	struct acl *acl;      // NULL: the parent's holds
	bool inside;          // no list names it to who asks from another node
	uint64_t version;     // the tree's count of changes when this box last did; see box_version
	void *data;           // the type's own
	struct {
		struct wl_signal destroy; // data: struct box *
	} events;
};

/* owner: the node's person; copied. The root box has type box_type_dir. */
struct box_tree *box_tree_create(const char *owner);
void box_tree_destroy(struct box_tree *tree); // and all boxes
struct box *box_tree_root(struct box_tree *tree);
const char *box_tree_owner(const struct box_tree *tree);
/*
 * The node got its person (after init or pairing): boxes of the old owner are the new one's. false:
 * no memory; some may be the old one's still.
 */
bool box_tree_set_owner(struct box_tree *tree, const char *owner);
/* Bytes that make this program's versions differ from those of its last life; 8 hex digits. */
const char *box_tree_boot(const struct box_tree *tree);

/* Only inner boxes, no contents; make is refused. */
extern const struct box_type box_type_dir;

/*
 * A new inner box. NULL and errno: EEXIST; EINVAL (name is no component, or too deep, or cnstr is
 * malformed); ENOMEM; then data is still the caller's. cnstr NULL: "box". The owner is the parent's
 * unless set. Whoever waits for a change may be answered in here, so data must be fit to describe.
 */
struct box *box_create(struct box *parent, const char *name, const struct box_type *type,
	const char *cnstr, void *data);
/*
 * Takes the box out of the tree, then its inner boxes; who waits for its changes gets ENOENT. Its
 * name stays until the end of the type's destroy. NULL is fine.
 */
void box_destroy(struct box *box);
/* false and errno: EINVAL (malformed), ENOMEM; then all is as it was. */
bool box_set_owner(struct box *box, const char *owner);
bool box_set_cnstr(struct box *box, const char *cnstr);
/* Sets a line of the access list. The box gets its own, begun as a copy of the one in force. */
enum op_code box_set_acl(struct box *box, const char *line, struct op_refusal *refusal);

/* The contents or the kind changed: answers those who wait. Called last, the box being tidy. */
void box_changed(struct box *box);
/* Who may do what is otherwise for a reason that is no box's: who waits is looked at anew. */
void box_tree_rights_changed(struct box_tree *tree);
/*
 * Hears of every change in the tree; data: struct box *, the one that changed, or in which one came or
 * went. Those who waited were answered before. The listener makes and destroys no boxes in there.
 */
void box_tree_on_change(struct box_tree *tree, struct wl_listener *listener);
/*
 * Hears that who may do what is otherwise: a list was set, or box_tree_rights_changed. data: NULL. The
 * listener only notes it: what rested on a right is ended later, from the loop.
 */
void box_tree_on_rights(struct box_tree *tree, struct wl_listener *listener);

/* The name from the root, malloc'd. */
char *box_name(const struct box *box);
struct box *box_inner(const struct box *box, const char *name);
/* The deepest box on the way, *rest what is left of name. Never NULL. */
struct box *box_find(struct box_tree *tree, const char *name, const char **rest);
/* The smallest number that no inner box is called by: "0", "1" … as a new name. */
unsigned int box_free_number(const struct box *parent);

enum perm box_allows(const struct box *box, const struct subject *subject, char letter);
/* The letters of all verbs that box_allows, as kind answers them; returns out. */
const char *box_letters(const struct box *box, const struct subject *subject,
	char out[static 20]);
/* Text of a version; out holds 32 bytes. Returns out. */
const char *box_version(const struct box *box, char out[static 32]);

/*
 * Serves one request: finds the box, checks rights, want, version and body, and calls the handler
 * or answers. A box on which the subject has no k does not exist for him: ENOENT. The carrier calls
 * this once, after req_init.
 */
void box_serve(struct box_tree *tree, struct req *req);
/*
 * For a type that looks: found, malloc'd, becomes the request's, and it is served, or refused. NULL: no
 * memory.
 */
void box_found(struct req *req, struct req_found *found);
/* The name is that of a box of the tree all the same: that serves it. */
void box_found_box(struct req *req, struct box *box);
/* Serves a request that was not answered yet anew, as if it had just come. */
void box_serve_anew(struct req *req);
/* What the subject may do with what the request names. */
enum perm box_req_allows(const struct req *req, char letter);
const char *box_req_owner(const struct req *req);
/* Answers ENOENT as box_serve does, for a type that walks and finds nothing. */
void box_no_such(struct req *req);

/*
 * The tree's own answers, for types that add to them. The names of a list of selectors are those
 * below the box, as "/3/out" of /win/3/out in a list of /win: so they are true under any prefix.
 */
void box_serve_kind(struct box *box, struct req *req);
void box_serve_selectors(struct box *box, struct req *req);
void box_serve_chinfo(struct box *box, struct req *req);

#endif
