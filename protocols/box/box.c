/* SPDX-License-Identifier: MIT */
/*
 * box.c - the tree of boxes: made, found, changed, destroyed. Which requests are legal is admit.c,
 * what is answered for every box alike is query.c, what a box does is its type.
 */
#include "box/box.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/name.h"
#include "box/tree.h"

const struct box_type box_type_dir = {.name = "dir"};

static void box_free(struct box *box) {
	free(box->name);
	free(box->cnstr);
	free(box->owner);
	free(box->maker);
	free(box->acl);
	free(box);
}

static struct box *box_new(struct box_tree *tree, const char *name, const struct box_type *type,
		const char *cnstr, const char *owner) {
	struct box *box = calloc(1, sizeof(*box));
	if (!box) {
		return NULL;
	}
	box->tree = tree;
	box->type = type;
	box->name = strdup(name);
	box->cnstr = strdup(cnstr);
	box->owner = strdup(owner);
	wl_list_init(&box->inner);
	wl_list_init(&box->link);
	wl_signal_init(&box->events.destroy);
	if (!box->name || !box->cnstr || !box->owner) {
		box_free(box);
		return NULL;
	}
	box_touch(box);
	return box;
}

struct box_tree *box_tree_create(const char *owner) {
	struct box_tree *tree = calloc(1, sizeof(*tree));
	if (!tree) {
		return NULL;
	}
	wl_list_init(&tree->waiting);
	wl_list_init(&tree->askings);
	wl_signal_init(&tree->changed);
	wl_signal_init(&tree->rights);
	snprintf(tree->boot, sizeof(tree->boot), "%08" PRIx32, arc4random());
	tree->owner = strdup(owner);
	if (tree->owner) {
		tree->root = box_new(tree, "", &box_type_dir, "dir", owner);
	}
	if (!tree->root) {
		free(tree->owner);
		free(tree);
		return NULL;
	}
	return tree;
}

void box_tree_destroy(struct box_tree *tree) {
	if (!tree) {
		return;
	}
	box_destroy(tree->root);
	assert(wl_list_empty(&tree->waiting) && wl_list_empty(&tree->askings));
	assert(wl_list_empty(&tree->waiting));
	assert(wl_list_empty(&tree->changed.listener_list));
	assert(wl_list_empty(&tree->rights.listener_list));
	free(tree->owner);
	free(tree);
}

struct box *box_tree_root(struct box_tree *tree) {
	return tree->root;
}

const char *box_tree_owner(const struct box_tree *tree) {
	return tree->owner;
}

const char *box_tree_boot(const struct box_tree *tree) {
	return tree->boot;
}

static bool replace_text(char **text, const char *with) {
	char *copy = strdup(with);
	if (!copy) {
		return false;
	}
	free(*text);
	*text = copy;
	return true;
}

static bool change_owner(struct box *box, const char *from, const char *to) {
	bool good = true;
	if (strcmp(box->owner, from) == 0) {
		good = replace_text(&box->owner, to);
		box_touch(box);
	}
	struct box *inner;
	wl_list_for_each(inner, &box->inner, link) {
		good = change_owner(inner, from, to) && good;
	}
	return good;
}

bool box_tree_set_owner(struct box_tree *tree, const char *owner) {
	char *from = tree->owner, *to = strdup(owner);
	if (!to) {
		return false;
	}
	tree->owner = to;
	bool good = change_owner(tree->root, from, to);
	free(from);
	query_changed(tree->root);
	return good;
}

// A name below parent is still a legal name.
static bool fits_below(const struct box *parent, const char *name) {
	size_t size = 1 + strlen(name);
	int components = 1;
	for (; parent->parent; parent = parent->parent) {
		size += 1 + strlen(parent->name);
		components++;
	}
	return size <= OP_MAX_NAME && components <= OP_MAX_COMPONENTS;
}

static void insert_sorted(struct box *parent, struct box *box) {
	struct wl_list *before = &parent->inner;
	struct box *other;
	// Numbers and names come mostly in order: the place is near the end.
	wl_list_for_each_reverse(other, &parent->inner, link) {
		if (strcmp(other->name, box->name) < 0) {
			before = &other->link;
			break;
		}
	}
	wl_list_remove(&box->link);
	wl_list_insert(before, &box->link);
}

struct box *box_create(struct box *parent, const char *name, const struct box_type *type,
		const char *cnstr, void *data) {
	struct cnstr parsed;
	if (!cnstr) {
		cnstr = "box";
	}
	if (name_check_component(name, NULL) != OP_OK || !fits_below(parent, name) ||
			cnstr_parse(&parsed, cnstr, NULL) != OP_OK) {
		errno = EINVAL;
		return NULL;
	}
	if (box_inner(parent, name)) {
		errno = EEXIST;
		return NULL;
	}
	struct box *box = box_new(parent->tree, name, type, cnstr, parent->owner);
	if (!box) {
		errno = ENOMEM;
		return NULL;
	}
	box->parent = parent;
	box->data = data;
	insert_sorted(parent, box);
	query_changed(box);
	return box;
}

