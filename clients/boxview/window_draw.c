/* SPDX-License-Identifier: MIT */
/*
 * window_draw.c - lays the window out, and draws the newest picture when it can be drawn: through a
 * presenter (presenter_*.c), or handed to the compositor as it is (direct.c). Which sizes there are is
 * window_configure.c's.
 */
#include "boxview/window_impl.h"

#include <wayland-client.h>

#include "box-view-v1-client-protocol.h"
#include "viewporter-client-protocol.h"

#define HIDDEN_NS 200000000 // a frame callback so late tells that nobody looks,
#define HIDDEN_DRAW_NS 1000000000 // and then this is often enough

static void frame_done(void *data, struct wl_callback *callback, uint32_t time) {
	struct window *window = data;
	wl_callback_destroy(window->frame);
	window->frame = NULL;
	window_draw(window);
}

static const struct wl_callback_listener frame_listener = {
	.done = frame_done,
};

/* Sets sizes and places. The picture's take effect with its commit, all with the window's. */
static void window_place(struct window *window) {
	const struct shape *shape = &window->shape;
	fit_compute(&window->fit, shape->width, shape->height, shape->picture_width,
		shape->picture_height, shape->asked_width == 0);
	const struct fit *fit = &window->fit;
	if (!window->mapped) {
		wl_surface_attach(window->surface, window->black.buffer, 0, 0);
		wl_surface_damage_buffer(window->surface, 0, 0, 1, 1);
		window->mapped = true;
	}
	wp_viewport_set_destination(window->viewport, fit->width, fit->height);
	wl_subsurface_set_position(window->video_subsurface, fit->x, fit->y);
	wp_viewport_set_destination(window->video_viewport, fit->shown_width, fit->shown_height);
	struct wl_region *opaque = wl_compositor_create_region(window->globals->compositor);
	wl_region_add(opaque, 0, 0, fit->width, fit->height);
	wl_surface_set_opaque_region(window->surface, opaque);
	wl_surface_set_opaque_region(window->video, opaque); // clipped to it
	wl_region_destroy(opaque);
	overlay_set(&window->overlay, window->sentence, fit->width, fit->height, window->scale / 120.0);
}

bool window_is_placed(const struct window *window) {
	const struct shape *shape = &window->shape;
	return window->mapped && window->fit.width == shape->width &&
		window->fit.height == shape->height &&
		window->fit.picture_width == shape->picture_width &&
		window->fit.picture_height == shape->picture_height &&
		window->fit.larger == (shape->asked_width == 0);
}

/* How many of the screen the picture is shown on; its own, where no scale is said. */
static void find_pixels(const struct window *window, int own_width, int own_height, int *width,
		int *height) {
	bool known = window->fractional_scale;
	*width = known ? fit_pixels(window->fit.shown_width, window->scale, own_width) : own_width;
	*height = known ? fit_pixels(window->fit.shown_height, window->scale, own_height) : own_height;
}

/* Draws it for the screen. One that cannot be read is left out. false: nothing can be drawn. */
static bool draw_on(struct window *window, struct picture *picture) {
	int width, height;
	find_pixels(window, picture->visible_width, picture->visible_height, &width, &height);
	if (window->handed) {
		picture_unref(window->handed);
		window->handed = NULL;
		wl_fixed_t none = wl_fixed_from_int(-1);
		wp_viewport_set_source(window->video_viewport, none, none, none, none);
	}
	return !picture_map(picture) ||
		window->presenter->impl->draw(window->presenter, picture, width, height);
}

/* Gives it to the compositor as it is. false: it has to be drawn, or is scaled better here. */
static bool hand_over(struct window *window, struct picture *picture) {
	int own_width = picture->visible_width, own_height = picture->visible_height, width, height;
	find_pixels(window, own_width, own_height, &width, &height);
	bool scaled = width != own_width || height != own_height;
	if (!window->direct || !picture->hand_out || (scaled && window->presenter->impl->draw_again)) {
		return false;
	}
	wp_viewport_set_source(window->video_viewport, 0, 0, wl_fixed_from_int(own_width),
		wl_fixed_from_int(own_height));
	if (!direct_show(window->direct, picture)) {
		wl_fixed_t none = wl_fixed_from_int(-1);
		wp_viewport_set_source(window->video_viewport, none, none, none, none);
		return false;
	}
	picture_unref(window->handed);
	window->handed = picture_ref(picture);
	return true;
}

