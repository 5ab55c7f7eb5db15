/* SPDX-License-Identifier: MIT */
/*
 * window.c - the client of box-cast-v1: what boxland says of the window, what it is asked and told.
 * Nothing is decided here; frames are not even looked at.
 */
#include "boxcast/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wayland-client.h>

#include "box-cast-v1-client-protocol.h"

#define LOG_MODULE "window"
#include "base/log.h"
#include "base/sealed.h"

#define VERSION 5             // of box_cast_v1
#define INPUT_MAX 128         // records of one request
#define BUFFER_MAX (1u << 20) // bytes kept for a boxland that is busy

struct window {
	const struct window_events *events;
	void *data;
	struct wl_display *display;
	struct wl_registry *registry;
	struct box_cast_v1 *cast;
	struct wl_event_source *source;
	bool dead, choked;
	struct tiles_rect damage[WINDOW_DAMAGE]; // said for the next frame
	size_t damage_count;
	uint32_t scale; // likewise
	bool own; // likewise
	int64_t committed_ns; // likewise; 0: not said
};

static void window_gone(struct window *window, bool lost) {
	if (!window->dead) {
		window->dead = true;
		wl_event_source_fd_update(window->source, 0);
		window->events->gone(window->data, lost);
	}
}

static void cast_start(void *data, struct box_cast_v1 *cast, uint32_t refresh_mhz) {
	struct window *window = data;
	window->events->start(window->data, refresh_mhz);
}

static void cast_frame(void *data, struct box_cast_v1 *cast, uint32_t serial, int32_t fd,
		uint32_t dmabuf, uint32_t format, uint32_t modifier_hi, uint32_t modifier_lo,
		int32_t width, int32_t height, uint32_t offset, uint32_t stride,
		uint32_t capture_hi, uint32_t capture_lo) {
	struct window *window = data;
	const struct window_frame frame = {
		.serial = serial,
		.fd = fd,
		.dmabuf = dmabuf != 0,
		.own = window->own,
		.format = format,
		.modifier = (uint64_t)modifier_hi << 32 | modifier_lo,
		.size = {width, height},
		.scale = window->scale,
		.offset = offset,
		.stride = stride,
		.capture_ns = (uint64_t)capture_hi << 32 | capture_lo,
		.committed_ns = window->committed_ns,
		.damage = window->damage,
		.damage_count = window->damage_count,
	};
	window->events->frame(window->data, &frame);
	window->damage_count = 0;
	window->committed_ns = 0;
	window->own = false;
	close(fd);
}

static void cast_damage(void *data, struct box_cast_v1 *cast, int32_t x, int32_t y, int32_t width,
		int32_t height) {
	struct window *window = data;
	if (x < 0 || y < 0 || width < 1 || height < 1 || x > TILES_SIDE_MAX - width ||
			y > TILES_SIDE_MAX - height) {
		x = y = 0;
		width = height = TILES_SIDE_MAX; // whoever reads it bounds it by the picture
	}
	const struct tiles_rect rect = {(uint16_t)x, (uint16_t)y, (uint16_t)width, (uint16_t)height};
	if (window->damage_count < WINDOW_DAMAGE) {
		window->damage[window->damage_count++] = rect;
	} else {
		tiles_unite(&window->damage[0], &rect);
	}
}

static void cast_title(void *data, struct box_cast_v1 *cast, const char *title) {
	struct window *window = data;
	window->events->title(window->data, title);
}

static void cast_app_id(void *data, struct box_cast_v1 *cast, const char *app_id) {
	struct window *window = data;
	window->events->app_id(window->data, app_id);
}

static void cast_limits(void *data, struct box_cast_v1 *cast, int32_t min_width,
		int32_t min_height, int32_t max_width, int32_t max_height) {
	struct window *window = data;
	window->events->limits(window->data, (struct picture_size){min_width, min_height},
		(struct picture_size){max_width, max_height});
}

static void cast_lock(void *data, struct box_cast_v1 *cast, uint32_t locked) {
	struct window *window = data;
	window->events->lock(window->data, locked != 0);
}

static void cast_scale(void *data, struct box_cast_v1 *cast, uint32_t scale) {
	struct window *window = data;
	window->scale = scale;
}

static void cast_committed(void *data, struct box_cast_v1 *cast, uint32_t ns_hi, uint32_t ns_lo) {
	struct window *window = data;
	window->committed_ns = (int64_t)((uint64_t)ns_hi << 32 | ns_lo);
}

static void cast_own(void *data, struct box_cast_v1 *cast) {
	struct window *window = data;
	window->own = true;
}

static void cast_gone(void *data, struct box_cast_v1 *cast) {
	window_gone(data, false);
}

static const struct box_cast_v1_listener cast_listener = {
	.start = cast_start,
	.frame = cast_frame,
	.damage = cast_damage,
	.title = cast_title,
	.app_id = cast_app_id,
	.limits = cast_limits,
	.lock = cast_lock,
	.gone = cast_gone,
	.scale = cast_scale,
	.committed = cast_committed,
	.own = cast_own,
};

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct window *window = data;
	if (!window->cast && strcmp(interface, box_cast_v1_interface.name) == 0) {
		window->cast = wl_registry_bind(registry, name, &box_cast_v1_interface,
			version < VERSION ? version : VERSION);
		box_cast_v1_add_listener(window->cast, &cast_listener, window);
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

static int handle_readable(int fd, uint32_t mask, void *data) {
	struct window *window = data;
	if (mask & WL_EVENT_WRITABLE) {
		window_flush(window);
	}
	if (mask & WL_EVENT_READABLE) {
		while (wl_display_prepare_read(window->display) != 0) {
			wl_display_dispatch_pending(window->display);
		}
		if (wl_display_read_events(window->display) < 0 ||
				wl_display_dispatch_pending(window->display) < 0) {
			log_debug("boxland is gone: %s", strerror(wl_display_get_error(window->display)));
			window_gone(window, true);
			return 0;
		}
	}
	if (mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR)) {
		window_gone(window, true);
	}
	return 0;
}

