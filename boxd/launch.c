/* SPDX-License-Identifier: MIT */
/*
 * launch.c - file, arguments and environment of a program about to start.
 *
 * Only prepares: nothing is executed here. What is around another person's program is walls.c's.
 */
#include "launch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "walls.h"

extern char **environ;

static const char *env_get(char **env, const char *name) {
	size_t size = strlen(name);
	for (; env && *env; env++) {
		if (strncmp(*env, name, size) == 0 && (*env)[size] == '=') {
			return *env + size + 1;
		}
	}
	return NULL;
}

bool launch_is_program(const char *path) {
	struct stat st;
	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *launch_look_up(const char *word, const char *path) {
	if (strchr(word, '/')) {
		return strdup(word);
	}
	for (const char *at = path; *at;) {
		int size = (int)strcspn(at, ":");
		char *file;
		if (asprintf(&file, "%.*s/%s", size, at, word) < 0) {
			return NULL;
		}
		if (size > 0 && launch_is_program(file)) {
			return file;
		}
		free(file);
		at += size + (at[size] == ':');
	}
	return strdup(word); // execve will say ENOENT
}

// Whether execve would find a file there, program or not. An empty element is where it starts.
static bool is_on_path(const char *word, const char *path) {
	bool found = strchr(word, '/') || !*path;
	for (const char *at = path; *at && !found;) {
		char file[4096];
		int size = (int)strcspn(at, ":");
		int whole = snprintf(file, sizeof(file), "%.*s/%s", size, at, word);
		found = size == 0 || whole >= (int)sizeof(file) || access(file, F_OK) == 0;
		at += size + (at[size] == ':');
		found = found || (at > path && at[-1] == ':' && !*at);
	}
	return found;
}

enum op_code launch_no_program(const struct process_start *start, struct op_refusal *refusal) {
	const char *prog = start->prog ? start->prog : start->args[0];
	return op_refuse(refusal, OP_ENOENT, strchr(prog, '/') ? "no program %s on %s" :
		"no program %s on %s: install it there, or give the path of one here, which is carried "
		"to another node (box run -c)", prog, start->node);
}

static const char *list_get(const char *const *env, const char *name) {
	size_t size = strlen(name);
	const char *value = NULL;
	for (; *env; env++) {
		if (strncmp(*env, name, size) == 0 && (*env)[size] == '=') {
			value = *env + size + 1; // the last one holds
		}
	}
	return value;
}

const char *launch_variable(const struct process_start *start, const char *name) {
	const char *value = list_get(start->env, name);
	return value || start->person ? value : getenv(name);
}

const char *launch_path(const struct process_start *start) {
	const char *path = start->person ? NULL : launch_variable(start, "PATH");
	return path ? path : LAUNCH_PATH;
}

char *launch_file(const struct process_start *start) {
	return launch_look_up(start->prog, launch_path(start));
}

static enum op_code init_plain(struct launch *launch, const struct process_start *start,
		struct op_refusal *refusal) {
	strings_add_all(&launch->argv, start->args);
	strings_add_all(&launch->env, (const char *const *)environ);
	for (const char *const *variable = start->env; *variable; variable++) {
		strings_set_env(&launch->env, *variable);
	}
	launch->exec_fd = start->prog_fd;
	const char *home = env_get(launch->env.list, "HOME");
	launch->cwd = strdup(start->cwd ? start->cwd : home && *home == '/' ? home : "/");
	if (start->prog) {
		launch->prog = launch_file(start);
	}
	if (launch->argv.no_memory || launch->env.no_memory || !launch->cwd ||
			(start->prog && !launch->prog)) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	struct stat st;
	if (stat(launch->cwd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		return op_refuse(refusal, OP_ENOENT, "no directory %s on %s to start in (box run -C DIR "
			"names one that is there)", launch->cwd, start->node);
	}
	// Said before two processes are made to find it out.
	if (start->prog && !is_on_path(start->prog, launch_path(start))) {
		return launch_no_program(start, refusal);
	}
	return OP_OK;
}

enum op_code launch_init(struct launch *launch, const struct process_start *start,
		struct op_refusal *refusal) {
	*launch = (struct launch){.exec_fd = -1};
	enum op_code code = start->person ? walls_init(launch, start, refusal) :
		init_plain(launch, start, refusal);
	if (code != OP_OK) {
		launch_finish(launch);
	}
	return code;
}

void launch_finish(struct launch *launch) {
	strings_finish(&launch->argv);
	strings_finish(&launch->env);
	free(launch->prog);
	free(launch->cwd);
	for (int i = 0; launch->owns_fds && i < launch->fds_size; i++) {
		if (launch->fds[i].fd >= 0) {
			close(launch->fds[i].fd);
		}
	}
}

void launch_apply(const struct launch *launch, struct spawn_options *options,
		struct spawn_fd *fds) {
	options->argv = (const char *const *)launch->argv.list;
	options->env = (const char *const *)launch->env.list;
	options->prog = launch->prog;
	options->exec_fd = launch->exec_fd;
	options->cwd = launch->cwd;
	for (int i = 0; i < launch->fds_size; i++) {
		fds[options->fds_size++] = launch->fds[i];
	}
}

// Calls with each child of pid; the kernel lists them.
static bool signal_children(pid_t pid, int signal, int depth) {
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	FILE *file = fopen(path, "re");
	bool any = false;
	for (int child; file && fscanf(file, "%d", &child) == 1;) {
		bool sent = depth > 0 ? signal_children(child, signal, depth - 1) : kill(child, signal) == 0;
		any = any || sent;
	}
	if (file) {
		fclose(file);
	}
	return any;
}

bool launch_signal_inner(pid_t bubblewrap, int signal) {
	// bubblewrap, its process 1 inside, the program.
	return signal_children(bubblewrap, signal, 1);
}