static bool draw_picture(struct window *window, struct picture *picture) {
	const struct globals *globals = window->globals;
	if (globals->box_view) {
		box_view_v1_shown(globals->box_view, picture->sequence, picture->capture_ns >> 32,
			picture->capture_ns & 0xffffffff);
	}
	struct window_shown *shown = window_ask_feedback(window, picture);
	if (!window->frame) {
		window->frame = wl_surface_frame(window->video);
		wl_callback_add_listener(window->frame, &frame_listener, window);
		window->frame_asked_at = window_now();
	}
	window->drawn.own_width = picture->visible_width;
	window->drawn.own_height = picture->visible_height;
	bool drawn = hand_over(window, picture) || draw_on(window, picture);
	if (shown) {
		shown->drawn_ns = window_now();
	}
	return drawn;
}

static void handle_ready(void *data) {
	window_draw(data);
}

const struct presenter_events window_presenter_events = {
	.ready = handle_ready,
};

/* After a GPU that was lost, mostly. */
static bool draw_plainly(struct window *window, struct picture *picture) {
	presenter_destroy(window->presenter);
	window->presenter = presenter_create(PRESENTER_SHM, window->globals, window->video,
		&window_presenter_events, window);
	return window->presenter && draw_picture(window, picture);
}

void window_draw(struct window *window) {
	int64_t now = window_now();
	bool hidden = window->frame && now - window->frame_asked_at > HIDDEN_NS &&
		now - window->drawn_at < HIDDEN_DRAW_NS;
	if (!window->pending || !window->configured || window->failed || hidden ||
			!window->presenter->impl->ready(window->presenter)) {
		return;
	}
	struct picture *picture = window->pending;
	window->pending = NULL;
	window_take_picture(window, picture->window_width, picture->window_height, picture->scale, now);
	bool place = !window_is_placed(window);
	if (place) {
		wl_subsurface_set_sync(window->video_subsurface);
		window_place(window);
	}
	bool drawn = draw_picture(window, picture) || draw_plainly(window, picture);
	if (place) {
		wl_surface_commit(window->surface);
		wl_subsurface_set_desync(window->video_subsurface);
	}
	window->drawn_at = now;
	if (drawn) {
		window->events->drawn(window->data, picture);
	} else {
		window->failed = true;
		window->events->failed(window->data);
	}
	picture_unref(picture);
}

/* For other pixels of the screen. false: what is shown stays. */
static bool draw_again(struct window *window) {
	const struct presenter_impl *impl = window->presenter ? window->presenter->impl : NULL;
	int own_width = window->drawn.own_width, own_height = window->drawn.own_height, width, height;
	find_pixels(window, own_width, own_height, &width, &height);
	if (!impl || !impl->draw_again || (window->handed && width == own_width && height == own_height)) {
		return false;
	}
	if (!window->handed) {
		return impl->draw_again(window->presenter, width, height);
	}
	struct picture *picture = picture_ref(window->handed);
	bool drawn = picture_map(picture) && draw_on(window, picture);
	picture_unref(picture);
	return drawn;
}

void window_relayout(struct window *window) {
	if (!window->mapped) {
		return;
	}
	wl_subsurface_set_sync(window->video_subsurface);
	window_place(window);
	if (!draw_again(window)) {
		wl_surface_commit(window->video);
	}
	wl_surface_commit(window->surface);
	wl_subsurface_set_desync(window->video_subsurface);
}

void window_show(struct window *window, struct picture *picture) {
	const struct picture *missed = window->pending;
	if (missed && picture->canvas && missed->canvas) {
		tiles_unite(&picture->changed, &missed->changed);
	}
	picture_unref(window->pending);
	window->pending = picture;
	window_draw(window);
}
