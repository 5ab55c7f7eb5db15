/* SPDX-License-Identifier: MIT */
/*
 * launch.c - arguments, environment and walls of a program about to start.
 *
 * Only prepares: nothing is executed here.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUBBLEWRAP "/usr/bin/bwrap"
#define CARRIED_FD 20 // in the child: the carried program, read by bubblewrap
#define CARRIED_PATH "/run/program"

extern char **environ;

// A NULL-terminated list of strings of its own.
struct words {
	char **list;
	size_t count, capacity;
	bool no_memory;
};

static void words_add(struct words *words, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void words_add(struct words *words, const char *fmt, ...) {
	if (words->count + 2 > words->capacity) {
		size_t capacity = words->capacity ? words->capacity * 2 : 32;
		char **list = reallocarray(words->list, capacity, sizeof(char *));
		if (!list) {
			words->no_memory = true;
			return;
		}
		words->list = list;
		words->capacity = capacity;
	}
	va_list args;
	va_start(args, fmt);
	char *word;
	if (vasprintf(&word, fmt, args) < 0) {
		words->no_memory = true;
	} else {
		words->list[words->count++] = word;
		words->list[words->count] = NULL;
	}
	va_end(args);
}

static void words_free(char **list) {
	for (char **word = list; word && *word; word++) {
		free(*word);
	}
	free(list);
}

static bool same_variable(const char *a, const char *b) {
	size_t size = strcspn(a, "=");
	return strncmp(a, b, size) == 0 && b[size] == '=';
}

// base, then over: a later NAME= replaces an earlier one.
static void words_add_env(struct words *words, const char *const *over) {
	for (; *over; over++) {
		size_t i = 0;
		while (i < words->count && !same_variable(*over, words->list[i])) {
			i++;
		}
		char *copy = i < words->count ? strdup(*over) : NULL;
		if (copy) {
			free(words->list[i]);
			words->list[i] = copy;
		} else {
			words_add(words, "%s", *over);
		}
	}
}

static const char *env_get(char **env, const char *name) {
	size_t size = strlen(name);
	for (; env && *env; env++) {
		if (strncmp(*env, name, size) == 0 && (*env)[size] == '=') {
			return *env + size + 1;
		}
	}
	return NULL;
}

static bool is_program(const char *path) {
	struct stat st;
	return access(path, X_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

// The file a word means; malloc'd. A word with "/" means itself.
static char *look_up(const char *word, const char *path) {
	if (strchr(word, '/')) {
		return strdup(word);
	}
	for (const char *at = path; *at;) {
		int size = (int)strcspn(at, ":");
		char *file;
		if (asprintf(&file, "%.*s/%s", size, at, word) < 0) {
			return NULL;
		}
		if (size > 0 && is_program(file)) {
			return file;
		}
		free(file);
		at += size + (at[size] == ':');
	}
	return strdup(word); // execve will say ENOENT
}

static const char usual_path[] = "/usr/local/bin:/usr/bin:/bin:/usr/games";

static enum op_code init_plain(struct launch *launch, const struct process_start *start,
		struct op_refusal *refusal) {
	struct words argv = {0}, env = {0};
	for (const char *const *arg = start->args; *arg; arg++) {
		words_add(&argv, "%s", *arg);
	}
	for (char **variable = environ; *variable; variable++) {
		words_add(&env, "%s", *variable);
	}
	words_add_env(&env, start->env);
	launch->argv = argv.list;
	launch->env = env.list;
	launch->exec_fd = start->prog_fd;
	const char *home = env_get(env.list, "HOME"), *path = env_get(env.list, "PATH");
	launch->cwd = strdup(start->cwd ? start->cwd : home && *home == '/' ? home : "/");
	if (start->prog) {
		launch->prog = look_up(start->prog, path ? path : usual_path);
	}
	if (argv.no_memory || env.no_memory || !launch->cwd || (start->prog && !launch->prog)) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	struct stat st;
	if (stat(launch->cwd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		return op_refuse(refusal, OP_ENOENT, "no directory %s here to start in", launch->cwd);
	}
	return OP_OK;
}

// Names the person to the program; nothing of the real file is seen inside.
static int passwd_create(const char *person) {
	int fd = memfd_create("passwd", MFD_CLOEXEC);
	if (fd >= 0) {
		dprintf(fd, "%s:x:1000:1000::/home/%s:/bin/sh\n", person, person);
		lseek(fd, 0, SEEK_SET);
	}
	return fd;
}

static void add_walls(struct words *argv, const struct process_start *start) {
	static const char *const walls[] = {
		BUBBLEWRAP, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL",
		"--uid", "1000", "--gid", "1000",
		"--ro-bind", "/usr", "/usr",
		"--symlink", "usr/bin", "/bin",
		"--symlink", "usr/sbin", "/sbin",
		"--symlink", "usr/lib", "/lib",
		"--symlink", "usr/lib64", "/lib64",
		"--ro-bind-try", "/etc/alternatives", "/etc/alternatives",
		"--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache",
		"--ro-bind-try", "/etc/fonts", "/etc/fonts",
		"--ro-bind-try", "/etc/ssl/certs", "/etc/ssl/certs",
		"--ro-bind-try", "/etc/localtime", "/etc/localtime",
		"--proc", "/proc", "--dev", "/dev",
		"--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/home",
		"--clearenv",
	};
	for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		words_add(argv, "%s", walls[i]);
	}
	if (start->network) {
		words_add(argv, "--share-net");
		words_add(argv, "--ro-bind-try");
		words_add(argv, "/etc/resolv.conf");
		words_add(argv, "/etc/resolv.conf");
	}
}

static void add_setenv(struct words *argv, const char *variable) {
	const char *value = strchr(variable, '=');
	if (value) {
		words_add(argv, "--setenv");
		words_add(argv, "%.*s", (int)(value - variable), variable);
		words_add(argv, "%s", value + 1);
	}
}

static void add_home(struct words *argv, const struct process_start *start) {
	char variable[128];
	snprintf(variable, sizeof(variable), "HOME=/home/%s", start->person);
	add_setenv(argv, variable);
	snprintf(variable, sizeof(variable), "USER=%s", start->person);
	add_setenv(argv, variable);
	snprintf(variable, sizeof(variable), "PATH=%s", usual_path);
	add_setenv(argv, variable);
	add_setenv(argv, "LANG=C.UTF-8");
	for (const char *const *env = start->env; *env; env++) {
		add_setenv(argv, *env);
	}
	words_add(argv, "--dir");
	words_add(argv, "/home/%s", start->person);
	words_add(argv, "--chdir");
	if (start->cwd) {
		words_add(argv, "%s", start->cwd);
	} else {
		words_add(argv, "/home/%s", start->person);
	}
}

// What is seen of the machine's programs from inside is /usr.
static bool seen_inside(const char *file) {
	static const char *const seen[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		if (strncmp(file, seen[i], strlen(seen[i])) == 0) {
			return is_program(file);
		}
	}
	return false;
}

static enum op_code init_walled(struct launch *launch, const struct process_start *start,
		struct op_refusal *refusal) {
	if (!is_program(BUBBLEWRAP)) {
		return op_refuse(refusal, OP_EUNSUPP, "programs of others run behind bubblewrap, which this "
			"node does not have: its owner can install the package bubblewrap");
	}
	char *file = start->prog ? look_up(start->prog, usual_path) : strdup(CARRIED_PATH);
	if (!file) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	if (start->prog && !seen_inside(file)) {
		free(file);
		return op_refuse(refusal, OP_ENOENT, "no program %s on this node that %s may see (a path "
			"with \"/\" carries a program of yours there)", start->prog, start->person);
	}
	struct words argv = {0}, env = {0};
	add_walls(&argv, start);
	add_home(&argv, start);
	int passwd = passwd_create(start->person);
	launch->owns_fds = true;
	launch->fds[launch->fds_size++] = (struct spawn_fd){passwd, CARRIED_FD + 1};
	words_add(&argv, "--ro-bind-data");
	words_add(&argv, "%d", CARRIED_FD + 1);
	words_add(&argv, "/etc/passwd");
	if (!start->prog) {
		int carried = fcntl(start->prog_fd, F_DUPFD_CLOEXEC, 0);
		lseek(carried, 0, SEEK_SET);
		launch->fds[launch->fds_size++] = (struct spawn_fd){carried, CARRIED_FD};
		words_add(&argv, "--perms");
		words_add(&argv, "0555");
		words_add(&argv, "--ro-bind-data");
		words_add(&argv, "%d", CARRIED_FD);
		words_add(&argv, CARRIED_PATH);
	}
	words_add(&argv, "--argv0");
	words_add(&argv, "%s", start->args[0]);
	words_add(&argv, "--");
	words_add(&argv, "%s", file);
	free(file);
	for (const char *const *arg = start->args + 1; start->args[0] && *arg; arg++) {
		words_add(&argv, "%s", *arg);
	}
	words_add(&env, "PATH=%s", usual_path);
	launch->argv = argv.list;
	launch->env = env.list;
	launch->prog = strdup(BUBBLEWRAP);
	launch->cwd = strdup("/");
	if (argv.no_memory || env.no_memory || passwd < 0 || !launch->prog || !launch->cwd) {
		return op_refuse(refusal, OP_EIO, "a sandbox could not be prepared: %s", strerror(errno));
	}
	return OP_OK;
}

enum op_code launch_init(struct launch *launch, const struct process_start *start,
		struct op_refusal *refusal) {
	*launch = (struct launch){.exec_fd = -1};
	enum op_code code = start->person ? init_walled(launch, start, refusal) :
		init_plain(launch, start, refusal);
	if (code != OP_OK) {
		launch_finish(launch);
	}
	return code;
}

void launch_finish(struct launch *launch) {
	words_free(launch->argv);
	words_free(launch->env);
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
	options->argv = (const char *const *)launch->argv;
	options->env = (const char *const *)launch->env;
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