void box_destroy(struct box *box) {
	if (!box) {
		return;
	}
	// Nobody finds it any more, whatever the callbacks below do.
	wl_list_remove(&box->link);
	wl_list_init(&box->link);
	query_gone(box);
	while (!wl_list_empty(&box->inner)) {
		struct box *inner = wl_container_of(box->inner.next, inner, link);
		box_destroy(inner);
	}
	wl_signal_emit_mutable(&box->events.destroy, box);
	assert(wl_list_empty(&box->events.destroy.listener_list));
	if (box->type->destroy) {
		box->type->destroy(box);
	}
	struct box *parent = box->parent;
	box_free(box);
	if (parent) {
		query_changed(parent);
	}
}

bool box_set_owner(struct box *box, const char *owner) {
	if (subject_check_part(owner, NULL) != OP_OK && strcmp(owner, box->tree->owner) != 0) {
		errno = EINVAL;
		return false;
	}
	if (!replace_text(&box->owner, owner)) {
		return false;
	}
	box_changed(box);
	return true;
}

bool box_set_cnstr(struct box *box, const char *cnstr) {
	struct cnstr parsed;
	if (cnstr_parse(&parsed, cnstr, NULL) != OP_OK) {
		errno = EINVAL;
		return false;
	}
	if (!replace_text(&box->cnstr, cnstr)) {
		return false;
	}
	box_changed(box);
	return true;
}

const struct acl *box_acl_in_force(const struct box *box) {
	while (box && !box->acl) {
		box = box->parent;
	}
	return box ? box->acl : NULL;
}

static void touch_inheriting(struct box *box) {
	box_touch(box);
	struct box *inner;
	wl_list_for_each(inner, &box->inner, link) {
		if (!inner->acl) {
			touch_inheriting(inner);
		}
	}
}

static void touch_all(struct box *box) {
	box_touch(box);
	struct box *inner;
	wl_list_for_each(inner, &box->inner, link) {
		touch_all(inner);
	}
}

void box_tree_rights_changed(struct box_tree *tree) {
	touch_all(tree->root);
	query_changed(tree->root);
	wl_signal_emit_mutable(&tree->rights, NULL);
}

void box_replace_acl(struct box *box, struct acl *acl) {
	free(box->acl);
	box->acl = acl;
	touch_inheriting(box);
	wl_signal_emit_mutable(&box->tree->rights, NULL);
}

enum op_code box_set_acl(struct box *box, const char *line, struct op_refusal *refusal) {
	struct acl *acl = calloc(1, sizeof(*acl));
	const struct acl *old = box_acl_in_force(box);
	if (!acl) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	if (old) {
		*acl = *old;
	}
	enum op_code code = acl_set(acl, line, refusal);
	if (code != OP_OK) {
		free(acl);
		return code;
	}
	box_replace_acl(box, acl);
	query_changed(box);
	return OP_OK;
}

void box_touch(struct box *box) {
	box->version = ++box->tree->clock;
}

void box_changed(struct box *box) {
	box_touch(box);
	query_changed(box);
}

void box_tree_on_change(struct box_tree *tree, struct wl_listener *listener) {
	wl_signal_add(&tree->changed, listener);
}

void box_tree_on_rights(struct box_tree *tree, struct wl_listener *listener) {
	wl_signal_add(&tree->rights, listener);
}

char *box_name(const struct box *box) {
	size_t size = 0;
	for (const struct box *at = box; at->parent; at = at->parent) {
		size += 1 + strlen(at->name);
	}
	if (size == 0) {
		return strdup("/");
	}
	char *name = malloc(size + 1);
	if (!name) {
		return NULL;
	}
	name[size] = '\0';
	for (const struct box *at = box; at->parent; at = at->parent) {
		size_t part = strlen(at->name);
		size -= part + 1;
		name[size] = '/';
		memcpy(name + size + 1, at->name, part);
	}
	return name;
}

static struct box *find_inner(const struct box *box, const char *name, size_t size) {
	struct box *inner;
	wl_list_for_each(inner, &box->inner, link) {
		if (strncmp(inner->name, name, size) == 0 && inner->name[size] == '\0') {
			return inner;
		}
	}
	return NULL;
}

struct box *box_inner(const struct box *box, const char *name) {
	return find_inner(box, name, strlen(name));
}

struct box *box_find(struct box_tree *tree, const char *name, const char **rest) {
	struct box *box = tree->root;
	const char *at = name, *component;
	size_t size;
	while (!box->type->walks && (component = name_next(&at, &size))) {
		struct box *inner = find_inner(box, component, size);
		if (!inner) {
			*rest = component;
			return box;
		}
		box = inner;
	}
	*rest = *at == '/' ? at + 1 : at;
	return box;
}

unsigned int box_free_number(const struct box *parent) {
	char name[16];
	unsigned int number = 0;
	for (;; number++) {
		snprintf(name, sizeof(name), "%u", number);
		if (!box_inner(parent, name)) {
			return number;
		}
	}
}

enum perm box_allows(const struct box *box, const struct subject *subject, char letter) {
	return acl_allows(box_acl_in_force(box), box->owner, subject, letter);
}

const char *box_letters(const struct box *box, const struct subject *subject,
		char out[static PERM_LETTERS_SIZE]) {
	return acl_letters(box_acl_in_force(box), box->owner, subject, out);
}

const char *box_version(const struct box *box, char out[static 32]) {
	snprintf(out, 32, "%s.%" PRIu64, box->tree->boot, box->version);
	return out;
}
