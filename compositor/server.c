/* SPDX-License-Identifier: MIT */
/*
 * server.c - the compositor put together and taken apart, in order.
 *
 * Every part is a noun with a file of its own; nothing is decided here but their order.
 */
#include "server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wlr/backend.h>

#include "activation.h"
#include "backend.h"
#include "bindings.h"
#include "config.h"
#include "constraint.h"
#include "crowd.h"
#include "cursor.h"
#include "decoration.h"
#include "foreign_toplevel.h"
#include "gesture.h"
#include "globals.h"
#include "hint.h"
#include "idle.h"
#include "input.h"
#include "interact.h"
#include "keyboard.h"
#include "launch.h"
#include "layer_shell.h"
#include "leave.h"
#include "notice.h"
#include "output.h"
#include "output_management.h"
#include "seat.h"
#include "shadow.h"
#include "switcher.h"
#include "text.h"
#include "toplevel.h"
#include "touch.h"
#include "wallpaper.h"
#include "xdg_shell.h"

#define LOG_MODULE "server"
#include "base/log.h"

#define CLIENT_BUFFER_MAX (1 << 20) // bytes of events kept for a client
#define ERRORS_SHOWN 4 // of a configuration; the log has all of them
#define ERROR_MSEC 15000

/* Each may use those before it. */
static bool make_parts(struct server *server) {
	return (server->text = text_create()) && (server->globals = globals_create(server)) &&
		(server->outputs = outputs_create(server)) &&
		(server->output_management = output_management_create(server)) &&
		(server->notices = notices_create(server)) && (server->crowd = crowd_create(server)) &&
		(server->launcher = launcher_create(server)) && (server->seat = seat_create(server)) &&
		(server->cursor = cursor_create(server)) && (server->bindings = bindings_create(server)) &&
		(server->keyboard = keyboard_create(server)) && (server->idle = idle_create(server)) &&
		(server->input = input_create(server)) && (server->touch = touch_create(server)) &&
		(server->gestures = gestures_create(server)) &&
		(server->constraints = constraints_create(server)) &&
		(server->shadows = shadows_create(server)) &&
		(server->toplevels = toplevels_create(server)) &&
		(server->interact = interact_create(server)) &&
		(server->decorations = decorations_create(server)) &&
		(server->xdg_shell = xdg_shell_create(server)) &&
		(server->layer_shell = layer_shell_create(server)) &&
		(server->activation = activation_create(server)) &&
		(server->foreign_toplevels = foreign_toplevels_create(server)) &&
		(server->wallpapers = wallpapers_create(server)) &&
		(server->hints = hints_create(server)) && (server->switcher = switcher_create(server)) &&
		(server->leave = leave_create(server));
}

static void destroy_parts(struct server *server) {
	leave_destroy(server->leave);
	switcher_destroy(server->switcher);
	hints_destroy(server->hints);
	wallpapers_destroy(server->wallpapers);
	foreign_toplevels_destroy(server->foreign_toplevels);
	activation_destroy(server->activation);
	layer_shell_destroy(server->layer_shell);
	xdg_shell_destroy(server->xdg_shell);
	decorations_destroy(server->decorations);
	interact_destroy(server->interact);
	toplevels_destroy(server->toplevels);
	shadows_destroy(server->shadows);
	constraints_destroy(server->constraints);
	gestures_destroy(server->gestures);
	touch_destroy(server->touch);
	input_destroy(server->input);
	idle_destroy(server->idle);
	keyboard_destroy(server->keyboard);
	bindings_destroy(server->bindings);
	cursor_destroy(server->cursor);
	seat_destroy(server->seat);
	crowd_destroy(server->crowd);
	notices_destroy(server->notices);
	output_management_destroy(server->output_management);
	outputs_destroy(server->outputs);
	globals_destroy(server->globals);
	text_destroy(server->text);
}

static bool open_socket(struct server *server, const char *name) {
	const char *opened = name;
	if (name && wl_display_add_socket(server->display, name) < 0) {
		log_errno("the socket \"%s\" cannot be opened in XDG_RUNTIME_DIR", name);
		return false;
	}
	if (!name && !(opened = wl_display_add_socket_auto(server->display))) {
		log_errno("no socket can be opened: is XDG_RUNTIME_DIR a folder of yours?");
		return false;
	}
	server->socket = strdup(opened);
	return server->socket != NULL;
}

struct server *server_create(const struct server_options *options) {
	struct server *server = calloc(1, sizeof(*server));
	if (!server) {
		return NULL;
	}
	wl_signal_init(&server->events.configured);
	wl_signal_init(&server->events.destroy);
	wl_list_init(&server->backend_destroy.link);
	wl_list_init(&server->renderer_lost.link);
	server->display = wl_display_create();
	if (!server->display) {
		free(server);
		return NULL;
	}
	// a program that is busy for a moment is not ended for the events of a fast mouse
	wl_display_set_default_max_buffer_size(server->display, CLIENT_BUFFER_MAX);
	server->loop = wl_display_get_event_loop(server->display);
	server->config = config_load(options->config_path);
	if (!server->config || !backend_init(server, options) || !layers_init(server) ||
			!make_parts(server) || !open_socket(server, options->socket)) {
		server_destroy(server);
		return NULL;
	}
	return server;
}

/* There is little room on the screen: a path in the person's home is shown from there. */
static void show_config_error(struct server *server, const char *text) {
	const char *home = getenv("HOME");
	size_t length = home ? strlen(home) : 0;
	char *shorter = NULL;
	if (length > 1 && strncmp(text, home, length) == 0 && text[length] == '/' &&
			asprintf(&shorter, "~%s", text + length) < 0) {
		shorter = NULL;
	}
	notice_show(server->notices, NOTICE_WARNING, ERROR_MSEC, shorter ? shorter : text);
	free(shorter);
}

static void show_config_errors(struct server *server) {
	int shown = 0;
	const struct config_line *error;
	wl_list_for_each(error, &server->config->errors, link) {
		if (shown++ < ERRORS_SHOWN) {
			show_config_error(server, error->text);
		}
	}
}

bool server_start(struct server *server) {
	assert(!server->started);
	if (!wlr_backend_start(server->backend)) {
		log_error("the screen cannot be started");
		return false;
	}
	server->started = true;
	show_config_errors(server);
	const struct config_line *line;
	wl_list_for_each(line, &server->config->autostart, link) {
		launch(server->launcher, line->text);
	}
	return true;
}

void server_run(struct server *server) {
	wl_display_run(server->display);
}

void server_stop(struct server *server) {
	wl_display_terminate(server->display);
}

void server_reload(struct server *server) {
	struct config *config = config_load(server->config->path);
	if (!config) {
		return;
	}
	struct config *old = server->config;
	server->config = config;
	wl_signal_emit_mutable(&server->events.configured, NULL);
	config_destroy(old);
	if (wl_list_empty(&config->errors)) {
		notice_show(server->notices, NOTICE_PLAIN, 2500, "The configuration was read again");
	}
	show_config_errors(server);
}

void server_destroy(struct server *server) {
	if (!server) {
		return;
	}
	wl_signal_emit_mutable(&server->events.destroy, server);
	// What we started is asked to end while it can still say goodbye; then all clients go.
	launcher_destroy(server->launcher);
	server->launcher = NULL;
	wl_display_destroy_clients(server->display);
	destroy_parts(server);
	layers_finish(server);
	backend_finish(server);
	wl_display_destroy(server->display);
	config_destroy(server->config);
	free(server->socket);
	free(server);
}
