/* SPDX-License-Identifier: MIT */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include "base/spawn.h"

/*
 * Between fork and exec, for spawn.c and keeper.c alone. What needs memory is made before the fork;
 * what runs behind it may be the copy of one thread of many, so it is async-signal-safe.
 */
struct child {
	const struct spawn_options *options;
	char **paths;  // what to try to execute, in order; NULL-terminated
	int *moved;    // room for one descriptor for each of options->fds
	int above;     // the least descriptor above all that the child is to have
	bool script;   // exec_fd begins with #!: its interpreter opens it again
};

/* false and errno: ENOENT for a program named "", ENOMEM. */
bool child_init(struct child *child, const struct spawn_options *options);
void child_finish(struct child *child);

/*
 * Becomes the program. If it cannot, writes errno to report (an int) and exits. parent: whose death
 * it shall not survive.
 */
noreturn void child_exec(const struct child *child, pid_t parent, int report);

#endif
