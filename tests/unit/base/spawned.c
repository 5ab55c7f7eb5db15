/* SPDX-License-Identifier: MIT */
/*
 * spawned.c - see spawned.h. What a program that was spawned has to do is said in the tests.
 */
#include "unit/base/spawned.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int count_fds(void) {
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

int spawned_setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	fixture->fds = count_fds();
	fixture->loop = wl_event_loop_create();
	if (pipe(fixture->out) < 0 || pipe(fixture->held) < 0) {
		return -1;
	}
	*state = fixture;
	return 0;
}

bool has_children(void) {
	siginfo_t info;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void close_pipe(int fds[2]) {
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

int spawned_teardown(void **state) {
	struct fixture *fixture = *state;
	while (has_children()) {
		wl_event_loop_dispatch(fixture->loop, PATIENCE_MS);
	}
	wl_event_loop_destroy(fixture->loop);
	close_pipe(fixture->out);
	close_pipe(fixture->held);
	int fds = fixture->fds;
	free(fixture);
	assert_int_equal(count_fds(), fds);
	return 0;
}

static void handle_ended(void *data, int status) {
	struct fixture *fixture = data;
	fixture->ended++;
	fixture->status = status;
	fixture->spawn = NULL;
}

struct spawn *start_with(struct fixture *fixture, const struct spawn_options *options) {
	const struct spawn_fd fds[] = {{fixture->out[1], 1}, {fixture->held[1], HELD_FD}};
	struct spawn_options with = *options;
	if (!with.fds) {
		with.fds = fds;
		with.fds_size = 2;
	}
	fixture->spawn = spawn_create(fixture->loop, &with, handle_ended, fixture);
	return fixture->spawn;
}

struct spawn *start(struct fixture *fixture, bool tree, const char *script) {
	const char *argv[] = {"sh", "-c", script, "sh", NULL};
	struct spawn_options options = {.argv = argv, .exec_fd = -1, .tty = -1, .tree = tree};
	assert_non_null(start_with(fixture, &options));
	return fixture->spawn;
}

int wait_ended(struct fixture *fixture) {
	while (!fixture->ended) {
		wl_event_loop_dispatch(fixture->loop, PATIENCE_MS);
	}
	assert_int_equal(fixture->ended, 1);
	return fixture->status;
}

void close_end(int *fd) {
	close(*fd);
	*fd = -1;
}

const char *read_all(struct fixture *fixture) {
	size_t size = 0;
	ssize_t got;
	close_end(&fixture->out[1]);
	while ((got = read(fixture->out[0], fixture->text + size,
			sizeof(fixture->text) - 1 - size)) > 0) {
		size += (size_t)got;
	}
	fixture->text[size] = '\0';
	return fixture->text;
}

const char *read_line(struct fixture *fixture) {
	size_t size = 0;
	while (size < sizeof(fixture->text) - 1 &&
			read(fixture->out[0], fixture->text + size, 1) == 1 &&
			fixture->text[size] != '\n') {
		size++;
	}
	fixture->text[size] = '\0';
	return fixture->text;
}

void wait_all_gone(struct fixture *fixture) {
	char byte;
	close_end(&fixture->held[1]);
	struct pollfd poll_fd = {.fd = fixture->held[0], .events = POLLIN};
	while (poll(&poll_fd, 1, 0) == 0) {
		wl_event_loop_dispatch(fixture->loop, 10); // the loop goes on meanwhile
	}
	assert_int_equal(read(fixture->held[0], &byte, 1), 0);
}

void write_file(const char *path, const char *text, mode_t mode) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
}
