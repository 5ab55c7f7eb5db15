/* SPDX-License-Identifier: MIT */
/*
 * boxkey.c - runs the program boxkey and takes what it says.
 *
 * Not by base/spawn.c, which gives a child a process group of its own: boxkey asks for a passphrase
 * on our terminal and must be in ours.
 */
#include "boxkey.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/helper.h"

extern char **environ;

static char *read_all(int fd) {
	struct buf text;
	char piece[4096];
	buf_init(&text);
	for (ssize_t n; (n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR);) {
		if (n > 0) {
			buf_append(&text, piece, (size_t)n);
		}
	}
	char *result = strndup((char *)buf_front(&text), text.size);
	buf_finish(&text);
	return result;
}

char *run_boxkey(const char *const *args) {
	const char *argv[16] = {"boxkey"};
	int fds[2], status = -1, count = 1;
	pid_t pid;
	char *path = helper_path("boxkey"), *text = NULL;
	while (*args && count < 15) {
		argv[count++] = *args++;
	}
	if (!path || pipe(fds) < 0) {
		free(path);
		return NULL;
	}
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, fds[0]);
	posix_spawn_file_actions_addclose(&actions, fds[1]);
	int error = posix_spawn(&pid, path, &actions, NULL, (char *const *)argv, environ);
	close(fds[1]);
	if (error) {
		fprintf(stderr, "box: %s: %s\n", path, strerror(error));
	} else {
		text = read_all(fds[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		}
	}
	posix_spawn_file_actions_destroy(&actions);
	close(fds[0]);
	free(path);
	if (status != 0) { // it has said why
		free(text);
		text = NULL;
	}
	return text;
}

char *keys_dir(void) {
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char *dir = NULL;
	int n = data && *data == '/' ? asprintf(&dir, "%s/boxland", data) :
		home && *home == '/' ? asprintf(&dir, "%s/.local/share/boxland", home) : -1;
	if (n < 0) {
		fprintf(stderr, "box: neither XDG_DATA_HOME nor HOME says where keys lie\n");
		return NULL;
	}
	return dir;
}
