/* SPDX-License-Identifier: MIT */
/*
 * plan.c - chains of casts, and joins of boxes.
 */
#include "box/plan.h"

#include <string.h>

struct step { // a type that was reached, by the cast that reached it first
	const struct cast *cast;
	int before; // index of the step behind which it came; -1: of none
	int length; // of the chain so far
};

static bool is_reached(const struct step *steps, int count, const char *from, const char *type) {
	bool reached = strcmp(type, from) == 0;
	for (int i = 0; i < count && !reached; i++) {
		reached = strcmp(steps[i].cast->to, type) == 0;
	}
	return reached;
}

static int write_chain(const struct step *steps, int last,
		const struct cast *chain[static PLAN_CASTS]) {
	int length = steps[last].length;
	for (int i = length - 1; i >= 0; i--) {
		chain[i] = steps[last].cast;
		last = steps[last].before;
	}
	return length;
}

int plan_chain(const struct casts *casts, const char *from, const char *to,
		const struct cast *chain[static PLAN_CASTS]) {
	struct step steps[OP_MAX_BINDINGS]; // each cast is the first to reach a type at most once
	int count = 0;
	if (cast_is_free(from, to)) {
		return 0;
	}
	// Breadth first: steps[at] is the type that is looked on from, -1 is where it begins.
	for (int at = -1; at < count; at++) {
		const char *here = at < 0 ? from : steps[at].cast->to;
		int length = at < 0 ? 0 : steps[at].length;
		if (at >= 0 && strcmp(here, to) == 0) {
			return write_chain(steps, at, chain);
		}
		const struct cast *cast;
		wl_list_for_each(cast, &casts->list, link) {
			if (strcmp(cast->from, here) == 0 && length < PLAN_CASTS &&
					count < OP_MAX_BINDINGS && !is_reached(steps, count, from, cast->to)) {
				steps[count++] = (struct step){.cast = cast, .before = at, .length = length + 1};
			}
		}
	}
	return -1;
}

int plan_chain_taken(const struct casts *casts, const struct cnstr *from, const struct cnstr *target,
		const struct cast *chain[static PLAN_CASTS]) {
	const char *format = cnstr_attr(from, "format");
	const char *word = strcmp(from->type, "image") == 0 && format ? format : from->type;
	int shortest = -1;
	if (cast_is_free(from->type, target->type)) {
		return 0;
	}
	for (int i = 0; i < target->attrs_size && shortest != 0; i++) {
		const struct cast *other[PLAN_CASTS];
		const struct cnstr_attr *attr = &target->attrs[i];
		bool takes = strcmp(attr->value, "yes") == 0;
		int length = !takes ? -1 : strcmp(attr->name, word) == 0 ? 0 :
			plan_chain(casts, from->type, attr->name, other);
		if (length >= 0 && (shortest < 0 || length < shortest)) {
			shortest = length;
			memcpy(chain, other, (size_t)length * sizeof(chain[0]));
		}
	}
	return shortest < 0 ? 0 : shortest;
}

bool plan_join(const char *spec, const struct cnstr *const *a, int a_count,
		const struct cnstr *const *b, int b_count, int *a_chosen, int *b_chosen) {
	for (int i = 0; i < a_count; i++) {
		for (int j = 0; a[i] && j < b_count; j++) {
			if (b[j] && cnstr_joined(spec, a[i], b[j])) {
				*a_chosen = i;
				*b_chosen = j;
				return true;
			}
		}
	}
	return false;
}
