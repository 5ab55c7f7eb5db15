/* SPDX-License-Identifier: MIT */
/*
 * spawn.c - programs as children, seen from the loop: started, signalled, ended.
 *
 * What the child does before it is the program is child.c; keeping its descendants together is
 * keeper.c. What the program is for, and where its output goes, is for who calls.
 */
#include "base/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/keeper.h"

#define LOG_MODULE "spawn"
#include "base/log.h"

/*
 * It outlives its being destroyed, without ended, until the process is reaped: a zombie would be
 * left otherwise, and waiting for it here would block the loop.
 */
struct spawn {
	pid_t program;
	pid_t child; // of ours: the program, or its keeper
	int pidfd;   // of child
	struct wl_event_source *pidfd_source;
	int control; // to the keeper, -1 without one
	struct wl_event_source *control_source;
	spawn_ended ended; // NULL: told, or nobody wants to know
	void *data;
	struct wl_listener loop_destroy;
};

static void spawn_free(struct spawn *spawn) {
	wl_list_remove(&spawn->loop_destroy.link);
	if (spawn->control_source) {
		wl_event_source_remove(spawn->control_source);
	}
	if (spawn->pidfd_source) {
		wl_event_source_remove(spawn->pidfd_source);
	}
	if (spawn->control >= 0) {
		close(spawn->control);
	}
	if (spawn->pidfd >= 0) {
		close(spawn->pidfd);
	}
	free(spawn);
}

// The last thing done with a spawn in a handler: what is called may do anything.
static void spawn_tell(struct spawn *spawn, int status) {
	spawn_ended ended = spawn->ended;
	spawn->ended = NULL;
	if (ended) {
		ended(spawn->data, status);
	}
}

static int handle_pidfd(int fd, uint32_t mask, void *data) {
	struct spawn *spawn = data;
	int status = W_EXITCODE(0, SIGKILL); // should somebody else have reaped it
	if (waitpid(spawn->child, &status, WNOHANG) == 0) {
		return 0;
	}
	struct spawn over = *spawn;
	if (spawn->control >= 0) {
		// Its last word may be waiting. Without one it was killed, and the program with it.
		if (recv(spawn->control, &status, sizeof(status), MSG_DONTWAIT) != sizeof(status)) {
			status = W_EXITCODE(0, SIGKILL);
		}
	}
	spawn_free(spawn);
	spawn_tell(&over, status);
	return 0;
}

// The keeper tells how the program ended; it goes by itself, now or when the tree is gone.
static int handle_control(int fd, uint32_t mask, void *data) {
	struct spawn *spawn = data;
	int status;
	ssize_t size = recv(spawn->control, &status, sizeof(status), MSG_DONTWAIT);
	if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	wl_event_source_remove(spawn->control_source);
	spawn->control_source = NULL;
	if (size == sizeof(status)) {
		spawn_tell(spawn, status);
	}
	return 0;
}

static void handle_loop_destroy(struct wl_listener *listener, void *data) {
	struct spawn *spawn = wl_container_of(listener, spawn, loop_destroy);
	spawn_kill(spawn);
	spawn_free(spawn);
}

