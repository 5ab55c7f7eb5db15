/* SPDX-License-Identifier: MIT */
/*
 * foreign_toplevel.c - a handle for each window in wlr-foreign-toplevel-management and
 * ext-foreign-toplevel-list, kept in line with it.
 */
#include "foreign_toplevel.h"

#include <stdlib.h>
#include <wlr/types/wlr_ext_foreign_toplevel_list_v1.h>
#include <wlr/types/wlr_foreign_toplevel_management_v1.h>

#include "output.h"
#include "server.h"
#include "toplevel.h"

struct foreign_toplevels {
	struct server *server;
	struct wlr_foreign_toplevel_manager_v1 *wlr;
	struct wlr_ext_foreign_toplevel_list_v1 *ext;
	struct wl_list list; // foreign.link
	struct wl_listener added;
};

struct foreign {
	struct foreign_toplevels *toplevels;
	struct wl_list link;
	struct toplevel *toplevel;
	struct wlr_foreign_toplevel_handle_v1 *wlr;
	struct wlr_ext_foreign_toplevel_handle_v1 *ext;
	struct wlr_output *output; // said to be on; NULL: none
	struct wl_listener output_destroy;
	struct wl_listener title, app_id, geom, activated, state, gone;
	struct wl_listener request_activate, request_close, request_fullscreen, request_maximise,
		request_minimise;
};

static void forget_output(struct foreign *foreign) {
	if (foreign->output) {
		wl_list_remove(&foreign->output_destroy.link);
		foreign->output = NULL;
	}
}

static void handle_output_destroy(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, output_destroy);
	forget_output(foreign);
}

static void say_output(struct foreign *foreign) {
	struct output *output = toplevel_output(foreign->toplevel);
	struct wlr_output *wlr = output ? output->wlr : NULL;
	if (wlr == foreign->output) {
		return;
	}
	if (foreign->output) {
		wlr_foreign_toplevel_handle_v1_output_leave(foreign->wlr, foreign->output);
		forget_output(foreign);
	}
	if (wlr) {
		foreign->output = wlr;
		wl_signal_add(&wlr->events.destroy, &foreign->output_destroy);
		wlr_foreign_toplevel_handle_v1_output_enter(foreign->wlr, wlr);
	}
}

static void say_names(struct foreign *foreign) {
	struct wlr_ext_foreign_toplevel_handle_v1_state state = {
		.title = toplevel_title(foreign->toplevel),
		.app_id = toplevel_app_id(foreign->toplevel),
	};
	wlr_foreign_toplevel_handle_v1_set_title(foreign->wlr, state.title);
	wlr_foreign_toplevel_handle_v1_set_app_id(foreign->wlr, state.app_id);
	wlr_ext_foreign_toplevel_handle_v1_update_state(foreign->ext, &state);
}

static void say_state(struct foreign *foreign) {
	const struct toplevel *toplevel = foreign->toplevel;
	wlr_foreign_toplevel_handle_v1_set_activated(foreign->wlr, toplevel->activated);
	wlr_foreign_toplevel_handle_v1_set_maximized(foreign->wlr, toplevel->maximised);
	wlr_foreign_toplevel_handle_v1_set_fullscreen(foreign->wlr, toplevel->fullscreen);
	wlr_foreign_toplevel_handle_v1_set_minimized(foreign->wlr, toplevel->minimised);
}

static void handle_title(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, title);
	say_names(foreign);
}

static void handle_app_id(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, app_id);
	say_names(foreign);
}

static void handle_geom(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, geom);
	say_output(foreign);
}

static void handle_activated(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, activated);
	say_state(foreign);
}

static void handle_state(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, state);
	say_state(foreign);
	say_output(foreign);
}

static void handle_request_activate(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, request_activate);
	toplevel_focus(foreign->toplevel);
}

static void handle_request_close(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, request_close);
	toplevel_close(foreign->toplevel);
}

static void handle_request_fullscreen(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, request_fullscreen);
	const struct wlr_foreign_toplevel_handle_v1_fullscreen_event *event = data;
	toplevel_set_fullscreen(foreign->toplevel, event->fullscreen,
		output_from_wlr(event->output));
}

static void handle_request_maximise(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, request_maximise);
	const struct wlr_foreign_toplevel_handle_v1_maximized_event *event = data;
	toplevel_set_maximised(foreign->toplevel, event->maximized);
}

static void handle_request_minimise(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, request_minimise);
	const struct wlr_foreign_toplevel_handle_v1_minimized_event *event = data;
	toplevel_set_minimised(foreign->toplevel, event->minimized);
}

