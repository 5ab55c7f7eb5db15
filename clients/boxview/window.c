/* SPDX-License-Identifier: MIT */
/*
 * window.c - the toplevel: a black surface with the picture as a subsurface in its middle, so that the
 * proportions are kept whatever size the compositor gives, and a veil above for sentences.
 *
 * Not here: what a picture is drawn with (presenter_*.c) or handed to the compositor by (direct.c), sizes (shape.c, fit.c), devices (seat.c).
 */
#include "boxview/window.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wayland-client.h>

#include "boxview/direct.h"
#include "boxview/fit.h"
#include "boxview/overlay.h"
#include "boxview/shape.h"
#include "boxview/shm.h"

#include "box-view-v1-client-protocol.h"
#include "fractional-scale-v1-client-protocol.h"
#include "presentation-time-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define LOG_MODULE "window"
#include "base/log.h"

#define CONFIGURES_MAX 16
#define HOLD_NS 500000000  // a configure waits so long for the picture of its size
#define FEEDBACKS_MAX 16   // asked for and not answered: a hidden window's are not
#define HIDDEN_NS 200000000 // a frame callback so late tells that nobody looks,
#define HIDDEN_DRAW_NS 1000000000 // and then this is often enough

struct feedback {
	struct wl_list link; // window.feedbacks
	struct window *window;
	struct wp_presentation_feedback *object;
	struct window_shown shown;
};

struct configure {
	uint32_t serial;
	int width, height; // 0: as we like
	bool bound;
};

struct window {
	const struct globals *globals;
	const struct window_events *events;
	void *data;

	struct wl_surface *surface; // black, the size of the window
	struct wp_viewport *viewport;
	struct xdg_surface *xdg_surface;
	struct xdg_toplevel *toplevel;
	struct zxdg_toplevel_decoration_v1 *decoration;
	struct wp_fractional_scale_v1 *fractional_scale;
	struct shm_buffer black;
	struct wl_surface *video;
	struct wl_subsurface *video_subsurface;
	struct wp_viewport *video_viewport;
	struct overlay overlay;
	struct panel panel;
	char *sentence;
	uint32_t scale; // of the screen, in 120ths

	struct presenter *presenter;
	struct direct *direct; // NULL: all is drawn
	struct picture *handed; // what the compositor has, as it is; NULL: what was drawn
	struct picture *pending; // the newest that could not be drawn yet
	struct wl_callback *frame; // NULL: it has come
	int64_t frame_asked_at, drawn_at;
	struct wl_list feedbacks; // feedback.link
	uint32_t feedback_count;

	struct shape shape; // in units
	struct {
		int width, height; // in pixels, of the window
		uint32_t scale;
		int own_width, own_height; // of the picture, in its own
	} drawn; // last
	struct fit fit; // as it was laid out
	struct { // the configure being received
		int width, height;
		bool bound, suspended;
	} coming;
	struct configure held[CONFIGURES_MAX]; // not acknowledged yet, oldest first
	int held_count;
	int64_t held_until; // 0: none is
	struct source_limits limits;
	bool configured, mapped, visible, failed;
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// feedback

static void feedback_destroy(struct feedback *feedback) {
	wl_list_remove(&feedback->link);
	feedback->window->feedback_count--;
	wp_presentation_feedback_destroy(feedback->object);
	free(feedback);
}

static void feedback_sync_output(void *data, struct wp_presentation_feedback *object,
		struct wl_output *output) {
	struct feedback *feedback = data;
	feedback->shown.refresh_ns = screens_refresh_ns(&feedback->window->globals->screens, output);
}

static void feedback_presented(void *data, struct wp_presentation_feedback *object,
		uint32_t seconds_hi, uint32_t seconds_lo, uint32_t ns, uint32_t refresh,
		uint32_t sequence_hi, uint32_t sequence_lo, uint32_t flags) {
	struct feedback *feedback = data;
	struct window *window = feedback->window;
	int64_t at = (int64_t)((uint64_t)seconds_hi << 32 | seconds_lo) * 1000000000 + ns;
	if (window->globals->presentation_clock != CLOCK_MONOTONIC) {
		at = now_ns();
	}
	struct window_shown shown = feedback->shown;
	shown.at_ns = at;
	shown.refresh_ns = refresh > 0 ? refresh : shown.refresh_ns;
	feedback_destroy(feedback);
	window->events->presented(window->data, &shown);
}

static void feedback_discarded(void *data, struct wp_presentation_feedback *object) {
	struct feedback *feedback = data;
	struct window *window = feedback->window;
	const struct window_shown shown = feedback->shown;
	feedback_destroy(feedback);
	window->events->presented(window->data, &shown);
}

static const struct wp_presentation_feedback_listener feedback_listener = {
	.sync_output = feedback_sync_output,
	.presented = feedback_presented,
	.discarded = feedback_discarded,
};

/* NULL: not asked. */
static struct feedback *ask_feedback(struct window *window, const struct picture *picture) {
	if (!window->globals->presentation || window->feedback_count == FEEDBACKS_MAX) {
		return NULL;
	}
	struct feedback *feedback = calloc(1, sizeof(*feedback));
	if (!feedback) {
		return NULL;
	}
	feedback->window = window;
	feedback->shown.sequence = picture->sequence;
	feedback->shown.capture_ns = picture->capture_ns;
	feedback->shown.decoded_ns = picture->decoded_ns;
	feedback->object = wp_presentation_feedback(window->globals->presentation, window->video);
	wp_presentation_feedback_add_listener(feedback->object, &feedback_listener, feedback);
	wl_list_insert(&window->feedbacks, &feedback->link);
	window->feedback_count++;
	return feedback;
}

// drawing

static void window_draw(struct window *window);

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

static bool is_placed(const struct window *window) {
	const struct shape *shape = &window->shape;
	return window->mapped && window->fit.width == shape->width &&
		window->fit.height == shape->height &&
		window->fit.picture_width == shape->picture_width &&
		window->fit.picture_height == shape->picture_height &&
		window->fit.larger == (shape->asked_width == 0);
}

/* How many of the screen the picture is shown on; its own, where the compositor does not say its scale. */
static void find_pixels(const struct window *window, int own_width, int own_height, int *width,
		int *height) {
	bool known = window->fractional_scale;
	*width = known ? fit_pixels(window->fit.shown_width, window->scale, own_width) : own_width;
	*height = known ? fit_pixels(window->fit.shown_height, window->scale, own_height) : own_height;
}

/* Draws the picture for the screen. One that cannot be read is left out. false: nothing can be drawn. */
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

/* Gives it to the compositor as it is. false: it has to be drawn, or is drawn better than the compositor scales. */
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
	struct feedback *feedback = ask_feedback(window, picture);
	if (!window->frame) {
		window->frame = wl_surface_frame(window->video);
		wl_callback_add_listener(window->frame, &frame_listener, window);
		window->frame_asked_at = now_ns();
	}
	window->drawn.own_width = picture->visible_width;
	window->drawn.own_height = picture->visible_height;
	bool drawn = hand_over(window, picture) || draw_on(window, picture);
	if (feedback) {
		feedback->shown.drawn_ns = now_ns();
	}
	return drawn;
}

