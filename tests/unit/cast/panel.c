/* SPDX-License-Identifier: MIT */
/* panel.c - the panel over a view as it is drawn: nothing of it lies over anything else. */
#include "boxview/panel.h"

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <string.h>

#include "unit/cast/check.h"

#define HEIGHT 400
#define NAME_ROWS 34  // of the first line: who, and how often
#define NUMBER_X 250  // right of it there is only how often
#define SHORT "den/win/3"

static const struct source_stages stages = {
	.input = "memfd",
	.coder = "x264",
	.net = "quic",
	.bits = 4000000,
	.stages = {{900, 1200}, {1, 2}, {8000, 12000}, {100, 200}, {3000, 5000}, {10, 20}, {2000, 2500},
		{300, 400}, {9000, 15000}, {23000, 30000}},
};

static cairo_surface_t *drawn(const char *from, int *height) {
	const struct panel_facts facts = {
		.from = from,
		.codec = "h264",
		.width = 640,
		.height = 480,
		.fps = 30,
		.decoder = "avdec_h264",
		.presenter = "shm",
		.stages = &stages,
	};
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, PANEL_WIDTH, HEIGHT);
	cairo_t *cairo = cairo_create(surface);
	*height = panel_draw(cairo, &facts);
	cairo_destroy(cairo);
	cairo_surface_flush(surface);
	return surface;
}

/* Whether the pixels of a part are the same. */
static bool same(cairo_surface_t *a, cairo_surface_t *b, int x, int y, int width, int height) {
	int stride = cairo_image_surface_get_stride(a);
	const unsigned char *left = cairo_image_surface_get_data(a);
	const unsigned char *right = cairo_image_surface_get_data(b);
	for (int row = y; row < y + height; row++) {
		if (memcmp(left + row * stride + x * 4, right + row * stride + x * 4, (size_t)width * 4) != 0) {
			return false;
		}
	}
	return true;
}

static void check_stays_in_its_line(const char *from) {
	int height, wanted;
	cairo_surface_t *usual = drawn(SHORT, &wanted), *other = drawn(from, &height);
	assert_int_equal(height, wanted);
	assert_in_range(height, NAME_ROWS, HEIGHT);
	assert_false(same(usual, other, 0, 0, PANEL_WIDTH, NAME_ROWS));
	assert_true(same(usual, other, NUMBER_X, 0, PANEL_WIDTH - NUMBER_X, HEIGHT));
	assert_true(same(usual, other, 0, NAME_ROWS, PANEL_WIDTH, HEIGHT - NAME_ROWS));
	cairo_surface_destroy(usual);
	cairo_surface_destroy(other);
}

static void long_names(void **state) {
	char bytes[2001];
	check_stays_in_its_line("a-machine-with-a-very-long-name-in-the-cellar.of-the-house/win/12345");
	check_stays_in_its_line("two words and more of them in the name of a machine/win/1\nand a line/win/2");
	memset(bytes, 'x', sizeof(bytes) - 1);
	bytes[sizeof(bytes) - 1] = '\0';
	check_stays_in_its_line(bytes);
	for (size_t i = 0; i < sizeof(bytes) - 2; i += 2) {
		memcpy(bytes + i, "ü", 2);
	}
	check_stays_in_its_line(bytes);
}

/* They are of the whole process. */
static int forget_fonts(void **state) {
	pango_cairo_font_map_set_default(NULL);
	FcFini();
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_names),
	};
	return cmocka_run_group_tests(tests, NULL, forget_fonts);
}
