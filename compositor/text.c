/* SPDX-License-Identifier: MIT */
/*
 * text.c - lines of text, laid out by pango.
 *
 * The font map is our own and not pango's default one, so that nothing outlives the server.
 */
#include "text.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <stdlib.h>

#include "paint.h"
#include "theme.h"

struct text {
	PangoFontMap *fonts;
};

struct text *text_create(void) {
	struct text *text = calloc(1, sizeof(*text));
	if (!text) {
		return NULL;
	}
	text->fonts = pango_cairo_font_map_new();
	return text;
}

void text_destroy(struct text *text) {
	if (!text) {
		return;
	}
	g_object_unref(text->fonts);
	free(text);
}

static PangoLayout *layout_create(struct text *text, cairo_t *cr, const char *string,
		const struct text_style *style) {
	PangoContext *context = pango_font_map_create_context(text->fonts);
	cairo_font_options_t *options = cairo_font_options_create();
	// Grey levels: a buffer may be shown scaled, turned or on any subpixel order.
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	if (cr) {
		pango_cairo_update_context(cr, context);
	}

	PangoLayout *layout = pango_layout_new(context);
	g_object_unref(context);
	PangoFontDescription *font = pango_font_description_from_string(THEME_FONT);
	pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
	if (style->bold) {
		pango_font_description_set_weight(font, PANGO_WEIGHT_SEMIBOLD);
	}
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	pango_layout_set_single_paragraph_mode(layout, TRUE);
	if (style->width > 0) {
		pango_layout_set_width(layout, style->width * PANGO_SCALE);
		pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
	}
	char *valid = g_utf8_make_valid(string, -1);
	for (char *at = valid; *at; at++) {
		if (*at == '\n' || *at == '\r' || *at == '\t') {
			*at = ' ';
		}
	}
	pango_layout_set_text(layout, valid, -1);
	g_free(valid);
	return layout;
}

void text_measure(struct text *text, const char *string, const struct text_style *style,
		int *width, int *height) {
	PangoLayout *layout = layout_create(text, NULL, string, style);
	int w, h;
	pango_layout_get_size(layout, &w, &h);
	g_object_unref(layout);
	if (width) {
		*width = (int)ceil((double)w / PANGO_SCALE);
	}
	if (height) {
		*height = (int)ceil((double)h / PANGO_SCALE);
	}
}

double text_draw(struct text *text, cairo_t *cr, const char *string,
		const struct text_style *style, uint32_t rgba, double x, double y) {
	PangoLayout *layout = layout_create(text, cr, string, style);
	int width, height;
	pango_layout_get_size(layout, &width, &height);
	paint_colour(cr, rgba);
	cairo_move_to(cr, x, y - (double)height / PANGO_SCALE / 2);
	pango_cairo_show_layout(cr, layout);
	g_object_unref(layout);
	return (double)width / PANGO_SCALE;
}
