/* SPDX-License-Identifier: MIT */
/*
 * globals.c - the Wayland connection and the registry. Whose each global is is told in its own file.
 */
#include "boxview/globals.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <wayland-client.h>

#include "box-view-v1-client-protocol.h"
#include "cursor-shape-v1-client-protocol.h"
#include "fractional-scale-v1-client-protocol.h"
#include "linux-dmabuf-v1-client-protocol.h"
#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "presentation-time-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

#define LOG_MODULE "globals"
#include "base/log.h"

#define BUFFER_MAX (1u << 20) // bytes kept for a compositor that is busy

/* Each is bound at the version given, or the compositor's if that is less. */
static const struct global {
	const struct wl_interface *interface;
	uint32_t version;
	size_t place;
	bool needed;
} table[] = {
	{&wl_compositor_interface, 6, offsetof(struct globals, compositor), true},
	{&wl_subcompositor_interface, 1, offsetof(struct globals, subcompositor), true},
	{&wl_shm_interface, 1, offsetof(struct globals, shm), true},
	{&wp_viewporter_interface, 1, offsetof(struct globals, viewporter), true},
	{&xdg_wm_base_interface, 6, offsetof(struct globals, wm_base), true},
	{&wl_seat_interface, 9, offsetof(struct globals, seat), false},
	{&wp_presentation_interface, 1, offsetof(struct globals, presentation), false},
	{&wp_fractional_scale_manager_v1_interface, 1, offsetof(struct globals, fractional_scale),
		false},
	{&zwp_linux_dmabuf_v1_interface, 4, offsetof(struct globals, linux_dmabuf), false},
	{&zxdg_decoration_manager_v1_interface, 1, offsetof(struct globals, decoration), false},
	{&wp_cursor_shape_manager_v1_interface, 1, offsetof(struct globals, cursor_shape), false},
	{&zwp_pointer_constraints_v1_interface, 1, offsetof(struct globals, constraints), false},
	{&zwp_relative_pointer_manager_v1_interface, 1, offsetof(struct globals, relative_pointer),
		false},
	{&box_view_v1_interface, 2, offsetof(struct globals, box_view), false},
};
#define TABLE_SIZE (sizeof(table) / sizeof(table[0]))

static void **place_of(struct globals *globals, const struct global *global) {
	return (void **)((char *)globals + global->place);
}

static void wm_base_ping(void *data, struct xdg_wm_base *wm_base, uint32_t serial) {
	xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = {
	.ping = wm_base_ping,
};

static void presentation_clock_id(void *data, struct wp_presentation *presentation, uint32_t id) {
	struct globals *globals = data;
	globals->presentation_clock = id;
}

static const struct wp_presentation_listener presentation_listener = {
	.clock_id = presentation_clock_id,
};

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct globals *globals = data;
	if (strcmp(interface, wl_output_interface.name) == 0) {
		screens_add(&globals->screens, registry, name, version);
		return;
	}
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		const struct global *global = &table[i];
		void **place = place_of(globals, global);
		if (!*place && strcmp(interface, global->interface->name) == 0) {
			*place = wl_registry_bind(registry, name, global->interface,
				version < global->version ? version : global->version);
			if (global->interface == &xdg_wm_base_interface) {
				xdg_wm_base_add_listener(globals->wm_base, &wm_base_listener, globals);
			} else if (global->interface == &wp_presentation_interface) {
				wp_presentation_add_listener(globals->presentation, &presentation_listener,
					globals);
			}
		}
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
	struct globals *globals = data;
	screens_remove(&globals->screens, name);
	// a seat that goes takes its devices with it: their owner hears of that
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

static int handle_readable(int fd, uint32_t mask, void *data) {
	struct globals *globals = data;
	if (mask & WL_EVENT_WRITABLE) {
		globals_flush(globals);
	}
	if (mask & (WL_EVENT_READABLE | WL_EVENT_HANGUP | WL_EVENT_ERROR)) {
		while (wl_display_prepare_read(globals->display) != 0) {
			wl_display_dispatch_pending(globals->display);
		}
		if (wl_display_read_events(globals->display) < 0 ||
				wl_display_dispatch_pending(globals->display) < 0) {
			log_error("the compositor is gone: %s",
				strerror(wl_display_get_error(globals->display)));
			globals->lost = true;
			wl_event_source_fd_update(globals->source, 0);
		}
	}
	return 0;
}

bool globals_init(struct globals *globals, struct wl_event_loop *loop) {
	*globals = (struct globals){.presentation_clock = CLOCK_MONOTONIC};
	screens_init(&globals->screens);
	globals->display = wl_display_connect(NULL);
	if (!globals->display) {
		log_errno("no Wayland compositor: set WAYLAND_DISPLAY");
		return false;
	}
	wl_display_set_max_buffer_size(globals->display, BUFFER_MAX);
	globals->registry = wl_display_get_registry(globals->display);
	wl_registry_add_listener(globals->registry, &registry_listener, globals);
	bool listed = wl_display_roundtrip(globals->display) >= 0;
	for (size_t i = 0; listed && i < TABLE_SIZE; i++) {
		if (table[i].needed && !*place_of(globals, &table[i])) {
			log_error("this compositor has no %s, which a view needs", table[i].interface->name);
			listed = false;
		}
	}
	if (listed) {
		globals->source = wl_event_loop_add_fd(loop, wl_display_get_fd(globals->display),
			WL_EVENT_READABLE, handle_readable, globals);
	}
	if (!globals->source) {
		globals_finish(globals);
		return false;
	}
	return true;
}

void globals_finish(struct globals *globals) {
	if (globals->source) {
		wl_event_source_remove(globals->source);
	}
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		void **place = place_of(globals, &table[i]);
		if (!*place) {
			continue;
		}
		if (table[i].interface == &box_view_v1_interface) {
			box_view_v1_destroy(globals->box_view);
		} else if (table[i].interface == &wl_seat_interface &&
				wl_seat_get_version(globals->seat) >= WL_SEAT_RELEASE_SINCE_VERSION) {
			wl_seat_release(globals->seat);
		} else {
			wl_proxy_destroy(*place); // their destructors tell the compositor nothing it needs
		}
		*place = NULL;
	}
	screens_finish(&globals->screens);
	wl_registry_destroy(globals->registry);
	wl_display_flush(globals->display);
	wl_display_disconnect(globals->display);
	globals->display = NULL;
}

void globals_flush(struct globals *globals) {
	if (globals->lost) {
		return;
	}
	// EGL reads from the connection too and may have left events for us
	if (wl_display_dispatch_pending(globals->display) < 0) {
		globals->lost = true;
		return;
	}
	bool choked = wl_display_flush(globals->display) < 0 && errno == EAGAIN;
	if (choked != globals->choked) {
		globals->choked = choked;
		wl_event_source_fd_update(globals->source,
			WL_EVENT_READABLE | (choked ? WL_EVENT_WRITABLE : 0));
	}
}
