/* SPDX-License-Identifier: MIT */
/*
 * panel_draw.c - how the panel looks: who it is of, by what path pictures come, and a bar for each stage
 * of a frame's way. Pure but for cairo.
 */
#include <pango/pangocairo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "box/utf8.h"
#include "boxview/panel.h"

#define PAD 16
#define RADIUS 10
#define ROW 19
#define FROM_MAX 300 // bytes of it that may be written
#define BAR_X 150    // of a stage's bar
#define BAR_END 288  // the longest one's end; numbers stand right of it

static const struct look {
	const char *label;
	double red, green, blue; // blue: at the source; amber: between; green: here
} looks[SOURCE_STAGES] = {
	{"Until captured", 0.66, 0.82, 1.00},
	{"To the encoder", 0.52, 0.74, 1.00},
	{"Encode", 0.38, 0.66, 0.98},
	{"Send", 0.28, 0.57, 0.92},
	{"Network", 1.00, 0.73, 0.36},
	{"Wait for decoder", 0.76, 0.94, 0.82},
	{"Decode", 0.58, 0.88, 0.69},
	{"Draw", 0.42, 0.81, 0.57},
	{"Until on screen", 0.28, 0.72, 0.46},
};

struct pen {
	cairo_t *cairo;
	double bright; // of what is written next
	bool one_line; // likewise: what has no room in the middle of it is left out
};

/* Returns the height of what was written, or (cairo's surface is a measure) would have been. */
static int write_text(const struct pen *pen, double x, double y, double width, PangoAlignment align,
	double size, bool bold, const char *fmt, ...) __attribute__((format(printf, 8, 9)));

static int write_text(const struct pen *pen, double x, double y, double width, PangoAlignment align,
		double size, bool bold, const char *fmt, ...) {
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	PangoLayout *layout = pango_cairo_create_layout(pen->cairo);
	PangoFontDescription *font = pango_font_description_from_string("sans");
	pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
	pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL);
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
	if (pen->one_line) {
		pango_layout_set_single_paragraph_mode(layout, true);
		pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_MIDDLE);
	} else {
		pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	}
	pango_layout_set_alignment(layout, align);
	pango_layout_set_text(layout, text, -1);
	cairo_set_source_rgba(pen->cairo, 1, 1, 1, pen->bright);
	cairo_move_to(pen->cairo, x, y);
	pango_cairo_show_layout(pen->cairo, layout);
	int height;
	pango_layout_get_pixel_size(layout, NULL, &height);
	g_object_unref(layout);
	return height;
}

static void rounded(cairo_t *cairo, double x, double y, double width, double height, double radius) {
	cairo_new_sub_path(cairo);
	cairo_arc(cairo, x + width - radius, y + radius, radius, -G_PI / 2, 0);
	cairo_arc(cairo, x + width - radius, y + height - radius, radius, 0, G_PI / 2);
	cairo_arc(cairo, x + radius, y + height - radius, radius, G_PI / 2, G_PI);
	cairo_arc(cairo, x + radius, y + radius, radius, G_PI, 3 * G_PI / 2);
	cairo_close_path(cairo);
}

static void colour(cairo_t *cairo, int stage, double alpha) {
	cairo_set_source_rgba(cairo, looks[stage].red, looks[stage].green, looks[stage].blue, alpha);
}

/* A bit of each stage's colour as long as its share. */
static void draw_shares(cairo_t *cairo, const struct source_stages *stages, double y) {
	double sum = 0, x = PAD, width = PANEL_WIDTH - 2 * PAD;
	for (int i = 0; i < SOURCE_STAGES; i++) {
		sum += stages->stages[i].median;
	}
	cairo_save(cairo);
	rounded(cairo, x, y, width, 8, 4);
	cairo_clip(cairo);
	for (int i = 0; sum > 0 && i < SOURCE_STAGES; i++) {
		double part = width * stages->stages[i].median / sum;
		cairo_rectangle(cairo, x, y, part, 8);
		colour(cairo, i, 1);
		cairo_fill(cairo);
		x += part;
	}
	cairo_restore(cairo);
}

/* Its name, its median as a bar with what one in twenty exceeds as a pale one, and the number. */
static void draw_stage(const struct pen *pen, const struct source_stages *stages, int i, double most,
		double y) {
	cairo_t *cairo = pen->cairo;
	double median = stages->stages[i].median, high = stages->stages[i].high;
	double unit = (BAR_END - BAR_X) / most, middle = y + ROW / 2.0;
	cairo_arc(cairo, PAD + 4, middle, 3.5, 0, 2 * G_PI);
	colour(cairo, i, 1);
	cairo_fill(cairo);
	write_text(pen, PAD + 16, y + 2, BAR_X - PAD - 16, PANGO_ALIGN_LEFT, 11.5, false, "%s",
		looks[i].label);
	rounded(cairo, BAR_X, middle - 3, high * unit > 6 ? high * unit : 6, 6, 3);
	colour(cairo, i, 0.28);
	cairo_fill(cairo);
	rounded(cairo, BAR_X, middle - 3, median * unit > 6 ? median * unit : 6, 6, 3);
	colour(cairo, i, 1);
	cairo_fill(cairo);
	write_text(pen, BAR_END, y + 2, PANEL_WIDTH - PAD - BAR_END, PANGO_ALIGN_RIGHT, 11.5, false, "%.1f",
		median / 1e3);
}

