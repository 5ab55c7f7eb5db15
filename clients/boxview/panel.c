/* SPDX-License-Identifier: MIT */
/*
 * panel.c - see panel.h: its surface. What is on it is panel_draw.c's, when it is shown view_window.c's.
 */
#include "boxview/panel.h"

#include <cairo.h>
#include <math.h>
#include <wayland-client.h>

#include "viewporter-client-protocol.h"

#define LOG_MODULE "panel"
#include "base/log.h"

#define PLACE 12 // units from the window's left top corner
#define GRID 12  // of its size, as in PANEL_WIDTH

void panel_init(struct panel *panel, const struct globals *globals) {
	*panel = (struct panel){.globals = globals};
}

void panel_hide(struct panel *panel) {
	if (panel->surface) {
		wp_viewport_destroy(panel->viewport);
		wl_subsurface_destroy(panel->subsurface);
		wl_surface_destroy(panel->surface);
		shm_buffer_finish(&panel->buffer);
		panel->surface = NULL;
	}
}

static void create(struct panel *panel, struct wl_surface *parent) {
	const struct globals *globals = panel->globals;
	panel->surface = wl_compositor_create_surface(globals->compositor);
	panel->subsurface = wl_subcompositor_get_subsurface(globals->subcompositor, panel->surface,
		parent);
	panel->viewport = wp_viewporter_get_viewport(globals->viewporter, panel->surface);
	wl_subsurface_set_position(panel->subsurface, PLACE, PLACE);
	wl_subsurface_set_desync(panel->subsurface);
	struct wl_region *nothing = wl_compositor_create_region(globals->compositor);
	wl_surface_set_input_region(panel->surface, nothing); // the pointer sees the window
	wl_region_destroy(nothing);
}

static int measure(const struct panel_facts *facts) {
	cairo_surface_t *none = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 1, 1);
	cairo_t *cairo = cairo_create(none);
	int height = panel_draw(cairo, facts);
	cairo_destroy(cairo);
	cairo_surface_destroy(none);
	return height;
}

static void paint(struct panel *panel, const struct panel_facts *facts, double scale) {
	cairo_surface_t *target = cairo_image_surface_create_for_data(panel->buffer.bytes,
		CAIRO_FORMAT_ARGB32, panel->buffer.width, panel->buffer.height, panel->buffer.stride);
	cairo_t *cairo = cairo_create(target);
	cairo_scale(cairo, scale, scale);
	panel_draw(cairo, facts);
	cairo_destroy(cairo);
	cairo_surface_finish(target);
	cairo_surface_destroy(target);
}

void panel_show(struct panel *panel, struct wl_surface *parent, const struct panel_facts *facts,
		int room_width, int room_height, double scale) {
	int height = (measure(facts) + GRID - 1) / GRID * GRID;
	panel->drawn = true;
	// smaller in a window that has no room for it
	double fit = fmin(1, fmin((double)(room_width - 2 * PLACE) / PANEL_WIDTH,
		(double)(room_height - 2 * PLACE) / height));
	if (fit < 0.2) {
		panel_hide(panel);
		return;
	}
	int shown_width = (int)floor(PANEL_WIDTH * fit), shown_height = (int)floor(height * fit);
	struct shm_buffer before = panel->buffer;
	if (!shm_buffer_init(&panel->buffer, panel->globals, (int)round(shown_width * scale),
			(int)round(shown_height * scale), WL_SHM_FORMAT_ARGB8888)) {
		log_errno("no panel");
		panel->buffer = before;
		return;
	}
	paint(panel, facts, scale * fit);
	if (!panel->surface) {
		create(panel, parent);
	}
	wl_surface_attach(panel->surface, panel->buffer.buffer, 0, 0);
	wl_surface_damage_buffer(panel->surface, 0, 0, panel->buffer.width, panel->buffer.height);
	wp_viewport_set_destination(panel->viewport, shown_width, shown_height);
	wl_surface_commit(panel->surface);
	shm_buffer_finish(&before); // what the compositor shows of it, it has
}
