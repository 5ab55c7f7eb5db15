/* SPDX-License-Identifier: MIT */
/*
 * commits.c - see commits.h. That a commit is captured is capture.c's affair.
 */
#include "stream/commits.h"

#include <stdlib.h>
#include <time.h>
#include <wlr/types/wlr_compositor.h>
#include <wlr/types/wlr_subcompositor.h>

struct watched {
	struct wl_list link; // commits.surfaces
	struct commits *commits;
	struct wl_listener commit, new_subsurface, destroy;
};

static void watch(struct commits *commits, struct wlr_surface *surface, struct wl_signal *destroy);

static void watched_destroy(struct watched *watched) {
	wl_list_remove(&watched->commit.link);
	wl_list_remove(&watched->new_subsurface.link);
	wl_list_remove(&watched->destroy.link);
	wl_list_remove(&watched->link);
	free(watched);
}

// Not one that only asks for a frame callback, or says what is opaque.
static void handle_commit(struct wl_listener *listener, void *data) {
	struct watched *watched = wl_container_of(listener, watched, commit);
	const struct wlr_surface *surface = data;
	if (surface->current.committed & (WLR_SURFACE_STATE_BUFFER | WLR_SURFACE_STATE_SURFACE_DAMAGE |
			WLR_SURFACE_STATE_BUFFER_DAMAGE)) {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		watched->commits->last_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	}
}

static void handle_new_subsurface(struct wl_listener *listener, void *data) {
	struct watched *watched = wl_container_of(listener, watched, new_subsurface);
	struct wlr_subsurface *subsurface = data;
	watch(watched->commits, subsurface->surface, &subsurface->events.destroy);
}

static void handle_destroy(struct wl_listener *listener, void *data) {
	struct watched *watched = wl_container_of(listener, watched, destroy);
	watched_destroy(watched);
}

static void watch(struct commits *commits, struct wlr_surface *surface, struct wl_signal *destroy) {
	struct watched *watched = calloc(1, sizeof(*watched));
	if (!watched) {
		return; // a number that is not told
	}
	watched->commits = commits;
	wl_list_insert(&commits->surfaces, &watched->link);
	watched->commit.notify = handle_commit;
	wl_signal_add(&surface->events.commit, &watched->commit);
	watched->new_subsurface.notify = handle_new_subsurface;
	wl_signal_add(&surface->events.new_subsurface, &watched->new_subsurface);
	watched->destroy.notify = handle_destroy;
	wl_signal_add(destroy, &watched->destroy);
	struct wlr_subsurface *subsurface;
	wl_list_for_each(subsurface, &surface->current.subsurfaces_below, current.link) {
		watch(commits, subsurface->surface, &subsurface->events.destroy);
	}
	wl_list_for_each(subsurface, &surface->current.subsurfaces_above, current.link) {
		watch(commits, subsurface->surface, &subsurface->events.destroy);
	}
}

void commits_init(struct commits *commits) {
	wl_list_init(&commits->surfaces);
	commits->last_ns = 0;
}

void commits_watch(struct commits *commits, struct wlr_surface *surface) {
	watch(commits, surface, &surface->events.destroy);
}

int64_t commits_take(struct commits *commits) {
	int64_t last = commits->last_ns;
	commits->last_ns = 0;
	return last;
}

void commits_finish(struct commits *commits) {
	struct watched *watched, *next;
	wl_list_for_each_safe(watched, next, &commits->surfaces, link) {
		watched_destroy(watched);
	}
}
