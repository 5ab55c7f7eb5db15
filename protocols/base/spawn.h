/* SPDX-License-Identifier: MIT */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <wayland-server-core.h>

/*
 * Programs as children: the one place that forks. A child starts clean: empty signal mask, default
 * signals, only the descriptors it was given, the usual limit of 1024 of them, a process group of
 * its own; and it dies with us. Spawn from the thread that lives longest, the loop's: the kernel
 * watches that thread's life.
 */

struct spawn_fd {
	int fd; // ours, kept open here
	int to; // its number in the child
};

struct spawn_options {
	const char *const *argv; // NULL-terminated
	const char *prog;        // NULL: argv[0]; a word without "/" is looked up in env's PATH
	int exec_fd;             // -1, or what to execute in place of prog (a memfd)
	const char *const *env;  // NULL: ours; else the whole environment, NULL-terminated
	const char *cwd;         // NULL: ours
	const struct spawn_fd *fds; // those not named are closed, but 0-2, which are ours then
	size_t fds_size;
	int tty;   // -1, or a terminal that becomes the child's controlling one and its 0-2
	/*
	 * Keep the whole tree of descendants together, daemons and other sessions too. It ends as a
	 * whole: with the program, by spawn_kill, or with us, however we die.
	 */
	bool tree;
};

struct spawn;

/*
 * Ended: status as of waitpid(2), the program's own. Called once, from the loop; the spawn is
 * destroyed before. With .tree nobody else is left either, unless the kernel did not let us kill
 * him within a second (setuid programs). Not called after spawn_destroy.
 */
typedef void (*spawn_ended)(void *data, int status);

/*
 * NULL and errno if the program could not be executed: ENOENT, EACCES and ENOEXEC are those of
 * execve(2) in the child, so "no such program" is known at once; ENOTDIR: there is no such cwd. The
 * caller still owns all fds.
 */
struct spawn *spawn_create(struct wl_event_loop *loop, const struct spawn_options *options,
	spawn_ended ended, void *data);
/* The program's own pid, for those who look at it from outside; valid until ended. */
pid_t spawn_pid(const struct spawn *spawn);
/* Sends the signal to the program's process group. false: it is gone. */
bool spawn_signal(struct spawn *spawn, int signal);
/* SIGKILL to the program; with .tree, to every descendant, reparented or not. Then ended comes. */
void spawn_kill(struct spawn *spawn);
/* As spawn_kill, and forgets it: ended is not called. NULL is fine. */
void spawn_destroy(struct spawn *spawn);

#endif
