/* SPDX-License-Identifier: MIT */
/*
 * screens.c - the refresh of each wl_output. Where the window is on them is the compositor's affair.
 */
#include "boxview/screens.h"

#include <stdlib.h>
#include <wayland-client.h>

#define VERSION 2 // of wl_output

struct screen {
	struct wl_list link; // screens.list
	uint32_t name;
	struct wl_output *output;
	int32_t refresh_mhz; // 0: not said
};

static void output_geometry(void *data, struct wl_output *output, int32_t x, int32_t y,
		int32_t physical_width, int32_t physical_height, int32_t subpixel, const char *make,
		const char *model, int32_t transform) {
}

static void output_mode(void *data, struct wl_output *output, uint32_t flags, int32_t width,
		int32_t height, int32_t refresh_mhz) {
	struct screen *screen = data;
	if (flags & WL_OUTPUT_MODE_CURRENT) {
		screen->refresh_mhz = refresh_mhz;
	}
}

static void output_done(void *data, struct wl_output *output) {
}

static void output_scale(void *data, struct wl_output *output, int32_t scale) {
}

static const struct wl_output_listener output_listener = {
	.geometry = output_geometry,
	.mode = output_mode,
	.done = output_done,
	.scale = output_scale,
};

void screens_init(struct screens *screens) {
	wl_list_init(&screens->list);
}

static void screen_destroy(struct screen *screen) {
	wl_list_remove(&screen->link);
	wl_output_destroy(screen->output);
	free(screen);
}

void screens_finish(struct screens *screens) {
	struct screen *screen, *next;
	wl_list_for_each_safe(screen, next, &screens->list, link) {
		screen_destroy(screen);
	}
}

void screens_add(struct screens *screens, struct wl_registry *registry, uint32_t name,
		uint32_t version) {
	struct screen *screen = calloc(1, sizeof(*screen));
	if (!screen) {
		return; // its refresh stays unknown
	}
	screen->name = name;
	screen->output = wl_registry_bind(registry, name, &wl_output_interface,
		version < VERSION ? version : VERSION);
	wl_output_add_listener(screen->output, &output_listener, screen);
	wl_list_insert(&screens->list, &screen->link);
}

void screens_remove(struct screens *screens, uint32_t name) {
	struct screen *screen, *next;
	wl_list_for_each_safe(screen, next, &screens->list, link) {
		if (screen->name == name) {
			screen_destroy(screen);
		}
	}
}

int64_t screens_refresh_ns(const struct screens *screens, const struct wl_output *output) {
	const struct screen *screen;
	wl_list_for_each(screen, &screens->list, link) {
		if (screen->output == output && screen->refresh_mhz > 0) {
			return 1000000000000 / screen->refresh_mhz;
		}
	}
	return 0;
}
