/* SPDX-License-Identifier: MIT */
/*
 * window_configure.c - the sizes the compositor gives, and those pictures have. A size is acknowledged
 * together with the picture that has it: until then the window stays as it is, and no picture is ever
 * stretched into a size that is not its own. How sizes become places is shape.c's and fit.c's.
 */
#include "boxview/window_impl.h"

#include <string.h>

#include "xdg-shell-client-protocol.h"

#define HOLD_NS 500000000 // a configure waits so long for the picture of its size

static void take_configure(struct window *window, int index, int64_t now) {
	const struct configure configure = window->held[index];
	window->held_count -= index + 1;
	memmove(window->held, &window->held[index + 1],
		(size_t)window->held_count * sizeof(window->held[0]));
	window->held_until = window->held_count > 0 ? now + HOLD_NS : 0;
	xdg_surface_ack_configure(window->xdg_surface, configure.serial);
	shape_configure(&window->shape, configure.width, configure.height, configure.bound, now);
}

static bool is_within(const struct source_limits *limits, const struct configure *configure) {
	return configure->width >= limits->min_width && configure->height >= limits->min_height &&
		(limits->max_width == 0 || configure->width <= limits->max_width) &&
		(limits->max_height == 0 || configure->height <= limits->max_height);
}

// Whether a picture of that size is to be awaited.
static bool is_new_size(const struct window *window, const struct configure *configure) {
	const struct shape *shape = &window->shape;
	bool same = configure->width == shape->width && configure->height == shape->height;
	bool there = configure->width == shape->picture_width &&
		configure->height == shape->picture_height;
	return window->mapped && configure->width > 0 && configure->height > 0 && !same && !there &&
		is_within(&window->limits, configure);
}

static void hold_configure(struct window *window, const struct configure *configure, int64_t now) {
	if (window->held_count == CONFIGURES_MAX) {
		memmove(window->held, window->held + 1, (CONFIGURES_MAX - 1) * sizeof(window->held[0]));
		window->held_count--;
	}
	window->held[window->held_count++] = *configure;
	if (window->held_until == 0) {
		window->held_until = now + HOLD_NS;
	}
}

void window_take_picture(struct window *window, int width, int height, uint32_t scale, int64_t now) {
	struct shape *shape = &window->shape;
	window->drawn.width = width;
	window->drawn.height = height;
	window->drawn.scale = scale;
	width = fit_units(width, scale);
	height = fit_units(height, scale);
	int index = window->held_count - 1;
	while (index >= 0 && (window->held[index].width != width ||
			window->held[index].height != height)) {
		index--;
	}
	if (index < 0 && (width != shape->picture_width || height != shape->picture_height)) {
		index = window->held_count - 1;
	}
	if (index >= 0) {
		take_configure(window, index, now);
	}
	shape_picture(shape, width, height, now);
}

void window_know_scale(struct window *window, int width, int height, uint32_t scale) {
	struct picture *pending = window->pending;
	if (pending && pending->window_width == width && pending->window_height == height) {
		pending->scale = scale;
	}
	if (window->drawn.width == width && window->drawn.height == height &&
			window->drawn.scale != scale) {
		window_take_picture(window, width, height, scale, window_now());
		window_relayout(window);
	}
}

static void toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
		int32_t height, struct wl_array *states) {
	struct window *window = data;
	window->coming.width = width;
	window->coming.height = height;
	window->coming.bound = window->coming.suspended = false;
	uint32_t *state;
	wl_array_for_each(state, states) {
		switch (*state) {
		case XDG_TOPLEVEL_STATE_MAXIMIZED:
		case XDG_TOPLEVEL_STATE_FULLSCREEN:
		case XDG_TOPLEVEL_STATE_TILED_LEFT:
		case XDG_TOPLEVEL_STATE_TILED_RIGHT:
		case XDG_TOPLEVEL_STATE_TILED_TOP:
		case XDG_TOPLEVEL_STATE_TILED_BOTTOM:
			window->coming.bound = true;
			break;
		case XDG_TOPLEVEL_STATE_SUSPENDED:
			window->coming.suspended = true;
			break;
		}
	}
}

static void toplevel_close(void *data, struct xdg_toplevel *toplevel) {
	struct window *window = data;
	window->events->close(window->data);
}

static void toplevel_configure_bounds(void *data, struct xdg_toplevel *toplevel, int32_t width,
		int32_t height) {
}

static void toplevel_wm_capabilities(void *data, struct xdg_toplevel *toplevel,
		struct wl_array *capabilities) {
}

const struct xdg_toplevel_listener window_toplevel_listener = {
	.configure = toplevel_configure,
	.close = toplevel_close,
	.configure_bounds = toplevel_configure_bounds,
	.wm_capabilities = toplevel_wm_capabilities,
};

static void xdg_surface_configure(void *data, struct xdg_surface *xdg_surface, uint32_t serial) {
	struct window *window = data;
	const struct configure configure = {
		.serial = serial,
		.width = window->coming.width,
		.height = window->coming.height,
		.bound = window->coming.bound,
	};
	int64_t now = window_now();
	bool hold = is_new_size(window, &configure);
	window->configured = true;
	hold_configure(window, &configure, now);
	if (!hold) {
		take_configure(window, window->held_count - 1, now);
	}
	if (window->coming.width > 0 && window->coming.height > 0) {
		window->events->size(window->data, window->coming.width, window->coming.height);
	}
	if (window->visible == window->coming.suspended) {
		window->visible = !window->coming.suspended;
		window->events->visible(window->data, window->visible);
	}
	if (!hold && window->mapped && window_is_placed(window)) {
		wl_surface_commit(window->surface);
	} else if (!hold) {
		window_relayout(window);
	}
	window_draw(window);
}

const struct xdg_surface_listener window_xdg_surface_listener = {
	.configure = xdg_surface_configure,
};

int64_t window_deadline(const struct window *window) {
	int64_t deadline = shape_deadline(&window->shape);
	bool sooner = window->held_until != 0 && (deadline == 0 || window->held_until < deadline);
	return sooner ? window->held_until : deadline;
}

void window_check(struct window *window, int64_t now) {
	if (window->held_until != 0 && now >= window->held_until) {
		take_configure(window, window->held_count - 1, now);
	}
	shape_check(&window->shape, now);
	if (window->mapped && !window_is_placed(window)) {
		window_relayout(window);
	}
}
