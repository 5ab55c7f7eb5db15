/* SPDX-License-Identifier: MIT */
/*
 * popups.c - popups in a scene of a window alone.
 *
 * Where a popup is, and that it goes, is wlroots' business; keeping it within its window is popup.c's.
 */
#include "stream/popups.h"

#include <stdlib.h>
#include <wlr/types/wlr_scene.h>
#include <wlr/types/wlr_xdg_shell.h>

#include "stream/commits.h"

#define LOG_MODULE "popups"
#include "base/log.h"

struct popup_parent {
	struct wl_list link; // popups.parents
	struct popups *popups;
	struct wlr_scene_tree *tree;
	struct wl_listener new_popup, destroy;
};

static void watch(struct popups *popups, struct wlr_xdg_surface *surface,
	struct wlr_scene_tree *tree);

static void parent_destroy(struct popup_parent *parent) {
	wl_list_remove(&parent->new_popup.link);
	wl_list_remove(&parent->destroy.link);
	wl_list_remove(&parent->link);
	free(parent);
}

static void adopt(struct popup_parent *parent, struct wlr_xdg_popup *popup) {
	struct wlr_scene_tree *tree = wlr_scene_xdg_surface_create(parent->tree, popup->base);
	if (tree) {
		watch(parent->popups, popup->base, tree);
	} else {
		log_error("a popup is missing from a view: out of memory");
	}
}

static void handle_new_popup(struct wl_listener *listener, void *data) {
	struct popup_parent *parent = wl_container_of(listener, parent, new_popup);
	adopt(parent, data);
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct popup_parent *parent = wl_container_of(listener, parent, destroy);
	parent_destroy(parent);
}

static void watch(struct popups *popups, struct wlr_xdg_surface *surface,
		struct wlr_scene_tree *tree) {
	struct popup_parent *parent = calloc(1, sizeof(*parent));
	if (!parent) {
		log_error("popups are missing from a view: out of memory");
		return;
	}
	commits_watch(popups->commits, surface->surface);
	parent->popups = popups;
	parent->tree = tree;
	wl_list_insert(&popups->parents, &parent->link);
	parent->new_popup.notify = handle_new_popup;
	wl_signal_add(&surface->events.new_popup, &parent->new_popup);
	parent->destroy.notify = handle_destroy;
	wl_signal_add(&surface->events.destroy, &parent->destroy);
	struct wlr_xdg_popup *popup;
	wl_list_for_each(popup, &surface->popups, link) {
		adopt(parent, popup);
	}
}

void popups_init(struct popups *popups, struct wlr_xdg_surface *surface,
		struct wlr_scene_tree *tree, struct commits *commits) {
	wl_list_init(&popups->parents);
	popups->commits = commits;
	watch(popups, surface, tree);
}

void popups_finish(struct popups *popups) {
	struct popup_parent *parent, *next;
	wl_list_for_each_safe(parent, next, &popups->parents, link) {
		parent_destroy(parent);
	}
}
