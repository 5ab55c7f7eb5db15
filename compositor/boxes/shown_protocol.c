/* SPDX-License-Identifier: MIT */
/*
 * shown_protocol.c - box_view_v1, the compositor's side: which client is which view, whose dialog it
 * is, and what it shows at this moment.
 */
#include <stdlib.h>
#include <string.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "box-view-v1-protocol.h"
#include "box/utf8.h"
#include "boxes/shown_impl.h"
#include "server.h"

#define VERSION 2
#define STATS_MAX 2048
#define LOST_MAX 400

/* A resource's own data. */
struct attachment {
	struct shown_list *list;
	struct shown *shown; // NULL: no view of ours, or not yet
};

static struct shown *shown_from(struct wl_resource *resource) {
	struct attachment *attachment = wl_resource_get_user_data(resource);
	return attachment->shown;
}

/* The window. */

static void forget_window(struct shown *shown) {
	wl_list_remove(&shown->xdg_destroy.link);
	wl_list_init(&shown->xdg_destroy.link);
	wl_list_remove(&shown->xdg_map.link);
	wl_list_init(&shown->xdg_map.link);
	shown->xdg = NULL;
}

static void handle_xdg_destroy(struct wl_listener *listener, void *data) {
	struct shown *shown = wl_container_of(listener, shown, xdg_destroy);
	forget_window(shown);
}

// A key is known to those alone whom the display told it, and is good for their own views only.
static bool is_parent(const struct shown *shown, const struct shown *of) {
	return shown->xdg && of->xdg && shown != of && strcmp(of->parent, shown->key) == 0 &&
		strcmp(of->by, shown->by) == 0;
}

static void join_windows(struct shown *shown) {
	struct shown *other;
	wl_list_for_each(other, &shown->list->list, link) {
		if (is_parent(other, shown)) {
			wlr_xdg_toplevel_set_parent(shown->xdg, other->xdg);
		} else if (is_parent(shown, other)) {
			wlr_xdg_toplevel_set_parent(other->xdg, shown->xdg);
		}
	}
}

// wlroots takes no parent that is not mapped, and whose picture comes first is chance.
static void handle_xdg_map(struct wl_listener *listener, void *data) {
	struct shown *shown = wl_container_of(listener, shown, xdg_map);
	join_windows(shown);
}

static void know_window(struct shown *shown, struct wl_resource *resource) {
	struct wlr_surface *surface = wlr_surface_from_resource(resource);
	shown->xdg = wlr_xdg_toplevel_try_from_wlr_surface(surface);
	if (!shown->xdg) {
		return;
	}
	shown->xdg_destroy.notify = handle_xdg_destroy;
	wl_signal_add(&shown->xdg->events.destroy, &shown->xdg_destroy);
	shown->xdg_map.notify = handle_xdg_map;
	wl_signal_add(&surface->events.map, &shown->xdg_map);
	join_windows(shown);
}

void shown_detach(struct shown *shown) {
	forget_window(shown);
	if (shown->resource) {
		struct attachment *attachment = wl_resource_get_user_data(shown->resource);
		attachment->shown = NULL;
		shown->resource = NULL;
	}
}

static void handle_destroy(struct wl_client *client, struct wl_resource *resource) {
	wl_resource_destroy(resource);
}

static void handle_resource_destroy(struct wl_resource *resource) {
	struct attachment *attachment = wl_resource_get_user_data(resource);
	if (attachment->shown) {
		attachment->shown->resource = NULL;
		forget_window(attachment->shown);
	}
	free(attachment);
}

static void handle_attach(struct wl_client *client, struct wl_resource *resource, const char *key,
		struct wl_resource *surface) {
	struct attachment *attachment = wl_resource_get_user_data(resource);
	struct shown *shown;
	if (attachment->shown) {
		return;
	}
	wl_list_for_each(shown, &attachment->list->list, link) {
		if (strcmp(shown->key, key) == 0 && !shown->resource) {
			shown->resource = resource;
			attachment->shown = shown;
			know_window(shown, surface);
			return;
		}
	}
}

static void handle_shown(struct wl_client *client, struct wl_resource *resource, uint32_t sequence,
		uint32_t hi, uint32_t lo) {
	struct shown *shown = shown_from(resource);
	if (shown) {
		// The commit comes in the same breath: nobody can ask in between.
		shown->sequence = sequence;
		shown->capture_ns = (uint64_t)hi << 32 | lo;
	}
}

static void handle_stats(struct wl_client *client, struct wl_resource *resource,
		const char *text) {
	struct shown *shown = shown_from(resource);
	if (shown && strlen(text) <= STATS_MAX) {
		free(shown->stats);
		shown->stats = strdup(text);
		box_changed(box_inner(shown->box, "stats"));
	}
}

static void handle_lost(struct wl_client *client, struct wl_resource *resource,
		const char *sentence) {
	struct shown *shown = shown_from(resource);
	size_t size = strlen(sentence);
	if (shown && size <= LOST_MAX && utf8_plain(sentence, size)) {
		free(shown->lost);
		shown->lost = strdup(sentence);
	}
}

static const struct box_view_v1_interface implementation = {
	.destroy = handle_destroy,
	.attach = handle_attach,
	.shown = handle_shown,
	.stats = handle_stats,
	.lost = handle_lost,
};

static void bind(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
	struct attachment *attachment = calloc(1, sizeof(*attachment));
	struct wl_resource *resource = attachment ?
		wl_resource_create(client, &box_view_v1_interface, (int)version, id) : NULL;
	if (!resource) {
		free(attachment);
		wl_client_post_no_memory(client);
		return;
	}
	attachment->list = data;
	wl_resource_set_implementation(resource, &implementation, attachment,
		handle_resource_destroy);
}

void shown_send_exchange(struct shown *shown, int fd) {
	box_view_v1_send_exchange(shown->resource, fd);
}

bool shown_protocol_create(struct shown_list *list) {
	list->global = wl_global_create(list->env->server->display, &box_view_v1_interface, VERSION,
		list, bind);
	return list->global;
}
