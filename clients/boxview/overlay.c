/* SPDX-License-Identifier: MIT */
/*
 * overlay.c - the sentence over a picture that stands still. When there is one is view_source.c's affair.
 */
#include "boxview/overlay.h"

#include <fontconfig/fontconfig.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>
#include <string.h>
#include <wayland-client.h>

#include "viewporter-client-protocol.h"

#define LOG_MODULE "overlay"
#include "base/log.h"

#define VEIL 0.55    // of black
#define MARGIN 24    // units around the sentence, inside its plate
#define RADIUS 12

void overlay_init(struct overlay *overlay, const struct globals *globals, struct wl_surface *parent) {
	*overlay = (struct overlay){.globals = globals};
	overlay->surface = wl_compositor_create_surface(globals->compositor);
	overlay->subsurface = wl_subcompositor_get_subsurface(globals->subcompositor,
		overlay->surface, parent);
	overlay->viewport = wp_viewporter_get_viewport(globals->viewporter, overlay->surface);
	struct wl_region *nothing = wl_compositor_create_region(globals->compositor);
	wl_surface_set_input_region(overlay->surface, nothing); // the pointer sees the window
	wl_region_destroy(nothing);
}

void overlay_finish(struct overlay *overlay) {
	wp_viewport_destroy(overlay->viewport);
	wl_subsurface_destroy(overlay->subsurface);
	wl_surface_destroy(overlay->surface);
	shm_buffer_finish(&overlay->buffer);
	free(overlay->sentence);
	if (overlay->drawn) {
		pango_cairo_font_map_set_default(NULL); // with the fonts it holds
		FcFini();
	}
}

static void plate(cairo_t *cairo, double x, double y, double width, double height) {
	cairo_new_sub_path(cairo);
	cairo_arc(cairo, x + width - RADIUS, y + RADIUS, RADIUS, -G_PI / 2, 0);
	cairo_arc(cairo, x + width - RADIUS, y + height - RADIUS, RADIUS, 0, G_PI / 2);
	cairo_arc(cairo, x + RADIUS, y + height - RADIUS, RADIUS, G_PI / 2, G_PI);
	cairo_arc(cairo, x + RADIUS, y + RADIUS, RADIUS, G_PI, 3 * G_PI / 2);
	cairo_close_path(cairo);
	cairo_set_source_rgba(cairo, 0.10, 0.11, 0.14, 0.92);
	cairo_fill(cairo);
}

static void draw(struct overlay *overlay) {
	overlay->drawn = true;
	cairo_surface_t *target = cairo_image_surface_create_for_data(overlay->buffer.bytes,
		CAIRO_FORMAT_ARGB32, overlay->buffer.width, overlay->buffer.height,
		overlay->buffer.stride);
	cairo_t *cairo = cairo_create(target);
	cairo_set_operator(cairo, CAIRO_OPERATOR_SOURCE);
	cairo_set_source_rgba(cairo, 0, 0, 0, VEIL);
	cairo_paint(cairo);
	cairo_set_operator(cairo, CAIRO_OPERATOR_OVER);
	cairo_scale(cairo, overlay->scale, overlay->scale);

	PangoLayout *layout = pango_cairo_create_layout(cairo);
	PangoFontDescription *font = pango_font_description_from_string("sans 12");
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	int room = overlay->width - 4 * MARGIN;
	pango_layout_set_width(layout, (room > 80 ? room : 80) * PANGO_SCALE);
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
	pango_layout_set_text(layout, overlay->sentence, -1);
	PangoRectangle extents;
	pango_layout_get_pixel_extents(layout, NULL, &extents);
	double x = (overlay->width - extents.width) / 2.0, y = (overlay->height - extents.height) / 2.0;
	plate(cairo, x - MARGIN, y - MARGIN, extents.width + 2 * MARGIN, extents.height + 2 * MARGIN);
	cairo_set_source_rgb(cairo, 0.93, 0.94, 0.96);
	cairo_move_to(cairo, x - extents.x, y - extents.y);
	pango_cairo_show_layout(cairo, layout);
	g_object_unref(layout);
	cairo_destroy(cairo);
	cairo_surface_finish(target);
	cairo_surface_destroy(target);
}

void overlay_set(struct overlay *overlay, const char *sentence, int width, int height, double scale) {
	bool same = overlay->width == width && overlay->height == height && overlay->scale == scale;
	if (!sentence ? !overlay->sentence :
			overlay->sentence && same && strcmp(sentence, overlay->sentence) == 0) {
		return;
	}
	free(overlay->sentence);
	overlay->sentence = sentence ? strdup(sentence) : NULL;
	overlay->width = width;
	overlay->height = height;
	overlay->scale = scale;
	shm_buffer_finish(&overlay->buffer); // what the compositor shows of it, it has
	if (!overlay->sentence) {
		wl_surface_attach(overlay->surface, NULL, 0, 0);
		wl_surface_commit(overlay->surface);
		return;
	}
	if (!shm_buffer_init(&overlay->buffer, overlay->globals, (int)ceil(width * scale),
			(int)ceil(height * scale), WL_SHM_FORMAT_ARGB8888)) {
		log_errno("the sentence cannot be shown: %s", sentence);
		return;
	}
	draw(overlay);
	wl_surface_attach(overlay->surface, overlay->buffer.buffer, 0, 0);
	wl_surface_damage_buffer(overlay->surface, 0, 0, overlay->buffer.width, overlay->buffer.height);
	wp_viewport_set_destination(overlay->viewport, width, height);
	wl_surface_commit(overlay->surface);
}
