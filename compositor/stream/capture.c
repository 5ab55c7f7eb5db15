/* SPDX-License-Identifier: MIT */
/*
 * capture.c - one window drawn by itself.
 *
 * Frame callbacks are the desktop's affair until the viewer's screen has said when it takes pictures
 * (capture_set_clock); from then on, and of a window that is shown nowhere here (minimised), the capture
 * drives the clock. A change is captured at once, not at a tick, which knows nothing of when the window
 * draws; only what changes faster than a screen would show it waits.
 */
#include "stream/capture.h"

#include <drm_fourcc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wlr/backend/headless.h>
#include <wlr/render/wlr_texture.h>
#include <wlr/types/wlr_output.h>
#include <wlr/types/wlr_scene.h>

#include "frame_clock.h"
#include "output.h"
#include "server.h"
#include "stream/commits.h"
#include "stream/own.h"
#include "stream/popups.h"
#include "stream/snapshot.h"
#include "toplevel.h"

#define LOG_MODULE "capture"
#include "base/log.h"

#define SCALE_MAX 480             // in 120ths
#define AREA_MAX (4096 * 4096)    // pixels: 64 MiB a buffer
#define SIDE_MAX 8192             // what boxcast encodes
#define UNSEEN_NS 1000000000      // between two frame callbacks of a window that nobody sees

struct capture {
	struct server *server;
	struct toplevel *toplevel; // NULL: gone
	const struct capture_events *events;
	void *data;
	struct wlr_backend *backend;
	struct wlr_output *output;
	struct wlr_scene *scene;
	struct wlr_scene_output *scene_output;
	struct popups popups;
	struct commits commits;
	uint32_t scale; // in 120ths; 0: that of the window's screen
	bool wanted, now;
	int64_t due_ns; // when the next would be drawn by the clock of the rate that is allowed
	struct frame_clock clock;      // of its frame callbacks, while no screen here is
	int64_t tick_ns, tick_period;  // the viewer's, as set last; period 0: not yet
	bool unseen;                   // by the viewer
	bool stale; // never drawn, or of another size
	struct wl_listener frame, gone, geom;
};

static double scale_of(const struct capture *capture) {
	const struct output *output = toplevel_output(capture->toplevel);
	const struct wlr_box *geom = &capture->toplevel->geom;
	double scale = capture->scale / 120.0;
	if (capture->scale == 0) {
		return output ? output->wlr->scale : 1;
	}
	double width = round(geom->width * scale), height = round(geom->height * scale);
	return width <= SIDE_MAX && height <= SIDE_MAX && width * height <= AREA_MAX ? scale : 1;
}

// Not output.needs_frame: that is set by clients that only ask for a frame callback, too.
static bool has_damage(const struct capture *capture) {
	return capture->stale ||
		pixman_region32_not_empty(&capture->scene_output->pending_commit_damage);
}

// The output follows the window's size and scale. false: the window has no size yet.
static bool set_size(struct capture *capture, struct wlr_output_state *state) {
	double scale = scale_of(capture);
	// as clients round theirs
	int width = (int)round(capture->toplevel->geom.width * scale);
	int height = (int)round(capture->toplevel->geom.height * scale);
	if (width < 1 || height < 1) {
		return false;
	}
	if (capture->output->width != width || capture->output->height != height) {
		wlr_output_state_set_custom_mode(state, width, height, 0);
	}
	if (capture->output->scale != (float)scale) {
		wlr_output_state_set_scale(state, (float)scale);
	}
	return true;
}

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t period_ns(const struct capture *capture) {
	if (capture->tick_period > 0) {
		return capture->tick_period;
	}
	return 1000000000000 / (capture->output->refresh > 0 ? capture->output->refresh : 60000);
}

// A little more than the refresh rate on average, and one at any time: a distance from the last one
// would keep whoever was late once late for ever.
static void count(struct capture *capture, int64_t now) {
	capture->due_ns = (now > capture->due_ns ? now : capture->due_ns) + period_ns(capture) * 3 / 4;
}

static bool is_early(const struct capture *capture) {
	return now_ns() < capture->due_ns - period_ns(capture);
}

// The window as it is now: drawn, or (own) as its application drew it. NULL: not to be had.
static struct wlr_buffer *build(struct capture *capture, struct wlr_output_state *state, bool *own) {
	struct wlr_dmabuf_attributes dmabuf;
	struct wlr_buffer *found = capture->events->takes ? own_find(capture->scene, &dmabuf) : NULL;
	// Never what a client drew into its own shared memory: it cannot be handed on as it lies.
	capture->scene->direct_scanout = found && capture->events->takes(capture->data, &dmabuf);
	if (!wlr_scene_output_build_state(capture->scene_output, state, NULL) ||
			!(state->committed & WLR_OUTPUT_STATE_BUFFER)) {
		return NULL;
	}
	*own = wlr_client_buffer_get(state->buffer);
	// the source, without its texture: that goes with the renderer
	return wlr_buffer_lock(*own ? found : state->buffer);
}

