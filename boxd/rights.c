/* SPDX-License-Identifier: MIT */
/*
 * rights.c - the access list of a box that was made by request.
 *
 * A list is inherited until a box has one of its own, and a line for a person comes before what he
 * may do as the box's owner. So whoever was only allowed to make something would not own what he
 * made; and whoever may make, and use what he made, could use what others made.
 */
#include "rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct acl *acl_above(const struct box *box) {
	do {
		box = box->parent;
	} while (box && !box->acl);
	return box ? box->acl : NULL;
}

static bool allow_all(struct acl *acl, const char *person) {
	char line[SUBJECT_SIZE + PERM_LETTERS_SIZE], letters[OP_VERBS + 1];
	size_t size = 0;
	for (int verb = 0; verb < OP_VERBS; verb++) {
		char letter = op_verb_letter((enum op_verb)verb);
		if (!memchr(letters, letter, size)) {
			letters[size++] = letter;
		}
	}
	snprintf(line, sizeof(line), "%s %.*s", person, (int)size, letters);
	return acl_set(acl, line, NULL) == OP_OK;
}

// Lines that tell one of the owner's machines from another hold for all that is here.
static void keep_machines(struct acl *acl, const struct acl *above, const char *owner) {
	size_t size = strlen(owner);
	for (int i = 0; above && i < above->size; i++) {
		const struct acl_line *line = &above->lines[i];
		if (strncmp(line->who, owner, size) == 0 && line->who[size] == '/') {
			acl->lines[acl->size++] = *line;
		}
	}
}

static bool set_acl(struct box *box, struct acl *acl) {
	const char *owner = box_tree_owner(box->tree);
	if (strcmp(box->owner, owner) != 0 && (!allow_all(acl, owner) || !allow_all(acl, box->owner))) {
		free(acl);
		return false;
	}
	box->acl = acl;
	return true;
}

enum op_code rights_check_room(const struct box *parent, const struct subject *maker,
		struct op_refusal *refusal) {
	const struct box *box;
	int count = 0;
	if (strcmp(maker->person, box_tree_owner(parent->tree)) == 0) {
		return OP_OK;
	}
	wl_list_for_each(box, &parent->inner, link) {
		count += box->maker && strcmp(box->maker, maker->person) == 0;
	}
	return count < RIGHTS_MADE_MAX ? OP_OK : op_refuse(refusal, OP_EQUOTA,
		"%s has made %d boxes in /%s, which is the most: delete one and ask again", maker->person,
		count, parent->name);
}

static bool set_maker(struct box *box, const struct subject *maker) {
	box->maker = strdup(maker->person);
	return box->maker && box_set_owner(box, maker->person);
}

bool rights_private(struct box *box, const struct subject *maker) {
	struct acl *acl = calloc(1, sizeof(*acl));
	if (!acl || !set_maker(box, maker)) {
		free(acl);
		return false;
	}
	keep_machines(acl, acl_above(box), box_tree_owner(box->tree));
	return set_acl(box, acl);
}

bool rights_shared(struct box *box, const struct subject *maker) {
	const struct acl *above = acl_above(box);
	if (!set_maker(box, maker)) {
		return false;
	}
	if (strcmp(maker->person, box_tree_owner(box->tree)) == 0) {
		return true; // as its parent, now and later
	}
	struct acl *acl = calloc(1, sizeof(*acl));
	if (!acl) {
		return false;
	}
	if (above) {
		*acl = *above;
	}
	return set_acl(box, acl);
}
