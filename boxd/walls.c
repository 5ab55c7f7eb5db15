/* SPDX-License-Identifier: MIT */
/*
 * walls.c - bubblewrap around a program that another person runs here.
 *
 * Only prepares: nothing is executed here.
 */
#include "walls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUBBLEWRAP "/usr/bin/bwrap"
#define CARRIED_FD 20 // in the child: the carried program, read by bubblewrap
#define CARRIED_PATH "/run/program"
#define RUNTIME "/run/user/1000" // as the usual place of a session's sockets
#define SOCKET_PATH RUNTIME "/boxland/op"

// Names the person to the program; nothing of the real file is seen inside.
static int passwd_create(const char *person) {
	int fd = memfd_create("passwd", MFD_CLOEXEC);
	if (fd >= 0) {
		dprintf(fd, "%s:x:1000:1000::/home/%s:/bin/sh\n", person, person);
		lseek(fd, 0, SEEK_SET);
	}
	return fd;
}

static void add_walls(struct strings *argv, const struct process_start *start) {
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
		"--clearenv", NULL,
	};
	strings_add_all(argv, walls);
	if (start->network) {
		strings_add(argv, "--share-net");
		static const char *const resolver[] = {
			"--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf", NULL,
		};
		strings_add_all(argv, resolver);
	}
}

static void add_setenv(struct strings *argv, const char *variable) {
	const char *value = strchr(variable, '=');
	if (value) {
		strings_add(argv, "--setenv");
		strings_add(argv, "%.*s", (int)(value - variable), variable);
		strings_add(argv, "%s", value + 1);
	}
}

// Read-only: its mode is not for the program to change.
static void add_socket(struct strings *argv, const char *socket) {
	static const char *const runtime[] = {"--perms", "0700", "--dir", RUNTIME, "--ro-bind", NULL};
	strings_add_all(argv, runtime);
	strings_add(argv, "%s", socket);
	strings_add(argv, SOCKET_PATH);
	add_setenv(argv, "XDG_RUNTIME_DIR=" RUNTIME);
	add_setenv(argv, "BOX_OP=" SOCKET_PATH);
}

static void add_home(struct strings *argv, const struct process_start *start) {
	char variable[128];
	snprintf(variable, sizeof(variable), "HOME=/home/%s", start->person);
	add_setenv(argv, variable);
	snprintf(variable, sizeof(variable), "USER=%s", start->person);
	add_setenv(argv, variable);
	snprintf(variable, sizeof(variable), "PATH=%s", LAUNCH_PATH);
	add_setenv(argv, variable);
	add_setenv(argv, "LANG=C.UTF-8");
	for (const char *const *env = start->env; *env; env++) {
		add_setenv(argv, *env);
	}
	if (start->socket) {
		add_socket(argv, start->socket);
	}
	strings_add(argv, "--unsetenv");
	strings_add(argv, "BOX_NS"); // there is but one name space in there
	strings_add(argv, "--dir");
	strings_add(argv, "/home/%s", start->person);
	strings_add(argv, "--chdir");
	if (start->cwd) {
		strings_add(argv, "%s", start->cwd);
	} else {
		strings_add(argv, "/home/%s", start->person);
	}
}

static bool is_below_seen(const char *file) {
	static const char *const seen[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		if (strncmp(file, seen[i], strlen(seen[i])) == 0) {
			return true;
		}
	}
	return false;
}

// "/usr/../home/ann/letter", and a link that leads out, are not seen; nor whether they are there.
bool walls_show(const char *file) {
	char *real = is_below_seen(file) && access(file, F_OK) == 0 ? realpath(file, NULL) : NULL;
	bool shown = real && is_below_seen(real);
	free(real);
	return shown;
}

enum op_code walls_init(struct launch *launch, const struct process_start *start,
		struct op_refusal *refusal) {
	if (!launch_is_program(BUBBLEWRAP)) {
		return op_refuse(refusal, OP_EUNSUPP, "programs of others run behind bubblewrap, which this "
			"node does not have: its owner can install the package bubblewrap");
	}
	char *file = start->prog ? launch_file(start) : strdup(CARRIED_PATH);
	if (!file) {
		return op_refuse(refusal, OP_EIO, "out of memory");
	}
	if (start->prog && (!walls_show(file) || !launch_is_program(file))) {
		free(file);
		return op_refuse(refusal, OP_ENOENT, "no program %s on %s that %s may see (a path with \"/\" "
			"carries a program of yours there)", start->prog, start->node, start->person);
	}
	struct strings *argv = &launch->argv;
	add_walls(argv, start);
	add_home(argv, start);
	int passwd = passwd_create(start->person);
	launch->owns_fds = true;
	launch->fds[launch->fds_size++] = (struct spawn_fd){passwd, CARRIED_FD + 1};
	strings_add(argv, "--ro-bind-data");
	strings_add(argv, "%d", CARRIED_FD + 1);
	strings_add(argv, "/etc/passwd");
	if (!start->prog) {
		int carried = fcntl(start->prog_fd, F_DUPFD_CLOEXEC, 0);
		lseek(carried, 0, SEEK_SET);
		launch->fds[launch->fds_size++] = (struct spawn_fd){carried, CARRIED_FD};
		strings_add(argv, "--perms");
		strings_add(argv, "0555");
		strings_add(argv, "--ro-bind-data");
		strings_add(argv, "%d", CARRIED_FD);
		strings_add(argv, CARRIED_PATH);
	}
	strings_add(argv, "--argv0");
	strings_add(argv, "%s", start->args[0]);
	strings_add(argv, "--");
	strings_add(argv, "%s", file);
	free(file);
	for (const char *const *arg = start->args + 1; start->args[0] && *arg; arg++) {
		strings_add(argv, "%s", *arg);
	}
	strings_add(&launch->env, "PATH=%s", LAUNCH_PATH);
	launch->prog = strdup(BUBBLEWRAP);
	launch->cwd = strdup("/");
	if (argv->no_memory || launch->env.no_memory || passwd < 0 || !launch->prog || !launch->cwd) {
		return op_refuse(refusal, OP_EIO, "a sandbox could not be prepared: %s", strerror(errno));
	}
	return OP_OK;
}
