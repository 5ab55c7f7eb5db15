/* SPDX-License-Identifier: MIT */
/*
 * activation.c - xdg-activation.
 */
#include "activation.h"

#include <stdlib.h>
#include <wlr/types/wlr_xdg_activation_v1.h>

#include "server.h"
#include "toplevel.h"

struct activation {
	struct server *server;
	struct wlr_xdg_activation_v1 *wlr;
	struct wl_listener request_activate;
};

static void handle_request_activate(struct wl_listener *listener, void *data) {
	const struct wlr_xdg_activation_v1_request_activate_event *event = data;
	struct toplevel *toplevel = toplevel_from_surface(event->surface);
	if (!toplevel || !toplevel->mapped || toplevel->activated) {
		return;
	}
	// wlroots has checked the serial of a token that names a seat against what it sent.
	if (event->token->seat) {
		toplevel_focus(toplevel);
	} else {
		toplevel_set_urgent(toplevel, true);
	}
}

struct activation *activation_create(struct server *server) {
	struct activation *activation = calloc(1, sizeof(*activation));
	if (!activation) {
		return NULL;
	}
	activation->server = server;
	activation->wlr = wlr_xdg_activation_v1_create(server->display);
	if (!activation->wlr) {
		free(activation);
		return NULL;
	}
	activation->request_activate.notify = handle_request_activate;
	wl_signal_add(&activation->wlr->events.request_activate, &activation->request_activate);
	return activation;
}

void activation_destroy(struct activation *activation) {
	if (!activation) {
		return;
	}
	wl_list_remove(&activation->request_activate.link);
	free(activation);
}
