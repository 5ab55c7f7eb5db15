/* SPDX-License-Identifier: MIT */
/*
 * window.c - the toplevel: a black surface with the picture as a subsurface in its middle, so that the
 * proportions are kept whatever size the compositor gives, and a veil above for sentences.
 *
 * Not here: sizes (window_configure.c), drawing (window_draw.c), when a picture was seen
 * (window_feedback.c), devices (seat.c).
 */
#include "boxview/window_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wayland-client.h>

#include "fractional-scale-v1-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define LOG_MODULE "window"
#include "base/log.h"

int64_t window_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void handle_preferred_scale(void *data, struct wp_fractional_scale_v1 *object,
		uint32_t scale) {
	struct window *window = data;
	window->scale = scale;
	window->events->scale(window->data, scale);
	window_relayout(window);
}

static const struct wp_fractional_scale_v1_listener fractional_scale_listener = {
	.preferred_scale = handle_preferred_scale,
};

static void create_surfaces(struct window *window) {
	const struct globals *globals = window->globals;
	window->surface = wl_compositor_create_surface(globals->compositor);
	window->viewport = wp_viewporter_get_viewport(globals->viewporter, window->surface);
	if (globals->fractional_scale) {
		window->fractional_scale = wp_fractional_scale_manager_v1_get_fractional_scale(
			globals->fractional_scale, window->surface);
		wp_fractional_scale_v1_add_listener(window->fractional_scale,
			&fractional_scale_listener, window);
	}
	window->video = wl_compositor_create_surface(globals->compositor);
	window->video_subsurface = wl_subcompositor_get_subsurface(globals->subcompositor,
		window->video, window->surface);
	window->video_viewport = wp_viewporter_get_viewport(globals->viewporter, window->video);
	struct wl_region *nothing = wl_compositor_create_region(globals->compositor);
	wl_surface_set_input_region(window->video, nothing); // points are the window's
	wl_region_destroy(nothing);
	overlay_init(&window->overlay, globals, window->surface);
	panel_init(&window->panel, globals);

	window->xdg_surface = xdg_wm_base_get_xdg_surface(globals->wm_base, window->surface);
	xdg_surface_add_listener(window->xdg_surface, &window_xdg_surface_listener, window);
	window->toplevel = xdg_surface_get_toplevel(window->xdg_surface);
	xdg_toplevel_add_listener(window->toplevel, &window_toplevel_listener, window);
	if (globals->decoration) {
		window->decoration = zxdg_decoration_manager_v1_get_toplevel_decoration(
			globals->decoration, window->toplevel);
		zxdg_toplevel_decoration_v1_set_mode(window->decoration,
			ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
	}
}

struct window *window_create(const struct globals *globals, enum presenter_choice choice,
		const struct window_events *events, void *data) {
	struct window *window = calloc(1, sizeof(*window));
	if (!window) {
		log_errno("no window");
		return NULL;
	}
	window->globals = globals;
	window->events = events;
	window->data = data;
	window->visible = true;
	window->scale = 120;
	wl_list_init(&window->feedbacks);
	if (!shm_buffer_init(&window->black, globals, 1, 1, WL_SHM_FORMAT_XRGB8888)) {
		log_errno("no window");
		free(window);
		return NULL;
	}
	create_surfaces(window);
	window->presenter =
		presenter_create(choice, globals, window->video, &window_presenter_events, window);
	if (!window->presenter) {
		window_destroy(window);
		return NULL;
	}
	if (choice == PRESENTER_BEST) {
		window->direct = direct_create(globals, window->video);
	}
	wl_surface_commit(window->surface); // the compositor answers with a configure
	return window;
}

void window_destroy(struct window *window) {
	if (!window) {
		return;
	}
	picture_unref(window->pending);
	window_forget_feedback(window);
	if (window->frame) {
		wl_callback_destroy(window->frame);
	}
	picture_unref(window->handed);
	direct_destroy(window->direct);
	presenter_destroy(window->presenter);
	panel_hide(&window->panel);
	window->overlay.drawn = window->overlay.drawn || window->panel.drawn;
	overlay_finish(&window->overlay); // and the fonts of both
	wp_viewport_destroy(window->video_viewport);
	wl_subsurface_destroy(window->video_subsurface);
	wl_surface_destroy(window->video);
	if (window->decoration) {
		zxdg_toplevel_decoration_v1_destroy(window->decoration);
	}
	if (window->fractional_scale) {
		wp_fractional_scale_v1_destroy(window->fractional_scale);
	}
	xdg_toplevel_destroy(window->toplevel);
	xdg_surface_destroy(window->xdg_surface);
	wp_viewport_destroy(window->viewport);
	wl_surface_destroy(window->surface);
	shm_buffer_finish(&window->black);
	free(window->sentence);
	free(window);
}

void window_set_title(struct window *window, const char *title) {
	xdg_toplevel_set_title(window->toplevel, title);
}

void window_set_app_id(struct window *window, const char *app_id) {
	xdg_toplevel_set_app_id(window->toplevel, app_id);
}

void window_set_limits(struct window *window, const struct source_limits *limits) {
	if (memcmp(limits, &window->limits, sizeof(*limits)) == 0) {
		return;
	}
	window->limits = *limits;
	xdg_toplevel_set_min_size(window->toplevel, limits->min_width, limits->min_height);
	xdg_toplevel_set_max_size(window->toplevel, limits->max_width, limits->max_height);
	if (window->mapped) {
		wl_surface_commit(window->surface);
	}
}

void window_set_sentence(struct window *window, const char *sentence) {
	char *copy = sentence ? strdup(sentence) : NULL;
	free(window->sentence);
	window->sentence = copy;
	window_relayout(window);
}

void window_set_panel(struct window *window, const struct panel_facts *facts) {
	bool was = window->panel.surface;
	if (facts && window->mapped) {
		panel_show(&window->panel, window->surface, facts, window->fit.width, window->fit.height,
			window->scale / 120.0);
	} else {
		panel_hide(&window->panel);
	}
	if (was != (window->panel.surface != NULL)) {
		wl_surface_commit(window->surface);
	}
}

void window_chord(struct window *window) {
	window->events->chord(window->data);
}

bool window_is_mapped(const struct window *window) {
	return window->mapped;
}

struct wl_surface *window_surface(const struct window *window) {
	return window->surface;
}

void window_point(const struct window *window, int32_t x, int32_t y, int32_t *view_x,
		int32_t *view_y) {
	if (!window->mapped) {
		*view_x = *view_y = 0;
		return;
	}
	fit_point(&window->fit, x, y, view_x, view_y);
}

const char *window_path(const struct window *window) {
	return window->handed ? "dmabuf" : window->presenter ? window->presenter->impl->name : "none";
}