static void handle_ready(void *data) {
	window_draw(data);
}

static const struct presenter_events presenter_events = {
	.ready = handle_ready,
};

/*
 * Configures. A size is acknowledged together with the picture that has it: until then the window stays
 * as it is, and no picture is ever stretched into a size that is not its own.
 */

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

/* A picture is about to be shown. One of a size that was not asked for is an answer, too. */
static void take_picture(struct window *window, int width, int height, uint32_t scale, int64_t now) {
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

/* Draws the pending picture, if there is one and it can be drawn now. */
static void window_draw(struct window *window) {
	int64_t now = now_ns();
	bool hidden = window->frame && now - window->frame_asked_at > HIDDEN_NS &&
		now - window->drawn_at < HIDDEN_DRAW_NS;
	if (!window->pending || !window->configured || window->failed || hidden ||
			!window->presenter->impl->ready(window->presenter)) {
		return;
	}
	struct picture *picture = window->pending;
	window->pending = NULL;
	take_picture(window, picture->window_width, picture->window_height, picture->scale, now);
	bool place = !is_placed(window);
	if (place) {
		wl_subsurface_set_sync(window->video_subsurface);
		window_place(window);
	}
	bool drawn = draw_picture(window, picture);
	if (!drawn) { // a GPU that was lost, mostly
		presenter_destroy(window->presenter);
		window->presenter = presenter_create(PRESENTER_SHM, window->globals, window->video,
			&presenter_events, window);
		drawn = window->presenter && draw_picture(window, picture);
	}
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

/* Lays out what is shown already. */
static void window_relayout(struct window *window) {
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

void window_know_scale(struct window *window, int width, int height, uint32_t scale) {
	struct picture *pending = window->pending;
	if (pending && pending->window_width == width && pending->window_height == height) {
		pending->scale = scale;
	}
	if (window->drawn.width == width && window->drawn.height == height &&
			window->drawn.scale != scale) {
		take_picture(window, width, height, scale, now_ns());
		window_relayout(window);
	}
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

// the toplevel

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

static const struct xdg_toplevel_listener toplevel_listener = {
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
	int64_t now = now_ns();
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
	if (!hold && window->mapped && is_placed(window)) {
		wl_surface_commit(window->surface);
	} else if (!hold) {
		window_relayout(window);
	}
	window_draw(window);
}

static const struct xdg_surface_listener xdg_surface_listener = {
	.configure = xdg_surface_configure,
};

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
	xdg_surface_add_listener(window->xdg_surface, &xdg_surface_listener, window);
	window->toplevel = xdg_surface_get_toplevel(window->xdg_surface);
	xdg_toplevel_add_listener(window->toplevel, &toplevel_listener, window);
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
	window->presenter = presenter_create(choice, globals, window->video, &presenter_events, window);
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
	struct feedback *feedback, *next;
	wl_list_for_each_safe(feedback, next, &window->feedbacks, link) {
		feedback_destroy(feedback);
	}
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
	if (window->mapped && !is_placed(window)) {
		window_relayout(window);
	}
}
