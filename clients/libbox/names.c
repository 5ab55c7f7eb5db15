/* SPDX-License-Identifier: MIT */
/*
 * names.c - the paper's calls on one's own name space, as the library has them. What they ask of
 * boxd is space.c's, which the command uses too.
 */
#include <stdlib.h>

#include "libbox/space.h"
#include "libbox/turn.h"

enum box_code box_import(struct box_space *space, const char *prefix, const char *node,
		const char *name, const char *cnstr, const char *spec) {
	struct turn turn;
	if (turn_begin(&turn, space)) {
		space_import(&turn.asker, prefix, node, name, cnstr, spec, NULL, &turn.why);
	}
	return turn_end(&turn);
}

enum box_code box_forget(struct box_space *space, const char *prefix) {
	struct turn turn;
	if (turn_begin(&turn, space)) {
		space_forget(&turn.asker, prefix, &turn.why);
	}
	return turn_end(&turn);
}

enum box_code box_cast(struct box_space *space, const char *from, const char *to,
		const char *const *argv) {
	struct turn turn;
	if (turn_begin(&turn, space)) {
		space_cast(&turn.asker, from, to, argv, NULL, &turn.why);
	}
	return turn_end(&turn);
}

enum box_code box_uncast(struct box_space *space, const char *from, const char *to) {
	struct turn turn;
	if (turn_begin(&turn, space)) {
		space_uncast(&turn.asker, from, to, &turn.why);
	}
	return turn_end(&turn);
}

enum box_code box_change(struct box_space *space, const char *name) {
	struct turn turn;
	if (turn_begin(&turn, space)) {
		space_change(&turn.asker, name, &turn.why);
	}
	return turn_end(&turn);
}

enum box_code box_dot(struct box_space *space, char **name) {
	struct turn turn;
	char box[192], *dot = NULL;
	if (turn_begin(&turn, space)) {
		dot = space_text(&turn.asker, space_name(&turn.asker, "dot", box), &turn.why);
	}
	if (name) {
		*name = dot;
	} else {
		free(dot);
	}
	return turn_end(&turn);
}
