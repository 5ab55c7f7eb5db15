/* SPDX-License-Identifier: MIT */
#ifndef CLIENTS_GIVING_H
#define CLIENTS_GIVING_H

#include "box.h"

/*
 * Which boxes a program is given that runs on another person's processor: those that are named among
 * its arguments, to be read; the current box; and what is said with --give and --write.
 */

#define GIFTS_MAX 32

struct gifts {
	const char *said[GIFTS_MAX]; // NAME[:LETTERS]; with write: NAME
	bool write[GIFTS_MAX];
	int size;
};

/* false: too many. */
bool gifts_add(struct gifts *gifts, const char *said, bool write);
/*
 * Says in a request that makes a process which boxes the program is given; command is its words, the
 * program first. false: something makes no sense; that was said.
 */
bool gifts_say(const struct gifts *gifts, struct asker *asker, struct op_head *request, char **command);

#endif
