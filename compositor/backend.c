/* SPDX-License-Identifier: MIT */
/*
 * backend.c - the screens and devices we run on, and the renderer.
 *
 * Which outputs are lit and how is output.c; what devices do is input.c.
 */
#include "backend.h"

#include <glob.h>
#include <stdlib.h>
#include <wlr/backend.h>
#include <wlr/backend/headless.h>
#include <wlr/render/allocator.h>
#include <wlr/render/pixman.h>
#include <wlr/render/wlr_renderer.h>
#include <wlr/types/wlr_compositor.h>

#include "output.h"
#include "server.h"

#define LOG_MODULE "backend"
#include "base/log.h"

static void handle_backend_destroy(struct wl_listener *listener, void *data) {
	struct server *server = wl_container_of(listener, server, backend_destroy);
	wl_list_remove(&server->backend_destroy.link);
	wl_list_init(&server->backend_destroy.link);
	server->backend = NULL;
	log_info("what we were shown on is gone");
	server_stop(server);
}

static bool open_backend(struct server *server, const struct server_options *options) {
	if (options->headless_size == 0) {
		server->backend = wlr_backend_autocreate(server->loop, &server->session);
		if (!server->backend) {
			log_error("no screen to show on: run it inside a Wayland or X11 session, on a "
				"text console with a seat (seatd or logind), or with --headless 1280x720");
		}
		return server->backend != NULL;
	}
	server->backend = wlr_headless_backend_create(server->loop);
	if (!server->backend) {
		return false;
	}
	for (size_t i = 0; i < options->headless_size; i++) {
		if (!wlr_headless_add_output(server->backend,
				(unsigned)options->headless[i].width,
				(unsigned)options->headless[i].height)) {
			return false;
		}
	}
	return true;
}

/* wlroots logs an error for each thing it looks for in vain, so we look first. */
static bool has_gpu(struct server *server) {
	if (wlr_backend_get_drm_fd(server->backend) >= 0) {
		return true;
	}
	glob_t found;
	bool any = glob("/dev/dri/renderD*", GLOB_NOSORT, NULL, &found) == 0;
	if (any) {
		globfree(&found);
	}
	return any;
}

static struct wlr_renderer *make_renderer(struct server *server) {
	if (getenv("WLR_RENDERER")) {
		return wlr_renderer_autocreate(server->backend);
	}
	struct wlr_renderer *renderer = NULL;
	if (has_gpu(server)) {
		renderer = wlr_renderer_autocreate(server->backend);
		if (!renderer) {
			log_error("the GPU cannot be used, drawing without it");
		}
	}
	return renderer ? renderer : wlr_pixman_renderer_create();
}

static void handle_renderer_lost(struct wl_listener *listener, void *data);

static void watch_renderer(struct server *server) {
	server->renderer_lost.notify = handle_renderer_lost;
	wl_signal_add(&server->renderer->events.lost, &server->renderer_lost);
}

/* The GPU was reset: everything that was on it is made anew. */
static void handle_renderer_lost(struct wl_listener *listener, void *data) {
	struct server *server = wl_container_of(listener, server, renderer_lost);
	log_info("the GPU was reset, starting it again");
	struct wlr_renderer *renderer = make_renderer(server);
	struct wlr_allocator *allocator =
		renderer ? wlr_allocator_autocreate(server->backend, renderer) : NULL;
	if (!allocator) {
		log_error("the GPU did not come back");
		wlr_renderer_destroy(renderer);
		server_stop(server);
		return;
	}
	struct wlr_renderer *old_renderer = server->renderer;
	struct wlr_allocator *old_allocator = server->allocator;
	server->renderer = renderer;
	server->allocator = allocator;
	wl_list_remove(&server->renderer_lost.link);
	watch_renderer(server);
	wlr_compositor_set_renderer(server->compositor, renderer);
	struct output *output;
	wl_list_for_each(output, &server->outputs->list, link) {
		wlr_output_init_render(output->wlr, allocator, renderer);
	}
	wlr_allocator_destroy(old_allocator);
	wlr_renderer_destroy(old_renderer);
}

bool backend_init(struct server *server, const struct server_options *options) {
	wl_list_init(&server->backend_destroy.link);
	wl_list_init(&server->renderer_lost.link);
	if (!open_backend(server, options)) {
		return false;
	}
	server->backend_destroy.notify = handle_backend_destroy;
	wl_signal_add(&server->backend->events.destroy, &server->backend_destroy);

	server->renderer = make_renderer(server);
	if (!server->renderer) {
		log_error("nothing to draw with");
		return false;
	}
	watch_renderer(server);
	server->allocator = wlr_allocator_autocreate(server->backend, server->renderer);
	if (!server->allocator) {
		log_error("no memory that the screen can show");
		return false;
	}
	return true;
}

void backend_finish(struct server *server) {
	wl_list_remove(&server->backend_destroy.link);
	wl_list_remove(&server->renderer_lost.link);
	wlr_backend_destroy(server->backend);
	wlr_allocator_destroy(server->allocator);
	wlr_renderer_destroy(server->renderer);
	server->backend = NULL;
	server->allocator = NULL;
	server->renderer = NULL;
}
