/* SPDX-License-Identifier: MIT */
/*
 * action.c - the table of what keys can do.
 *
 * Which key does what is bindings.c; the doing is in the room of each noun.
 */
#include "action.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wlr/backend/session.h>

#include "bindings.h"
#include "config.h"
#include "hint.h"
#include "launch.h"
#include "leave.h"
#include "seat.h"
#include "server.h"
#include "switcher.h"
#include "toplevel.h"

static void run_close(struct server *server, const char *argument) {
	struct toplevel *toplevel = toplevels_focused(server->toplevels);
	if (toplevel) {
		toplevel_close(toplevel);
	}
}

static void run_exec(struct server *server, const char *argument) {
	launch(server->launcher, argument);
}

static void run_fullscreen(struct server *server, const char *argument) {
	struct toplevel *toplevel = toplevels_focused(server->toplevels);
	if (toplevel) {
		toplevel_set_fullscreen(toplevel, !toplevel->fullscreen, NULL);
	}
}

static void run_hint(struct server *server, const char *argument) {
	hints_toggle(server->hints);
}

static void run_launcher(struct server *server, const char *argument) {
	launch(server->launcher, server->config->launcher);
}

static void run_maximise(struct server *server, const char *argument) {
	struct toplevel *toplevel = toplevels_focused(server->toplevels);
	if (toplevel) {
		toplevel_set_maximised(toplevel, !toplevel->maximised);
	}
}

static void run_minimise(struct server *server, const char *argument) {
	struct toplevel *toplevel = toplevels_focused(server->toplevels);
	if (toplevel) {
		toplevel_set_minimised(toplevel, true);
	}
}

static void run_next_window(struct server *server, const char *argument) {
	switcher_step(server->switcher, 1);
}

static void run_none(struct server *server, const char *argument) {
}

static void run_previous_window(struct server *server, const char *argument) {
	switcher_step(server->switcher, -1);
}

static void run_quit(struct server *server, const char *argument) {
	leave_ask(server->leave);
}

static void run_reload(struct server *server, const char *argument) {
	server_reload(server);
}

static void run_shortcuts(struct server *server, const char *argument) {
	seat_toggle_shortcuts(server->seat);
}

static void run_terminal(struct server *server, const char *argument) {
	launch(server->launcher, server->config->terminal);
}

static void run_vt(struct server *server, const char *argument) {
	int vt = atoi(argument);
	if (server->session && vt > 0) {
		wlr_session_change_vt(server->session, (unsigned)vt);
	}
}

static const struct action actions[] = {
	{"close", false, run_close},
	{"exec", true, run_exec},
	{"fullscreen", false, run_fullscreen},
	{"hint", false, run_hint},
	{"launcher", false, run_launcher},
	{"maximise", false, run_maximise},
	{"minimise", false, run_minimise},
	{"next-window", false, run_next_window},
	{"none", false, run_none},
	{"previous-window", false, run_previous_window},
	{"quit", false, run_quit},
	{"reload", false, run_reload},
	{"shortcuts", false, run_shortcuts},
	{"terminal", false, run_terminal},
	{"vt", true, run_vt},
};

const struct action *action_find(const char *name) {
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, name) == 0) {
			return &actions[i];
		}
	}
	return NULL;
}

const char *action_name(unsigned i) {
	return i < sizeof(actions) / sizeof(actions[0]) ? actions[i].name : NULL;
}
