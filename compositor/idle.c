/* SPDX-License-Identifier: MIT */
/*
 * idle.c - ext-idle-notify, and idle-inhibit by windows that can be seen.
 */
#include "idle.h"

#include <stdlib.h>
#include <time.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_idle_inhibit_v1.h>
#include <wlr/types/wlr_idle_notify_v1.h>

#include "seat.h"
#include "server.h"
#include "toplevel.h"

struct idle {
	struct server *server;
	struct wlr_idle_notifier_v1 *notifier;
	struct wlr_idle_inhibit_manager_v1 *manager;
	struct wl_list inhibitors; // inhibitor.link
	struct wl_listener new_inhibitor;
	struct wl_signal returned;
	time_t active; // CLOCK_MONOTONIC; 0: never yet
};

struct inhibitor {
	struct idle *idle;
	struct wl_list link; // idle.inhibitors
	struct wlr_idle_inhibitor_v1 *wlr;
	struct wl_listener map, unmap, destroy;
};

static void update(struct idle *idle) {
	bool inhibited = false;
	struct inhibitor *inhibitor;
	wl_list_for_each(inhibitor, &idle->inhibitors, link) {
		struct wlr_surface *root = wlr_surface_get_root_surface(inhibitor->wlr->surface);
		struct toplevel *toplevel = toplevel_from_surface(root);
		inhibited |= root->mapped && !(toplevel && toplevel->minimised);
	}
	wlr_idle_notifier_v1_set_inhibited(idle->notifier, inhibited);
}

void idle_activity(struct idle *idle) {
	// A window may have been minimised meanwhile; this is soon enough to see it.
	update(idle);
	wlr_idle_notifier_v1_notify_activity(idle->notifier, idle->server->seat->wlr);
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	bool rested = idle->active == 0 || now.tv_sec - idle->active >= IDLE_REST_S;
	idle->active = now.tv_sec > 0 ? now.tv_sec : 1;
	if (rested) {
		wl_signal_emit_mutable(&idle->returned, NULL);
	}
}

struct wl_signal *idle_returned(struct idle *idle) {
	return &idle->returned;
}

static void inhibitor_destroy(struct inhibitor *inhibitor) {
	wl_list_remove(&inhibitor->link);
	wl_list_remove(&inhibitor->map.link);
	wl_list_remove(&inhibitor->unmap.link);
	wl_list_remove(&inhibitor->destroy.link);
	free(inhibitor);
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct inhibitor *inhibitor = wl_container_of(listener, inhibitor, destroy);
	struct idle *idle = inhibitor->idle;
	inhibitor_destroy(inhibitor);
	update(idle);
}

static void handle_map(struct wl_listener *listener, void *data) {
	struct inhibitor *inhibitor = wl_container_of(listener, inhibitor, map);
	update(inhibitor->idle);
}

static void handle_unmap(struct wl_listener *listener, void *data) {
	struct inhibitor *inhibitor = wl_container_of(listener, inhibitor, unmap);
	update(inhibitor->idle);
}

static void handle_new_inhibitor(struct wl_listener *listener, void *data) {
	struct idle *idle = wl_container_of(listener, idle, new_inhibitor);
	struct wlr_idle_inhibitor_v1 *wlr = data;
	struct inhibitor *inhibitor = calloc(1, sizeof(*inhibitor));
	if (!inhibitor) {
		return;
	}
	inhibitor->idle = idle;
	inhibitor->wlr = wlr;
	wl_list_insert(&idle->inhibitors, &inhibitor->link);
	inhibitor->map.notify = handle_map;
	wl_signal_add(&wlr->surface->events.map, &inhibitor->map);
	inhibitor->unmap.notify = handle_unmap;
	wl_signal_add(&wlr->surface->events.unmap, &inhibitor->unmap);
	inhibitor->destroy.notify = handle_destroy;
	wl_signal_add(&wlr->events.destroy, &inhibitor->destroy);
	update(idle);
}

struct idle *idle_create(struct server *server) {
	struct idle *idle = calloc(1, sizeof(*idle));
	if (!idle) {
		return NULL;
	}
	idle->server = server;
	wl_list_init(&idle->inhibitors);
	wl_signal_init(&idle->returned);
	idle->notifier = wlr_idle_notifier_v1_create(server->display);
	idle->manager = wlr_idle_inhibit_v1_create(server->display);
	if (!idle->notifier || !idle->manager) {
		free(idle);
		return NULL;
	}
	idle->new_inhibitor.notify = handle_new_inhibitor;
	wl_signal_add(&idle->manager->events.new_inhibitor, &idle->new_inhibitor);
	return idle;
}

void idle_destroy(struct idle *idle) {
	if (!idle) {
		return;
	}
	struct inhibitor *inhibitor, *next;
	wl_list_for_each_safe(inhibitor, next, &idle->inhibitors, link) {
		inhibitor_destroy(inhibitor);
	}
	wl_list_remove(&idle->new_inhibitor.link);
	free(idle);
}
