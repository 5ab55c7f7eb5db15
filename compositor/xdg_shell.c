/* SPDX-License-Identifier: MIT */
/*
 * xdg_shell.c - what clients say of their windows, passed on to toplevel.c and popup.c.
 *
 * No policy here: what is done about it is theirs.
 */
#include "xdg_shell.h"

#include <stdlib.h>
#include <wlr/types/wlr_seat.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "crowd.h"
#include "cursor.h"
#include "frame.h"
#include "interact.h"
#include "output.h"
#include "popup.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"
#include "toplevel_state.h"

#define LOG_MODULE "xdg-shell"
#include "base/log.h"

#define XDG_SHELL_VERSION 6

struct xdg_shell {
	struct server *server;
	struct wlr_xdg_shell *wlr;
	struct wl_listener new_toplevel, new_popup;
};

/* The listeners on one client's window. */
struct window {
	struct xdg_shell *shell;
	struct toplevel *toplevel;
	struct wlr_xdg_toplevel *xdg;
	struct wl_listener map, unmap, commit, destroy;
	struct wl_listener set_title, set_app_id, set_parent;
	struct wl_listener request_maximise, request_fullscreen, request_minimise;
	struct wl_listener request_move, request_resize;
};

static void handle_map(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, map);
	toplevel_map(window->toplevel);
	cursor_update(window->shell->server->cursor);
}

static void handle_unmap(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, unmap);
	toplevel_unmap(window->toplevel);
	cursor_update(window->shell->server->cursor);
}

static void handle_commit(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, commit);
	if (window->xdg->base->initial_commit) {
		toplevel_state_prepare(window->toplevel);
	} else if (window->toplevel->mapped) {
		toplevel_committed(window->toplevel);
	}
}

static void handle_set_title(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, set_title);
	frame_update(window->toplevel->frame);
	wl_signal_emit_mutable(&window->toplevel->events.title, window->toplevel);
}

static void handle_set_app_id(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, set_app_id);
	frame_update(window->toplevel->frame);
	wl_signal_emit_mutable(&window->toplevel->events.app_id, window->toplevel);
}

static void handle_set_parent(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, set_parent);
	if (window->toplevel->mapped) {
		toplevel_join(window->toplevel);
	}
	wl_signal_emit_mutable(&window->toplevel->events.parent, window->toplevel);
}

/* Requests before the first commit are kept by wlroots and looked at then. */
static bool is_ready(struct window *window) {
	return window->xdg->base->initialized;
}

static void handle_request_maximise(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, request_maximise);
	if (is_ready(window)) {
		toplevel_set_maximised(window->toplevel, window->xdg->requested.maximized);
	}
}

static void handle_request_fullscreen(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, request_fullscreen);
	const struct wlr_xdg_toplevel_requested *requested = &window->xdg->requested;
	if (is_ready(window)) {
		toplevel_set_fullscreen(window->toplevel, requested->fullscreen,
			output_from_wlr(requested->fullscreen_output));
	}
}

static void handle_request_minimise(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, request_minimise);
	if (is_ready(window)) {
		toplevel_set_minimised(window->toplevel, window->xdg->requested.minimized);
	}
}

/* Only the client that has the pressed button may have its window dragged. */
static bool holds_button(struct window *window, uint32_t serial) {
	struct wlr_seat *seat = window->shell->server->seat->wlr;
	struct wlr_surface *focused = seat->pointer_state.focused_surface;
	return focused && seat->pointer_state.button_count > 0 &&
		toplevel_from_surface(focused) == window->toplevel &&
		wlr_seat_validate_pointer_grab_serial(seat, NULL, serial);
}

static void handle_request_move(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, request_move);
	const struct wlr_xdg_toplevel_move_event *event = data;
	if (holds_button(window, event->serial)) {
		interact_move(window->shell->server->interact, window->toplevel);
	}
}

