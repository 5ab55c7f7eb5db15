/* SPDX-License-Identifier: MIT */
/*
 * decoration.c - the two protocols about who draws a window's frame.
 *
 * The frame itself is frame.c.
 */
#include "decoration.h"

#include <stdlib.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_server_decoration.h>
#include <wlr/types/wlr_xdg_decoration_v1.h>

#include "server.h"
#include "toplevel.h"

struct decorations {
	struct server *server;
	struct wlr_xdg_decoration_manager_v1 *xdg;
	struct wlr_server_decoration_manager *kde;
	struct wl_listener new_xdg, new_kde;
};

struct xdg_decoration {
	struct wlr_xdg_toplevel_decoration_v1 *wlr;
	struct wl_listener request_mode, commit, destroy;
};

/* The KDE protocol speaks of surfaces, which may become windows later. */
struct kde_decoration {
	struct wlr_server_decoration *wlr;
	struct wl_listener mode, commit, destroy;
};

static void apply_xdg(struct xdg_decoration *decoration) {
	struct wlr_xdg_toplevel_decoration_v1 *wlr = decoration->wlr;
	struct toplevel *toplevel = toplevel_from_surface(wlr->toplevel->base->surface);
	bool ours = wlr->requested_mode != WLR_XDG_TOPLEVEL_DECORATION_V1_MODE_CLIENT_SIDE;
	if (toplevel) {
		toplevel_set_decorated(toplevel, ours);
	}
	if (wlr->toplevel->base->initialized) {
		wlr_xdg_toplevel_decoration_v1_set_mode(wlr, ours ?
			WLR_XDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE :
			WLR_XDG_TOPLEVEL_DECORATION_V1_MODE_CLIENT_SIDE);
	}
}

static void handle_xdg_request_mode(struct wl_listener *listener, void *data) {
	struct xdg_decoration *decoration = wl_container_of(listener, decoration, request_mode);
	apply_xdg(decoration);
}

static void handle_xdg_commit(struct wl_listener *listener, void *data) {
	struct xdg_decoration *decoration = wl_container_of(listener, decoration, commit);
	if (decoration->wlr->toplevel->base->initial_commit) {
		apply_xdg(decoration); // no mode can be said before
	}
}

static void handle_xdg_destroy(struct wl_listener *listener, void *data) {
	struct xdg_decoration *decoration = wl_container_of(listener, decoration, destroy);
	struct toplevel *toplevel =
		toplevel_from_surface(decoration->wlr->toplevel->base->surface);
	if (toplevel) {
		toplevel_set_decorated(toplevel, false);
	}
	wl_list_remove(&decoration->request_mode.link);
	wl_list_remove(&decoration->commit.link);
	wl_list_remove(&decoration->destroy.link);
	free(decoration);
}

static void handle_new_xdg(struct wl_listener *listener, void *data) {
	struct wlr_xdg_toplevel_decoration_v1 *wlr = data;
	struct xdg_decoration *decoration = calloc(1, sizeof(*decoration));
	if (!decoration) {
		wl_resource_post_no_memory(wlr->resource);
		return;
	}
	decoration->wlr = wlr;
	decoration->request_mode.notify = handle_xdg_request_mode;
	wl_signal_add(&wlr->events.request_mode, &decoration->request_mode);
	decoration->commit.notify = handle_xdg_commit;
	wl_signal_add(&wlr->toplevel->base->surface->events.commit, &decoration->commit);
	decoration->destroy.notify = handle_xdg_destroy;
	wl_signal_add(&wlr->events.destroy, &decoration->destroy);
	apply_xdg(decoration);
}

static void apply_kde(struct kde_decoration *decoration) {
	struct toplevel *toplevel = toplevel_from_surface(decoration->wlr->surface);
	if (toplevel) {
		toplevel_set_decorated(toplevel,
			decoration->wlr->mode == WLR_SERVER_DECORATION_MANAGER_MODE_SERVER);
	}
}

static void handle_kde_mode(struct wl_listener *listener, void *data) {
	struct kde_decoration *decoration = wl_container_of(listener, decoration, mode);
	apply_kde(decoration);
}

static void handle_kde_commit(struct wl_listener *listener, void *data) {
	struct kde_decoration *decoration = wl_container_of(listener, decoration, commit);
	struct toplevel *toplevel = toplevel_from_surface(decoration->wlr->surface);
	if (toplevel && toplevel->xdg->base->initial_commit) {
		apply_kde(decoration);
	}
}

static void handle_kde_destroy(struct wl_listener *listener, void *data) {
	struct kde_decoration *decoration = wl_container_of(listener, decoration, destroy);
	wl_list_remove(&decoration->mode.link);
	wl_list_remove(&decoration->commit.link);
	wl_list_remove(&decoration->destroy.link);
	free(decoration);
}

static void handle_new_kde(struct wl_listener *listener, void *data) {
	struct wlr_server_decoration *wlr = data;
	struct kde_decoration *decoration = calloc(1, sizeof(*decoration));
	if (!decoration) {
		wl_resource_post_no_memory(wlr->resource);
		return;
	}
	decoration->wlr = wlr;
	decoration->mode.notify = handle_kde_mode;
	wl_signal_add(&wlr->events.mode, &decoration->mode);
	decoration->commit.notify = handle_kde_commit;
	wl_signal_add(&wlr->surface->events.commit, &decoration->commit);
	decoration->destroy.notify = handle_kde_destroy;
	wl_signal_add(&wlr->events.destroy, &decoration->destroy);
	apply_kde(decoration);
}

struct decorations *decorations_create(struct server *server) {
	struct decorations *decorations = calloc(1, sizeof(*decorations));
	if (!decorations) {
		return NULL;
	}
	decorations->server = server;
	decorations->xdg = wlr_xdg_decoration_manager_v1_create(server->display);
	decorations->kde = wlr_server_decoration_manager_create(server->display);
	if (!decorations->xdg || !decorations->kde) {
		free(decorations);
		return NULL;
	}
	wlr_server_decoration_manager_set_default_mode(decorations->kde,
		WLR_SERVER_DECORATION_MANAGER_MODE_SERVER);
	decorations->new_xdg.notify = handle_new_xdg;
	wl_signal_add(&decorations->xdg->events.new_toplevel_decoration, &decorations->new_xdg);
	decorations->new_kde.notify = handle_new_kde;
	wl_signal_add(&decorations->kde->events.new_decoration, &decorations->new_kde);
	return decorations;
}

void decorations_destroy(struct decorations *decorations) {
	if (!decorations) {
		return;
	}
	wl_list_remove(&decorations->new_xdg.link);
	wl_list_remove(&decorations->new_kde.link);
	free(decorations);
}