static void foreign_destroy(struct foreign *foreign) {
	wl_list_remove(&foreign->link);
	wl_list_remove(&foreign->title.link);
	wl_list_remove(&foreign->app_id.link);
	wl_list_remove(&foreign->geom.link);
	wl_list_remove(&foreign->activated.link);
	wl_list_remove(&foreign->state.link);
	wl_list_remove(&foreign->gone.link);
	wl_list_remove(&foreign->request_activate.link);
	wl_list_remove(&foreign->request_close.link);
	wl_list_remove(&foreign->request_fullscreen.link);
	wl_list_remove(&foreign->request_maximise.link);
	wl_list_remove(&foreign->request_minimise.link);
	forget_output(foreign);
	wlr_foreign_toplevel_handle_v1_destroy(foreign->wlr);
	wlr_ext_foreign_toplevel_handle_v1_destroy(foreign->ext);
	free(foreign);
}

static void handle_gone(struct wl_listener *listener, void *data) {
	struct foreign *foreign = wl_container_of(listener, foreign, gone);
	foreign_destroy(foreign);
}

static void listen(struct wl_signal *signal, struct wl_listener *listener,
		wl_notify_func_t notify) {
	listener->notify = notify;
	wl_signal_add(signal, listener);
}

static bool make_handles(struct foreign *foreign) {
	struct wlr_ext_foreign_toplevel_handle_v1_state state = {
		.title = toplevel_title(foreign->toplevel),
		.app_id = toplevel_app_id(foreign->toplevel),
	};
	foreign->wlr = wlr_foreign_toplevel_handle_v1_create(foreign->toplevels->wlr);
	if (!foreign->wlr) {
		return false;
	}
	foreign->ext = wlr_ext_foreign_toplevel_handle_v1_create(foreign->toplevels->ext, &state);
	if (!foreign->ext) {
		wlr_foreign_toplevel_handle_v1_destroy(foreign->wlr);
		return false;
	}
	return true;
}

static void handle_added(struct wl_listener *listener, void *data) {
	struct foreign_toplevels *toplevels = wl_container_of(listener, toplevels, added);
	struct toplevel *toplevel = data;
	struct foreign *foreign = calloc(1, sizeof(*foreign));
	if (!foreign) {
		return;
	}
	foreign->toplevels = toplevels;
	foreign->toplevel = toplevel;
	if (!make_handles(foreign)) {
		free(foreign);
		return;
	}
	wl_list_insert(&toplevels->list, &foreign->link);
	foreign->output_destroy.notify = handle_output_destroy;
	listen(&toplevel->events.title, &foreign->title, handle_title);
	listen(&toplevel->events.app_id, &foreign->app_id, handle_app_id);
	listen(&toplevel->events.geom, &foreign->geom, handle_geom);
	listen(&toplevel->events.activated, &foreign->activated, handle_activated);
	listen(&toplevel->events.state, &foreign->state, handle_state);
	listen(&toplevel->events.gone, &foreign->gone, handle_gone);
	listen(&foreign->wlr->events.request_activate, &foreign->request_activate,
		handle_request_activate);
	listen(&foreign->wlr->events.request_close, &foreign->request_close, handle_request_close);
	listen(&foreign->wlr->events.request_fullscreen, &foreign->request_fullscreen,
		handle_request_fullscreen);
	listen(&foreign->wlr->events.request_maximize, &foreign->request_maximise,
		handle_request_maximise);
	listen(&foreign->wlr->events.request_minimize, &foreign->request_minimise,
		handle_request_minimise);
	say_names(foreign);
	say_state(foreign);
	say_output(foreign);
}

struct foreign_toplevels *foreign_toplevels_create(struct server *server) {
	struct foreign_toplevels *toplevels = calloc(1, sizeof(*toplevels));
	if (!toplevels) {
		return NULL;
	}
	toplevels->server = server;
	wl_list_init(&toplevels->list);
	toplevels->wlr = wlr_foreign_toplevel_manager_v1_create(server->display);
	toplevels->ext = wlr_ext_foreign_toplevel_list_v1_create(server->display, 1);
	if (!toplevels->wlr || !toplevels->ext) {
		free(toplevels);
		return NULL;
	}
	listen(&server->toplevels->events.added, &toplevels->added, handle_added);
	return toplevels;
}

void foreign_toplevels_destroy(struct foreign_toplevels *toplevels) {
	if (!toplevels) {
		return;
	}
	struct foreign *foreign, *next;
	wl_list_for_each_safe(foreign, next, &toplevels->list, link) {
		foreign_destroy(foreign);
	}
	wl_list_remove(&toplevels->added.link);
	free(toplevels);
}
