/* SPDX-License-Identifier: MIT */
/*
 * launch.c - programs started for the person, and their end.
 *
 * Forking is base/spawn.c. Which command is run when is for whoever calls.
 */
#include "launch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/spawn.h"
#include "cursor_image.h"
#include "notice.h"
#include "server.h"

#define LOG_MODULE "launch"
#include "base/log.h"

#define GRACE_MSEC 1000
#define NOT_FOUND 127 // what sh says of a command that is not there

struct launched {
	struct launcher *launcher;
	struct wl_list link; // launcher.running
	struct spawn *spawn;
	char *command;
};

struct launcher {
	struct server *server;
	struct wl_list running; // launched.link
	bool ending;
};

struct launcher *launcher_create(struct server *server) {
	struct launcher *launcher = calloc(1, sizeof(*launcher));
	if (!launcher) {
		return NULL;
	}
	launcher->server = server;
	wl_list_init(&launcher->running);
	return launcher;
}

static void launched_free(struct launched *launched) {
	wl_list_remove(&launched->link);
	free(launched->command);
	free(launched);
}

static void handle_ended(void *data, int status) {
	struct launched *launched = data;
	struct launcher *launcher = launched->launcher;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND && !launcher->ending) {
		char text[512];
		snprintf(text, sizeof(text), "“%s” cannot be started: is it installed?",
			launched->command);
		log_error("%s", text);
		notice_show(launcher->server->notices, NOTICE_WARNING, 6000, text);
	}
	launched_free(launched);
}

const char **launch_env(const char *display) {
	size_t count = 0, to = 0;
	while (environ[count]) {
		count++;
	}
	const char **env = calloc(count + 2, sizeof(char *));
	for (size_t i = 0; env && i < count; i++) {
		if (strncmp(environ[i], "WAYLAND_", 8) != 0) {
			env[to++] = environ[i];
		}
	}
	if (env) {
		env[to] = display;
	}
	return env;
}

#define SET_MAX 8
struct environment {
	const char **list; // borrowed strings, NULL-terminated
	char *set[SET_MAX];
	size_t set_size, list_size;
};

static bool is_named(const char *entry, const char *name) {
	size_t length = strlen(name);
	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

static void environment_set(struct environment *env, const char *name, const char *value) {
	if (value && env->set_size < SET_MAX &&
			asprintf(&env->set[env->set_size], "%s=%s", name, value) >= 0) {
		env->list[env->list_size++] = env->set[env->set_size++];
	}
}

static void environment_finish(struct environment *env) {
	for (size_t i = 0; i < env->set_size; i++) {
		free(env->set[i]);
	}
	free(env->list);
}

/* Ours, with what points to this desktop put in place of what may point to another. */
static bool environment_init(struct environment *env, struct server *server) {
	static const char *const replaced[] = {"WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY",
		"XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "XDG_SESSION_DESKTOP", "XCURSOR_THEME",
		"XCURSOR_SIZE"};
	size_t count = 0;
	while (environ[count]) {
		count++;
	}
	*env = (struct environment){.list = calloc(count + SET_MAX + 1, sizeof(env->list[0]))};
	if (!env->list) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		bool keep = true;
		for (size_t j = 0; j < sizeof(replaced) / sizeof(replaced[0]); j++) {
			keep &= !is_named(environ[i], replaced[j]);
		}
		if (keep) {
			env->list[env->list_size++] = environ[i];
		}
	}
	char size[16];
	snprintf(size, sizeof(size), "%d", cursor_image_size(server->cursor));
	environment_set(env, "WAYLAND_DISPLAY", server->socket);
	environment_set(env, "XDG_CURRENT_DESKTOP", "boxland:wlroots");
	environment_set(env, "XDG_SESSION_DESKTOP", "boxland");
	environment_set(env, "XDG_SESSION_TYPE", "wayland");
	environment_set(env, "XCURSOR_THEME", cursor_image_theme(server->cursor));
	environment_set(env, "XCURSOR_SIZE", size);
	return true;
}

bool launch(struct launcher *launcher, const char *command) {
	struct launched *launched = calloc(1, sizeof(*launched));
	struct environment env;
	if (!launched || !environment_init(&env, launcher->server)) {
		free(launched);
		return false;
	}
	launched->launcher = launcher;
	launched->command = strdup(command);
	const char *const argv[] = {"/bin/sh", "-c", command, NULL};
	struct spawn_options options = {
		.argv = argv,
		.exec_fd = -1,
		.env = env.list,
		.cwd = getenv("HOME"),
		.tty = -1,
	};
	launched->spawn = launched->command ?
		spawn_create(launcher->server->loop, &options, handle_ended, launched) : NULL;
	environment_finish(&env);
	if (!launched->spawn) {
		log_errno("cannot run \"%s\"", command);
		free(launched->command);
		free(launched);
		return false;
	}
	wl_list_insert(&launcher->running, &launched->link);
	log_debug("running \"%s\" as %d", command, spawn_pid(launched->spawn));
	return true;
}

static int64_t now_msec(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void launcher_destroy(struct launcher *launcher) {
	if (!launcher) {
		return;
	}
	launcher->ending = true;
	struct launched *launched, *next;
	wl_list_for_each(launched, &launcher->running, link) {
		spawn_signal(launched->spawn, SIGTERM);
		spawn_signal(launched->spawn, SIGHUP);
		spawn_signal(launched->spawn, SIGCONT);
	}
	int64_t until = now_msec() + GRACE_MSEC;
	for (int64_t left = GRACE_MSEC; !wl_list_empty(&launcher->running) && left > 0;) {
		wl_event_loop_dispatch(launcher->server->loop, (int)left);
		left = until - now_msec();
	}
	wl_list_for_each_safe(launched, next, &launcher->running, link) {
		spawn_destroy(launched->spawn);
		launched_free(launched);
	}
	free(launcher);
}