static void draw(struct capture *capture) {
	struct wlr_output_state state;
	wlr_output_state_init(&state);
	bool own = false;
	struct wlr_buffer *buffer = set_size(capture, &state) ? build(capture, &state, &own) : NULL;
	if (!buffer) {
		wlr_output_state_finish(&state);
		return;
	}
	int64_t now = now_ns();
	pixman_region32_t damage;
	pixman_region32_init(&damage);
	if (state.committed & WLR_OUTPUT_STATE_DAMAGE) {
		pixman_region32_copy(&damage, &state.damage);
	} else {
		pixman_region32_union_rect(&damage, &damage, 0, 0, (unsigned)buffer->width,
			(unsigned)buffer->height);
	}
	bool committed = wlr_output_commit_state(capture->output, &state);
	wlr_output_state_finish(&state);
	if (committed) {
		struct capture_frame frame = {
			.buffer = buffer,
			.own = own,
			.damage = &damage,
			.scale = (uint32_t)lround(capture->output->scale * 120),
			.capture_ns = now,
			.committed_ns = commits_take(&capture->commits),
		};
		count(capture, now);
		// The tick still comes; until then a change need not wait for it.
		capture->output->frame_pending = false;
		capture->wanted = capture->now = capture->stale = false;
		capture->events->frame(capture->data, &frame); // may destroy the capture
	}
	pixman_region32_fini(&damage);
	wlr_buffer_unlock(buffer);
}

static void handle_tick(void *data) {
	struct capture *capture = data;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	wlr_scene_output_send_frame_done(capture->scene_output, &now);
}

// The screen where the window is takes its clock over, with what is due already.
static void yield_clock(struct capture *capture) {
	struct toplevel *toplevel = capture->toplevel;
	if (!toplevel || toplevel->pacer != capture) {
		return;
	}
	toplevel->pacer = NULL;
	struct output *output = toplevel_output(toplevel);
	if (output) {
		wlr_output_schedule_frame(output->wlr);
	}
}

static void apply_clock(struct capture *capture) {
	if (!capture->toplevel) {
		return;
	}
	if (capture->unseen) {
		yield_clock(capture);
		frame_clock_set(&capture->clock, 0, UNSEEN_NS);
	} else if (capture->tick_period > 0) {
		frame_clock_set(&capture->clock, capture->tick_ns, capture->tick_period);
		if (!capture->toplevel->pacer) {
			capture->toplevel->pacer = capture;
			frame_clock_want(&capture->clock);
		}
	} else {
		frame_clock_set(&capture->clock, 0, period_ns(capture));
	}
}

// Frame events follow the window's commits, so one that draws at each would race with itself.
static bool has_clock(const struct capture *capture) {
	const struct toplevel *toplevel = capture->toplevel;
	return toplevel->pacer == capture || (!toplevel->pacer && toplevel->minimised);
}

static void handle_frame(struct wl_listener *listener, void *data) {
	struct capture *capture = wl_container_of(listener, capture, frame);
	if (!capture->toplevel) {
		return;
	}
	if (has_clock(capture)) {
		frame_clock_want(&capture->clock);
	}
	if (capture->wanted && (capture->now || has_damage(capture)) && !is_early(capture)) {
		draw(capture);
	}
}

void capture_want(struct capture *capture, bool now) {
	capture->wanted = true;
	capture->now = capture->now || now;
	if (capture->toplevel && (capture->now || has_damage(capture))) {
		wlr_output_schedule_frame(capture->output);
	}
}

static void redraw(struct capture *capture) {
	capture->stale = true;
	if (capture->wanted) {
		wlr_output_schedule_frame(capture->output);
	}
}

static void handle_geom(struct wl_listener *listener, void *data) {
	struct capture *capture = wl_container_of(listener, capture, geom);
	redraw(capture);
}

void capture_set_scale(struct capture *capture, uint32_t scale) {
	scale = scale < 120 ? 120 : scale > SCALE_MAX ? SCALE_MAX : scale;
	if (scale != capture->scale) {
		capture->scale = scale;
		redraw(capture);
	}
}

void capture_set_clock(struct capture *capture, int64_t at_ns, int64_t period_ns) {
	capture->tick_ns = at_ns;
	capture->tick_period = period_ns;
	apply_clock(capture);
}

void capture_set_visible(struct capture *capture, bool visible) {
	capture->unseen = !visible;
	apply_clock(capture);
}

static void handle_gone(struct wl_listener *listener, void *data) {
	struct capture *capture = wl_container_of(listener, capture, gone);
	yield_clock(capture);
	wl_list_remove(&capture->gone.link);
	wl_list_init(&capture->gone.link);
	wl_list_remove(&capture->geom.link);
	wl_list_init(&capture->geom.link);
	capture->toplevel = NULL;
	capture->events->gone(capture->data);
}

