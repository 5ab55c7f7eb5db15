/* SPDX-License-Identifier: MIT */
/*
 * child.c - what a child does between fork and exec: a clean start, and only the descriptors it was
 * given. Who forks, and who waits for the end, is spawn.c or keeper.c.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
// Programs that use select(2) break with more; ours may have been raised.
#define SOFT_NOFILE 1024

// PATH as the child will have it.
static const char *search_path(const struct spawn_options *options) {
	for (const char *const *env = options->env; env && *env; env++) {
		if (strncmp(*env, "PATH=", 5) == 0) {
			return *env + 5;
		}
	}
	const char *path = options->env ? NULL : getenv("PATH");
	return path ? path : DEFAULT_PATH;
}

static bool add_path(struct child *child, size_t at, const char *dir, size_t dir_size,
		const char *name) {
	return asprintf(&child->paths[at], "%.*s%s%s", (int)dir_size, dir, dir_size > 0 ? "/" : "",
		name) >= 0;
}

static bool find_paths(struct child *child, const char *name, const char *search) {
	size_t count = 1;
	bool direct = strchr(name, '/') || child->options->exec_fd >= 0;
	for (const char *c = search; !direct && *c; c++) {
		count += *c == ':';
	}
	child->paths = calloc(count + 1, sizeof(child->paths[0]));
	if (!child->paths) {
		return false;
	}
	if (direct) {
		return add_path(child, 0, "", 0, name);
	}
	for (size_t i = 0; i < count; i++) {
		size_t size = strcspn(search, ":");
		// An empty element is the working directory.
		bool here = size == 0;
		if (!add_path(child, i, here ? "." : search, here ? 1 : size, name)) {
			child->paths[i] = NULL;
			return false;
		}
		search += size + 1;
	}
	return true;
}

bool child_init(struct child *child, const struct spawn_options *options) {
	const char *prog = options->prog ? options->prog : options->argv[0];
	*child = (struct child){.options = options, .above = 3};
	if (options->exec_fd < 0 && (!prog || prog[0] == '\0')) {
		errno = ENOENT;
		return false;
	}
	for (size_t i = 0; i < options->fds_size; i++) {
		if (options->fds[i].to >= child->above) {
			child->above = options->fds[i].to + 1;
		}
	}
	child->moved = calloc(options->fds_size + 1, sizeof(child->moved[0]));
	if (!child->moved || !find_paths(child, prog ? prog : "", search_path(options))) {
		child_finish(child);
		errno = ENOMEM;
		return false;
	}
	char magic[2];
	child->script = options->exec_fd >= 0 &&
		pread(options->exec_fd, magic, 2, 0) == 2 && memcmp(magic, "#!", 2) == 0;
	return true;
}

void child_finish(struct child *child) {
	for (char **path = child->paths; path && *path; path++) {
		free(*path);
	}
	free(child->paths);
	free(child->moved);
	*child = (struct child){0};
}

static void reset_signals(void) {
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigemptyset(&usual.sa_mask);
	for (int i = 1; i < NSIG; i++) {
		sigaction(i, &usual, NULL); // of some it is not allowed; they are as they should be
	}
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

// Out of the way of the numbers that the child is to have. -1 stays -1.
static bool move(int *fd, int above) {
	if (*fd >= 0) {
		*fd = fcntl(*fd, F_DUPFD_CLOEXEC, above);
		return *fd >= 0;
	}
	return true;
}

static bool arrange_fds(const struct child *child, int *exec_fd, int *tty, int *report) {
	const struct spawn_options *options = child->options;
	int above = child->above;
	if (!move(report, above) || !move(exec_fd, above) || !move(tty, above)) {
		return false;
	}
	for (size_t i = 0; i < options->fds_size; i++) {
		child->moved[i] = options->fds[i].fd;
		if (!move(&child->moved[i], above)) {
			return false;
		}
	}
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
		return false;
	}
	for (int i = 0; *tty >= 0 && i < 3; i++) {
		if (dup2(*tty, i) < 0) {
			return false;
		}
	}
	for (size_t i = 0; i < options->fds_size; i++) {
		if (dup2(child->moved[i], options->fds[i].to) < 0) {
			return false;
		}
	}
	return !child->script || fcntl(*exec_fd, F_SETFD, 0) == 0;
}

static bool arrange_session(const struct spawn_options *options, int tty) {
	if (tty < 0 && !options->tree) {
		return setpgid(0, 0) == 0;
	}
	// A tree has a session of its own, so that none of it can join a process group of ours.
	return setsid() >= 0 && (tty < 0 || ioctl(tty, TIOCSCTTY, 0) == 0);
}

static void reset_limits(void) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > SOFT_NOFILE) {
		limit.rlim_cur = SOFT_NOFILE;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

// As execvp(3) goes through PATH, but a file that is no program is an error, not a shell script.
static void execute(const struct child *child, int exec_fd) {
	char *const *argv = (char *const *)child->options->argv;
	char *const *env = child->options->env ? (char *const *)child->options->env : environ;
	if (exec_fd >= 0) {
		execveat(exec_fd, "", argv, env, AT_EMPTY_PATH);
		return;
	}
	bool denied = false;
	for (char **path = child->paths; *path; path++) {
		execve(*path, argv, env);
		if (errno == EACCES) {
			denied = true;
		} else if (errno != ENOENT && errno != ENOTDIR) {
			return;
		}
	}
	errno = denied ? EACCES : ENOENT;
}

noreturn void child_exec(const struct child *child, pid_t parent, int report) {
	int exec_fd = child->options->exec_fd, tty = child->options->tty;
	const char *cwd = child->options->cwd;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(127); // it died before it could be watched
	}
	reset_signals();
	if (arrange_session(child->options, tty) && arrange_fds(child, &exec_fd, &tty, &report)) {
		if (cwd && chdir(cwd) < 0) {
			// ENOENT is said of the program only.
			errno = errno == ENOENT ? ENOTDIR : errno;
		} else {
			reset_limits();
			execute(child, exec_fd);
		}
	}
	int error = errno;
	ssize_t written = write(report, &error, sizeof(error));
	_exit(written == sizeof(error) ? 127 : 126);
}