static void handle_request_resize(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, request_resize);
	const struct wlr_xdg_toplevel_resize_event *event = data;
	if (holds_button(window, event->serial)) {
		interact_resize(window->shell->server->interact, window->toplevel, event->edges);
	}
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct window *window = wl_container_of(listener, window, destroy);
	wl_list_remove(&window->map.link);
	wl_list_remove(&window->unmap.link);
	wl_list_remove(&window->commit.link);
	wl_list_remove(&window->destroy.link);
	wl_list_remove(&window->set_title.link);
	wl_list_remove(&window->set_app_id.link);
	wl_list_remove(&window->set_parent.link);
	wl_list_remove(&window->request_maximise.link);
	wl_list_remove(&window->request_fullscreen.link);
	wl_list_remove(&window->request_minimise.link);
	wl_list_remove(&window->request_move.link);
	wl_list_remove(&window->request_resize.link);
	window->xdg->base->data = NULL;
	toplevel_destroy(window->toplevel);
	free(window);
}

static void listen(struct wl_signal *signal, struct wl_listener *listener,
		wl_notify_func_t notify) {
	listener->notify = notify;
	wl_signal_add(signal, listener);
}

static void handle_new_toplevel(struct wl_listener *listener, void *data) {
	struct xdg_shell *shell = wl_container_of(listener, shell, new_toplevel);
	struct wlr_xdg_toplevel *xdg = data;
	if (!crowd_add(shell->server->crowd, CROWD_WINDOWS, wl_resource_get_client(xdg->resource),
			&xdg->events.destroy)) {
		return;
	}
	struct window *window = calloc(1, sizeof(*window));
	struct toplevel *toplevel =
		window ? toplevel_create(shell->server->toplevels, xdg) : NULL;
	if (!toplevel) {
		free(window);
		wl_resource_post_no_memory(xdg->resource);
		return;
	}
	window->shell = shell;
	window->toplevel = toplevel;
	window->xdg = xdg;
	struct wlr_surface *surface = xdg->base->surface;
	listen(&surface->events.map, &window->map, handle_map);
	listen(&surface->events.unmap, &window->unmap, handle_unmap);
	listen(&surface->events.commit, &window->commit, handle_commit);
	listen(&xdg->events.destroy, &window->destroy, handle_destroy);
	listen(&xdg->events.set_title, &window->set_title, handle_set_title);
	listen(&xdg->events.set_app_id, &window->set_app_id, handle_set_app_id);
	listen(&xdg->events.set_parent, &window->set_parent, handle_set_parent);
	listen(&xdg->events.request_maximize, &window->request_maximise, handle_request_maximise);
	listen(&xdg->events.request_fullscreen, &window->request_fullscreen,
		handle_request_fullscreen);
	listen(&xdg->events.request_minimize, &window->request_minimise, handle_request_minimise);
	listen(&xdg->events.request_move, &window->request_move, handle_request_move);
	listen(&xdg->events.request_resize, &window->request_resize, handle_request_resize);
}

static void handle_new_popup(struct wl_listener *listener, void *data) {
	struct xdg_shell *shell = wl_container_of(listener, shell, new_popup);
	struct wlr_xdg_popup *xdg = data;
	if (crowd_add(shell->server->crowd, CROWD_POPUPS, wl_resource_get_client(xdg->resource),
			&xdg->events.destroy)) {
		popup_create(shell->server, xdg);
	}
}

struct xdg_shell *xdg_shell_create(struct server *server) {
	struct xdg_shell *shell = calloc(1, sizeof(*shell));
	if (!shell) {
		return NULL;
	}
	shell->server = server;
	shell->wlr = wlr_xdg_shell_create(server->display, XDG_SHELL_VERSION);
	if (!shell->wlr) {
		free(shell);
		return NULL;
	}
	listen(&shell->wlr->events.new_toplevel, &shell->new_toplevel, handle_new_toplevel);
	listen(&shell->wlr->events.new_popup, &shell->new_popup, handle_new_popup);
	return shell;
}

void xdg_shell_destroy(struct xdg_shell *shell) {
	if (!shell) {
		return;
	}
	wl_list_remove(&shell->new_toplevel.link);
	wl_list_remove(&shell->new_popup.link);
	free(shell);
}
