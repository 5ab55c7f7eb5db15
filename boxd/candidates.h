/* SPDX-License-Identifier: MIT */
#ifndef BOXD_CANDIDATES_H
#define BOXD_CANDIDATES_H

#include "box/cnstr.h"
#include "box/ns.h"
#include "net/call.h"
#include "route.h"

/*
 * The boxes that one name may mean, all asked for their kind at once: which are there, what they
 * are, and whether they fit. Which one is meant is for choose.c to say.
 */

enum candidate_use {
	CANDIDATE_USE,  // the box itself
	CANDIDATE_MAKE, // a box that will be made: who makes it must allow it
	CANDIDATE_PUT,  // what bytes go into: where none is there, whoever lets one come into being
};

struct candidate {
	struct candidates *all;
	struct call *call; // NULL: none under way
	char *name;        // of the box, as this node names it
	const char *want;  // the binding's; NULL: nothing
	char *bound;       // the box that the binding's want is for, name or one above it
	bool bound_meets;  // that has said so
	bool asked;        // has answered, or was not asked: its node's ads had told
	bool lost;         // its node was, a moment ago
	bool fits, may;    // is what is wanted; allows what is asked for
	bool there;
	struct cnstr own;  // of one that is there, with what this node measured
	char type[OP_MAX_CNSTR + 1]; // the same as text; "": none, and why says what was answered
	struct op_refusal why;
};

struct candidates {
	const struct route *route;
	const struct caller *caller;
	const struct follow *follow; // what nodes advertise; NULL: not known
	struct kinds *kinds;         // what they said of late
	const struct subject *subject;
	enum candidate_use use;
	bool parents;             // those who would make it are asked
	const struct cnstr *want; // of the request; NULL: nothing
	struct candidate *list;   // in search order; NULL: none asked
	int count;
	void (*told)(void *data); // one has answered
	void *data;
};

/*
 * Asks what a name means; what is pointed to must outlive it. told comes from the loop, and not of those
 * that need not be asked: look at once. false: no memory. With what was there before it is not called
 * again without candidates_finish.
 */
bool candidates_ask(struct candidates *candidates, const struct ns *ns, const char *name);
void candidates_finish(struct candidates *candidates); // twice is fine
/*
 * All have answered, or late says that they had their time. Of CANDIDATE_PUT, when none is there,
 * those who would make it are asked now, and it is not over.
 */
bool candidates_over(struct candidates *candidates, bool late);
/* Any that has not answered is on a node that was lost a moment ago. */
bool candidates_any_lost(const struct candidates *candidates);
/* These are waited for no longer. false: there were none. */
bool candidates_give_up_lost(struct candidates *candidates);
/*
 * What was seen, as "den proc!amd64, ibiza EPERM", onto out, of 24 bytes or more; what there is no room
 * for is counted: "den proc!amd64 and 3 more". Returns how many have a kind.
 */
int candidates_print(const struct candidates *candidates, char *out, size_t size);

/*
 * The nodes that are any besides this one: peers whose person the subject may act towards, the near
 * ones first. malloc'd, *count of them; NULL: no memory.
 */
struct peer **candidate_peers(const struct route *route, const struct subject *subject, int *count);
/* A where, as a name of this node's below /n; malloc'd, NULL: no memory. */
char *candidate_name(const char *node, const char *where);
/* Who makes a box of that name: below /proc, /proc. malloc'd. */
char *candidate_maker(const char *name);

#endif
