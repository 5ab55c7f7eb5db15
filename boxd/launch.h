/* SPDX-License-Identifier: MIT */
#ifndef BOXD_LAUNCH_H
#define BOXD_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/spawn.h"
#include "box/op.h"
#include "process.h"
#include "strings.h"

/*
 * What is executed for a program: the program itself with this node's environment, or, for another
 * person, bubblewrap around it: namespaces of its own, /usr read-only, an empty home, no network
 * unless the owner said so, and none of the owner's files, processes, sockets or environment.
 */

#define LAUNCH_FDS 2 // descriptors a launch adds to the child's
#define LAUNCH_PATH "/usr/local/bin:/usr/bin:/bin:/usr/games" // where the environment has none

struct launch {
	struct strings argv, env;
	char *prog;      // file to execute; NULL with exec_fd
	char *cwd;
	int exec_fd;
	struct spawn_fd fds[LAUNCH_FDS];
	int fds_size;
	bool owns_fds;
};

/*
 * Looks the program up. ENOENT: no such program or directory (for a sandbox: none that is seen from
 * inside); EUNSUPP: no bubblewrap here.
 */
enum op_code launch_init(struct launch *launch, const struct process_start *start,
	struct op_refusal *refusal);
void launch_finish(struct launch *launch);
/* fds holds options->fds_size entries, with room for LAUNCH_FDS more. */
void launch_apply(const struct launch *launch, struct spawn_options *options,
	struct spawn_fd *fds);

/*
 * As the program will find it: a variable of its environment, NULL without; where words are looked
 * up; and the file that its own means, malloc'd (not of a carried one).
 */
const char *launch_variable(const struct process_start *start, const char *name);
const char *launch_path(const struct process_start *start);
char *launch_file(const struct process_start *start);

/* Whether it is a file that may be executed here. */
bool launch_is_program(const char *path);
/* The file a word means; malloc'd. A word with "/" means itself, one that is not found too. */
char *launch_look_up(const char *word, const char *path);
/* What is said when there is no such program here. Returns ENOENT. */
enum op_code launch_no_program(const struct process_start *start, struct op_refusal *refusal);

/* A signal for the program behind bubblewrap, whose pid is that of bubblewrap. false: none there. */
bool launch_signal_inner(pid_t bubblewrap, int signal);

#endif
