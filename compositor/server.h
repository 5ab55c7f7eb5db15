/* SPDX-License-Identifier: MIT */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-server-core.h>

#include "layers.h"

/*
 * The compositor as a whole. It keeps no static state and never ends the process, so a program may
 * hold several, one after the other or side by side, each with a display and a loop of its own.
 *
 * server_create, server_start, server_run, server_destroy, in that order; between create and start
 * others may hang their listeners on what they find here. Every member but the first few is a noun
 * with a header of its own, made by server_create and valid until server_destroy.
 */

struct server_size {
	int width, height;
};

struct server_options {
	const char *config_path; // NULL: the user's own, which need not exist
	const char *socket;      // name of the Wayland socket; NULL: the first free wayland-N
	const struct server_size *headless; // no screen and no device: outputs of these sizes
	size_t headless_size;               // 0: whatever the machine has
};

struct server {
	struct wl_display *display;
	struct wl_event_loop *loop;
	char *socket; // name, as in WAYLAND_DISPLAY

	struct wlr_backend *backend;   // NULL once it has gone by itself
	struct wlr_session *session;   // NULL unless we drive the machine's screens
	struct wlr_renderer *renderer; // replaced when the GPU is lost
	struct wlr_allocator *allocator;
	struct wlr_compositor *compositor;
	struct wlr_scene *scene;
	struct wlr_scene_tree *layers[LAYERS];

	struct config *config;
	struct text *text;
	struct launcher *launcher;
	struct globals *globals;
	struct outputs *outputs;
	struct output_management *output_management;
	struct input *input;
	struct seat *seat;
	struct keyboard *keyboard;
	struct bindings *bindings;
	struct cursor *cursor;
	struct touch *touch;
	struct gestures *gestures;
	struct constraints *constraints;
	struct idle *idle;
	struct shadows *shadows;
	struct toplevels *toplevels;
	struct interact *interact;
	struct decorations *decorations;
	struct xdg_shell *xdg_shell;
	struct layer_shell *layer_shell;
	struct activation *activation;
	struct foreign_toplevels *foreign_toplevels;
	struct wallpapers *wallpapers;
	struct hints *hints;
	struct notices *notices;
	struct crowd *crowd;
	struct switcher *switcher;
	struct leave *leave;

	struct {
		struct wl_signal configured; // data: NULL; the configuration was read again
		struct wl_signal destroy;    // data: struct server *; everything is still there
	} events;

	// private state
	bool started;
	struct wl_listener backend_destroy, renderer_lost;
};

/* NULL if a part could not be made; what and why was logged. */
struct server *server_create(const struct server_options *options);
/* Lights the outputs and opens the socket's door; false was logged. */
bool server_start(struct server *server);
/* Until server_stop or a signal's handler ends it. */
void server_run(struct server *server);
/* Makes server_run return; may be called from within it. */
void server_stop(struct server *server);
/* Disconnects every client, asks what we started to end, frees everything. NULL is fine. */
void server_destroy(struct server *server);

/* Reads the configuration file again. A file with errors is used as far as it goes, and shown. */
void server_reload(struct server *server);

#endif