static pid_t fork_blocked(void) {
	// No handler of ours may run in the child.
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid_t pid = fork();
	if (pid != 0) {
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	return pid;
}

// The errno that was reported, 0 when the pipe was closed by exec.
static int read_report(int report) {
	int error = 0;
	ssize_t size;
	do {
		size = read(report, &error, sizeof(error));
	} while (size < 0 && errno == EINTR);
	return size == sizeof(error) ? error : 0;
}

static void reap_now(pid_t pid) {
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

// Forks; the child reports into the pipe. control: the keeper's end of its socket, or -1.
static bool spawn_fork(struct spawn *spawn, const struct child *child, int control) {
	int report[2];
	if (pipe2(report, O_CLOEXEC) < 0) {
		log_errno("cannot make a pipe");
		return false;
	}
	pid_t self = getpid();
	spawn->child = fork_blocked();
	if (spawn->child == 0) {
		if (control >= 0) {
			keeper_run(child, report[1], control);
		}
		child_exec(child, self, report[1]);
	}
	if (spawn->child < 0) {
		log_errno("cannot fork");
		close(report[0]);
		close(report[1]);
		return false;
	}
	close(report[1]);
	int error = read_report(report[0]);
	close(report[0]);
	spawn->program = spawn->child;
	if (error == 0 && control >= 0 && recv(spawn->control, &spawn->program,
			sizeof(spawn->program), MSG_DONTWAIT) != sizeof(spawn->program)) {
		error = EIO; // the keeper was killed at once
	}
	if (error != 0) {
		if (spawn->control >= 0) {
			close(spawn->control);
			spawn->control = -1;
		}
		reap_now(spawn->child);
		errno = error;
		return false;
	}
	return true;
}

static bool spawn_start(struct spawn *spawn, const struct spawn_options *options) {
	struct child child;
	int pair[2] = {-1, -1};
	if (!child_init(&child, options)) {
		return false;
	}
	bool good = true;
	if (options->tree) {
		good = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0;
		if (!good) {
			log_errno("cannot make a socket");
		}
		spawn->control = pair[0];
	}
	good = good && spawn_fork(spawn, &child, pair[1]);
	int error = errno;
	if (pair[1] >= 0) {
		close(pair[1]);
	}
	child_finish(&child);
	errno = error;
	return good;
}

static bool spawn_watch(struct spawn *spawn, struct wl_event_loop *loop) {
	spawn->pidfd = pidfd_open(spawn->child, 0);
	if (spawn->pidfd >= 0) {
		spawn->pidfd_source = wl_event_loop_add_fd(loop, spawn->pidfd, WL_EVENT_READABLE,
			handle_pidfd, spawn);
	}
	if (spawn->control >= 0) {
		spawn->control_source = wl_event_loop_add_fd(loop, spawn->control,
			WL_EVENT_READABLE, handle_control, spawn);
	}
	return spawn->pidfd_source && (spawn->control < 0 || spawn->control_source);
}

struct spawn *spawn_create(struct wl_event_loop *loop, const struct spawn_options *options,
		spawn_ended ended, void *data) {
	struct spawn *spawn = calloc(1, sizeof(*spawn));
	if (!spawn) {
		return NULL;
	}
	*spawn = (struct spawn){.pidfd = -1, .control = -1, .ended = ended, .data = data};
	wl_list_init(&spawn->loop_destroy.link);
	if (!spawn_start(spawn, options)) {
		goto err;
	}
	if (!spawn_watch(spawn, loop)) {
		log_errno("cannot watch a child");
		pid_t child = spawn->child;
		spawn_kill(spawn);
		int error = errno;
		spawn_free(spawn); // the end of its socket lets the keeper go
		reap_now(child);
		errno = error;
		return NULL;
	}
	spawn->loop_destroy.notify = handle_loop_destroy;
	wl_event_loop_add_destroy_listener(loop, &spawn->loop_destroy);
	return spawn;

err:;
	int error = errno;
	spawn_free(spawn);
	errno = error;
	return NULL;
}

pid_t spawn_pid(const struct spawn *spawn) {
	return spawn->program;
}

bool spawn_signal(struct spawn *spawn, int signal) {
	assert(signal > 0 && signal < NSIG);
	if (spawn->control >= 0) {
		// By the keeper, who knows whether the pid is still the program's.
		uint8_t order = (uint8_t)signal;
		return send(spawn->control, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
	}
	return kill(-spawn->program, signal) == 0;
}

void spawn_kill(struct spawn *spawn) {
	if (spawn->control >= 0) {
		shutdown(spawn->control, SHUT_WR); // unlike a message, it always arrives
	} else {
		kill(-spawn->program, SIGKILL);
		kill(spawn->program, SIGKILL); // if it left its group
	}
}

void spawn_destroy(struct spawn *spawn) {
	if (spawn) {
		spawn->ended = NULL;
		spawn_kill(spawn);
	}
}
