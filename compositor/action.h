/* SPDX-License-Identifier: MIT */
#ifndef ACTION_H
#define ACTION_H

#include <stdbool.h>

struct server;

/* What a key can be bound to: a table of names. */

struct action {
	const char *name;
	bool takes_argument; // and needs one
	void (*run)(struct server *server, const char *argument); // argument is NULL if none is taken
};

/* NULL if there is none of that name. */
const struct action *action_find(const char *name);
/* The i-th name, in alphabetical order; NULL past the last. */
const char *action_name(unsigned i);

#endif