// An output that is off has no frame events, so none would ever be drawn.
static bool enable(struct wlr_output *output) {
	struct wlr_output_state state;
	wlr_output_state_init(&state);
	wlr_output_state_set_enabled(&state, true);
	bool good = wlr_output_commit_state(output, &state);
	wlr_output_state_finish(&state);
	return good;
}

static bool create_output(struct capture *capture) {
	struct server *server = capture->server;
	const struct wlr_box *geom = &capture->toplevel->geom;
	// A backend of its own: an output of the desktop's backends would be a monitor.
	capture->backend = wlr_headless_backend_create(server->loop);
	if (!capture->backend || !wlr_backend_start(capture->backend)) {
		return false;
	}
	capture->output = wlr_headless_add_output(capture->backend,
		geom->width > 0 ? (unsigned)geom->width : 1, geom->height > 0 ? (unsigned)geom->height : 1);
	return capture->output &&
		wlr_output_init_render(capture->output, server->allocator, server->renderer) &&
		enable(capture->output);
}

static bool create_scene(struct capture *capture) {
	struct wlr_xdg_surface *surface = capture->toplevel->xdg->base;
	capture->scene = wlr_scene_create();
	struct wlr_scene_tree *tree = capture->scene ?
		wlr_scene_xdg_surface_create(&capture->scene->tree, surface) : NULL;
	if (!tree) {
		return false;
	}
	popups_init(&capture->popups, surface, tree, &capture->commits);
	capture->scene_output = wlr_scene_output_create(capture->scene, capture->output);
	return capture->scene_output;
}

struct capture *capture_create(struct server *server, struct toplevel *toplevel,
		const struct capture_events *events, void *data) {
	struct capture *capture = calloc(1, sizeof(*capture));
	if (!capture) {
		return NULL;
	}
	capture->server = server;
	capture->toplevel = toplevel;
	capture->events = events;
	capture->data = data;
	capture->stale = true;
	wl_list_init(&capture->popups.parents);
	commits_init(&capture->commits);
	wl_list_init(&capture->frame.link);
	capture->gone.notify = handle_gone;
	wl_signal_add(&toplevel->events.gone, &capture->gone);
	capture->geom.notify = handle_geom;
	wl_signal_add(&toplevel->events.geom, &capture->geom);
	if (!frame_clock_init(&capture->clock, server->loop, handle_tick, capture) ||
			!create_output(capture) || !create_scene(capture)) {
		log_error("a window cannot be captured: no output for it");
		capture_destroy(capture);
		return NULL;
	}
	capture->frame.notify = handle_frame;
	wl_signal_add(&capture->output->events.frame, &capture->frame);
	return capture;
}

void capture_destroy(struct capture *capture) {
	if (!capture) {
		return;
	}
	yield_clock(capture);
	wl_list_remove(&capture->frame.link);
	wl_list_remove(&capture->gone.link);
	wl_list_remove(&capture->geom.link);
	popups_finish(&capture->popups);
	commits_finish(&capture->commits);
	frame_clock_finish(&capture->clock);
	if (capture->scene) {
		wlr_scene_node_destroy(&capture->scene->tree.node);
	}
	if (capture->backend) {
		wlr_backend_destroy(capture->backend); // and its output
	}
	free(capture);
}

/* Pixels. */

static bool copy_mapped(struct wlr_buffer *buffer, struct snapshot *snapshot) {
	void *data;
	uint32_t format;
	size_t stride;
	if (!wlr_buffer_begin_data_ptr_access(buffer, WLR_BUFFER_DATA_PTR_ACCESS_READ, &data, &format,
			&stride)) {
		return false;
	}
	bool good = format == DRM_FORMAT_XRGB8888 || format == DRM_FORMAT_ARGB8888;
	for (int y = 0; good && y < snapshot->height; y++) {
		memcpy(snapshot->pixels + (size_t)y * snapshot->stride, (uint8_t *)data + (size_t)y * stride,
			snapshot->stride);
	}
	wlr_buffer_end_data_ptr_access(buffer);
	return good;
}

static bool copy_read(struct server *server, struct wlr_buffer *buffer,
		struct snapshot *snapshot) {
	struct wlr_texture *texture = wlr_texture_from_buffer(server->renderer, buffer);
	const struct wlr_texture_read_pixels_options options = {
		.data = snapshot->pixels,
		.format = DRM_FORMAT_XRGB8888,
		.stride = (uint32_t)snapshot->stride,
	};
	bool good = texture && wlr_texture_read_pixels(texture, &options);
	wlr_texture_destroy(texture);
	return good;
}

bool capture_copy(struct server *server, struct wlr_buffer *buffer, struct snapshot *snapshot) {
	snapshot->width = buffer->width;
	snapshot->height = buffer->height;
	snapshot->stride = (size_t)buffer->width * 4;
	snapshot->pixels = malloc(snapshot->stride * (size_t)buffer->height);
	if (snapshot->pixels &&
			(copy_mapped(buffer, snapshot) || copy_read(server, buffer, snapshot))) {
		return true;
	}
	free(snapshot->pixels);
	snapshot->pixels = NULL;
	return false;
}