struct window *window_create(struct wl_event_loop *loop, const struct window_events *events,
		void *data) {
	struct window *window = calloc(1, sizeof(*window));
	if (!window) {
		log_errno("no window");
		return NULL;
	}
	window->events = events;
	window->data = data;
	window->scale = 120;
	window->display = wl_display_connect(NULL);
	if (!window->display) {
		log_errno("no connection to boxland; boxcast is started by boxland, not by hand");
		goto err_window;
	}
	wl_display_set_max_buffer_size(window->display, BUFFER_MAX);
	window->registry = wl_display_get_registry(window->display);
	wl_registry_add_listener(window->registry, &registry_listener, window);
	// the connection is boxland's own and new: this answer is at hand, and nothing else is yet
	if (wl_display_roundtrip(window->display) < 0 || !window->cast) {
		log_error("box_cast_v1 is not announced here; boxcast is started by boxland");
		goto err_display;
	}
	window->source = wl_event_loop_add_fd(loop, wl_display_get_fd(window->display),
		WL_EVENT_READABLE, handle_readable, window);
	if (!window->source) {
		log_errno("no window");
		goto err_display;
	}
	return window;

err_display:
	if (window->cast) {
		box_cast_v1_destroy(window->cast);
	}
	wl_registry_destroy(window->registry);
	wl_display_disconnect(window->display);
err_window:
	free(window);
	return NULL;
}

void window_destroy(struct window *window) {
	if (!window) {
		return;
	}
	wl_event_source_remove(window->source);
	box_cast_v1_destroy(window->cast);
	wl_registry_destroy(window->registry);
	wl_display_flush(window->display);
	wl_display_disconnect(window->display);
	free(window);
}

void window_flush(struct window *window) {
	if (window->dead) {
		return;
	}
	int sent = wl_display_flush(window->display);
	bool choked = sent < 0 && errno == EAGAIN;
	if (sent < 0 && !choked) {
		// what it said last is still to be read; then the end is seen
		return;
	}
	if (choked != window->choked) {
		window->choked = choked;
		wl_event_source_fd_update(window->source,
			WL_EVENT_READABLE | (choked ? WL_EVENT_WRITABLE : 0));
		window->events->choked(window->data, choked);
	}
}

void window_next(struct window *window) {
	box_cast_v1_next(window->cast);
}

void window_refresh(struct window *window) {
	box_cast_v1_refresh(window->cast);
}

void window_release(struct window *window, uint32_t serial) {
	box_cast_v1_release(window->cast, serial);
}

void window_accept_dmabuf(struct window *window, uint32_t format, uint64_t modifier) {
	box_cast_v1_accept_dmabuf(window->cast, format, modifier >> 32, modifier & 0xffffffff);
}

void window_refuse_dmabuf(struct window *window) {
	box_cast_v1_refuse_dmabuf(window->cast);
}

void window_set_size(struct window *window, struct picture_size size) {
	box_cast_v1_set_size(window->cast, size.width, size.height);
}

void window_set_scale(struct window *window, uint32_t scale) {
	box_cast_v1_set_scale(window->cast, scale);
}

void window_set_clock(struct window *window, int64_t at_ns, int64_t period_ns) {
	if (box_cast_v1_get_version(window->cast) >= BOX_CAST_V1_SET_CLOCK_SINCE_VERSION) {
		box_cast_v1_set_clock(window->cast, (uint32_t)((uint64_t)at_ns >> 32), (uint32_t)at_ns,
			(uint32_t)period_ns);
	}
}

void window_set_focus(struct window *window, bool focused) {
	box_cast_v1_set_focus(window->cast, focused);
}

void window_set_visible(struct window *window, bool visible) {
	box_cast_v1_set_visible(window->cast, visible);
}

void window_close(struct window *window) {
	box_cast_v1_close(window->cast);
}

void window_input(struct window *window, const struct input_record *records, int count) {
	while (count > 0) {
		uint8_t bytes[INPUT_MAX * INPUT_RECORD_SIZE];
		int n = count < INPUT_MAX ? count : INPUT_MAX;
		for (int i = 0; i < n; i++) {
			input_record_encode(&records[i], bytes + i * INPUT_RECORD_SIZE);
		}
		struct wl_array array = {.size = (size_t)n * INPUT_RECORD_SIZE, .data = bytes};
		box_cast_v1_input(window->cast, &array);
		records += n;
		count -= n;
	}
}

bool window_keymap(struct window *window, const char *text) {
	size_t size = strlen(text) + 1;
	int fd = sealed_create("keymap", text, size);
	if (fd < 0) {
		log_errno("keymap not passed on");
		return false;
	}
	box_cast_v1_keymap(window->cast, fd, (uint32_t)size);
	close(fd); // the request holds a copy
	return true;
}

void window_modifiers(struct window *window, const uint32_t values[static 4]) {
	box_cast_v1_modifiers(window->cast, values[0], values[1], values[2], values[3]);
}

void window_repeat(struct window *window, int rate, int delay) {
	box_cast_v1_repeat(window->cast, rate, delay);
}

void window_stats(struct window *window, const char *text) {
	box_cast_v1_stats(window->cast, text);
}