/* All stages, below y; returns where they end. */
static double draw_stages(struct pen *pen, const struct source_stages *stages, double y) {
	double most = 1000, width = PANEL_WIDTH - 2 * PAD;
	for (int i = 0; i < SOURCE_STAGES; i++) {
		most = stages->stages[i].high > most ? stages->stages[i].high : most;
	}
	const double median = stages->stages[SOURCE_STAGES].median / 1e3;
	const double high = stages->stages[SOURCE_STAGES].high / 1e3;
	pen->bright = 0.96;
	write_text(pen, PAD, y, width, PANGO_ALIGN_LEFT, 22, true, "%.1f ms", median);
	pen->bright = 0.66;
	write_text(pen, PAD, y + 10, width, PANGO_ALIGN_RIGHT, 11, false, "95 %% within %.1f ms", high);
	y += 34;
	draw_shares(pen->cairo, stages, y);
	y += 18;
	pen->bright = 0.88;
	for (int i = 0; i < SOURCE_STAGES; i++) {
		draw_stage(pen, stages, i, most, y);
		y += ROW;
	}
	return y + 6;
}

/* Who, how large, by what; returns where it ends. */
static double draw_head(struct pen *pen, const struct panel_facts *facts) {
	double y = PAD - 2, width = PANEL_WIDTH - 2 * PAD;
	const struct source_stages *stages = facts->stages;
	pen->bright = 0.96;
	pen->one_line = true;
	size_t size = utf8_cut(facts->from, strlen(facts->from), FROM_MAX);
	write_text(pen, PAD, y, width - 90, PANGO_ALIGN_LEFT, 13, true, "%.*s", (int)size, facts->from);
	pen->one_line = false;
	write_text(pen, PAD, y, width, PANGO_ALIGN_RIGHT, 13, true,
		facts->fps < 0 ? "…" : facts->fps >= 0.05 ? "%.0f fps" : "at rest", facts->fps);
	y += 21;
	pen->bright = 0.66;
	if (facts->width > 0) {
		write_text(pen, PAD, y, width, PANGO_ALIGN_LEFT, 11, false, "%d × %d · %s", facts->width,
			facts->height, facts->codec);
	}
	if (stages) {
		write_text(pen, PAD, y, width, PANGO_ALIGN_RIGHT, 11, false, "%.1f Mbit/s",
			(double)stages->bits / 1e6);
		y += 17;
		y += write_text(pen, PAD, y, width, PANGO_ALIGN_LEFT, 11, false, "%s → %s → %s → %s → %s",
			stages->input, stages->coder, stages->net, facts->decoder, facts->presenter);
	} else {
		y += 17;
	}
	return y + 12;
}

int panel_draw(cairo_t *cairo, const struct panel_facts *facts) {
	struct pen pen = {.cairo = cairo};
	// twice: the plate is as high as what is on it
	double height = 0;
	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1) {
			cairo_set_operator(cairo, CAIRO_OPERATOR_SOURCE);
			cairo_set_source_rgba(cairo, 0, 0, 0, 0);
			cairo_paint(cairo);
			cairo_set_operator(cairo, CAIRO_OPERATOR_OVER);
			rounded(cairo, 0.5, 0.5, PANEL_WIDTH - 1, height - 1, RADIUS);
			cairo_set_source_rgba(cairo, 0.07, 0.08, 0.10, 0.88);
			cairo_fill_preserve(cairo);
			cairo_set_source_rgba(cairo, 1, 1, 1, 0.10);
			cairo_set_line_width(cairo, 1);
			cairo_stroke(cairo);
		}
		double y = draw_head(&pen, facts);
		if (facts->stages) {
			y = draw_stages(&pen, facts->stages, y);
		}
		pen.bright = 0.45;
		y += write_text(&pen, PAD, y, PANEL_WIDTH - 2 * PAD, PANGO_ALIGN_LEFT, 10, false, "%s",
			facts->stages ? "Medians of the last 2 s. Ctrl+Alt+Shift+S hides this." :
			"Times come with its next frames. Ctrl+Alt+Shift+S hides this.");
		height = y + PAD - 4;
	}
	return (int)height;
}
