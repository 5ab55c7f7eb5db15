/* SPDX-License-Identifier: MIT */
#ifndef BOX_PLAN_H
#define BOX_PLAN_H

#include "box/cast.h"
#include "box/cnstr.h"

/*
 * What goes together: the casts that lead from one type to another, and the pair of boxes that a
 * spec joins. Decisions only; nobody is asked here.
 */

#define PLAN_CASTS 8 // in one chain

/*
 * The shortest chain of casts by which bytes of one type can be used as the other; among equally
 * short ones that of the casts made first. Returns how many, 0 if none is needed; -1: there is none.
 * The chain's casts are those of the table.
 */
int plan_chain(const struct casts *casts, const char *from, const char *to,
	const struct cast *chain[static PLAN_CASTS]);

/*
 * The same for a target that is none of a type, but says by attributes WORD=yes which it takes, as a
 * printer does: to the one with the shortest chain. from is a type with its constraints, whose attribute
 * format is the word of an image. If there is none, that is for the target to say: 0.
 */
int plan_chain_taken(const struct casts *casts, const struct cnstr *from, const struct cnstr *target,
	const struct cast *chain[static PLAN_CASTS]);

/*
 * The first pair, in order of a and then of b, that a well-formed spec joins. A NULL among them is
 * left out. false: none.
 */
bool plan_join(const char *spec, const struct cnstr *const *a, int a_count,
	const struct cnstr *const *b, int b_count, int *a_chosen, int *b_chosen);

#endif
