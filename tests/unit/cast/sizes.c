/* SPDX-License-Identifier: MIT */
/* sizes.c - pictures padded and cropped, windows fitted, and who decides how large a view is. */
#include "boxcast/picture.h"
#include "boxcast/stats.h"
#include "boxview/fit.h"
#include "boxview/shape.h"
#include "boxview/times.h"
#include "boxview/visible.h"

#include <string.h>

#include "unit/cast/check.h"

static void padding(void **state) {
	struct picture_size p = picture_padded((struct picture_size){641, 479});
	assert_int_equal(p.width, 642);
	assert_int_equal(p.height, 480);
	p = picture_padded((struct picture_size){640, 480});
	assert_int_equal(p.width, 640);
	p = picture_padded((struct picture_size){1, 17});
	assert_int_equal(p.width, PICTURE_SIDE_MIN);
	assert_int_equal(p.height, 18);
	p = picture_cropped((struct picture_size){641, 479});
	assert_int_equal(p.width, 640);
	assert_int_equal(p.height, 478);
	assert_true(picture_valid((struct picture_size){1, PICTURE_SIDE_MAX}));
	assert_false(picture_valid((struct picture_size){0, 5}));
	assert_false(picture_valid((struct picture_size){-5, 5}));
	assert_false(picture_valid((struct picture_size){5, PICTURE_SIDE_MAX + 1}));
}

static void extents(void **state) {
	const struct picture_size size = {641, 480};
	assert_int_equal(picture_extent(size, 0, 641 * 4), UINT64_C(641) * 4 * 480);
	assert_int_equal(picture_extent(size, 100, 4096), 100 + UINT64_C(4096) * 479 + 641 * 4);
	assert_int_equal(picture_extent(size, 0, 640 * 4), 0); // rows overlap
	assert_int_equal(picture_extent(size, 0, 641 * 4 + 1), 0);
	// no overflow of what 32 bits hold
	assert_int_equal(picture_extent(size, UINT32_MAX, UINT32_MAX - 3),
		UINT32_MAX + UINT64_C(0xfffffffc) * 479 + 641 * 4);
	assert_int_equal(picture_extent((struct picture_size){0, 0}, 0, 4), 0);
}

static void rates(void **state) {
	uint32_t hd = picture_rate((struct picture_size){1280, 720}, 60000);
	assert_in_range(hd, 7900000, 8100000);
	assert_int_equal(picture_rate((struct picture_size){64, 64}, 60000), 4000000);
	assert_int_equal(picture_rate((struct picture_size){8192, 8192}, 240000), 60000000);
	assert_int_equal(picture_patience((struct picture_size){64, 64}), 2000 * MS);
	assert_int_equal(picture_patience((struct picture_size){3840, 2160}), 8000 * MS);
	assert_int_equal(picture_patience((struct picture_size){8192, 8192}), INT64_C(64726913580));
	assert_int_equal(picture_rate_bounded(1), 500000);
	assert_int_equal(picture_rate_bounded(UINT64_MAX), 60000000);
}

static void pixels_of_the_screen(void **state) {
	assert_int_equal(fit_pixels(640, 120, 640), 640);
	assert_int_equal(fit_pixels(641, 120, 640), 640); // rounded somewhere
	assert_int_equal(fit_pixels(642, 120, 640), 642);
	assert_int_equal(fit_pixels(641, 180, 961), 961); // 961.5
	assert_int_equal(fit_pixels(641, 180, 960), 962);
	assert_int_equal(fit_pixels(481, 240, 961), 961);
	assert_int_equal(fit_pixels(481, 240, 960), 962);
	assert_int_equal(fit_pixels(1280, 120, 960), 1280); // coded smaller
	assert_int_equal(fit_pixels(8192, 480, 8192), 32768);
	for (int pixels = 4; pixels < 5000; pixels++) { // no less than a unit
		for (uint32_t scale = 120; scale <= 480; scale += 7) { // what is as large is never scaled
			assert_int_equal(fit_pixels(fit_units(pixels, scale), scale, pixels), pixels);
		}
	}
}

static void fitting(void **state) {
	struct fit fit;
	fit_compute(&fit, 640, 480, 640, 480, true);
	assert_int_equal(fit.shown_width, 640);
	assert_int_equal(fit.x, 0);
	fit_compute(&fit, 1920, 1080, 640, 480, true); // bars left and right
	assert_int_equal(fit.shown_width, 1440);
	assert_int_equal(fit.shown_height, 1080);
	assert_int_equal(fit.x, 240);
	assert_int_equal(fit.y, 0);
	fit_compute(&fit, 480, 1000, 640, 480, true); // above and below
	assert_int_equal(fit.shown_width, 480);
	assert_int_equal(fit.shown_height, 360);
	assert_int_equal(fit.y, 320);
	fit_compute(&fit, 645, 480, 640, 480, true); // less than a step: sharp
	assert_int_equal(fit.shown_width, 640);
	assert_int_equal(fit.shown_height, 480);
	assert_int_equal(fit.x, 2);
	fit_compute(&fit, 1300, 900, 640, 480, false); // the next picture will fit
	assert_int_equal(fit.shown_width, 640);
	assert_int_equal(fit.y, 210);
	fit_compute(&fit, 320, 480, 640, 480, false); // it has no room
	assert_int_equal(fit.shown_width, 320);
	fit_compute(&fit, 8192, 1, 1, 8192, true);
	assert_int_equal(fit.shown_width, 1);
	assert_int_equal(fit.shown_height, 1);
}

static void units(void **state) {
	for (uint32_t scale = 120; scale <= 480; scale += 15) {
		for (int size = 1; size < 2000; size++) {
			assert_int_equal(fit_units((int)(size * scale / 120.0 + 0.5), scale), size);
		}
	}
	assert_int_equal(fit_units(1, 480), 1);
}

static void points(void **state) {
	struct fit fit;
	int32_t x, y;
	fit_compute(&fit, 1920, 1080, 640, 480, true);
	fit_point(&fit, (240 + 720) * 65536, 540 * 65536, &x, &y); // the middle
	assert_int_equal(x, 320 * 65536);
	assert_int_equal(y, 240 * 65536);
	fit_point(&fit, 0, 0, &x, &y); // in the bar: the nearest edge
	assert_int_equal(x, 0);
	fit_point(&fit, INT32_MAX, INT32_MAX, &x, &y);
	assert_int_equal(x, 640 * 65536 - 1);
	assert_int_equal(y, 480 * 65536 - 1);
	fit_point(&fit, INT32_MIN, INT32_MIN, &x, &y);
	assert_int_equal(x, 0);
	assert_int_equal(y, 0);
}

static void check_shape(const struct shape *shape, int width, int height) {
	assert_int_equal(shape->width, width);
	assert_int_equal(shape->height, height);
}

static void a_free_window_is_as_large_as_the_picture(void **state) {
	struct shape shape = {0};
	shape_configure(&shape, 0, 0, false, 1);
	check_shape(&shape, 0, 0);
	shape_picture(&shape, 640, 480, 2);
	check_shape(&shape, 640, 480);
	shape_configure(&shape, 640, 480, false, 3); // the compositor says the same back
	check_shape(&shape, 640, 480);
	assert_int_equal(shape_deadline(&shape), 0);
	shape_picture(&shape, 800, 600, 4); // it resized itself
	check_shape(&shape, 800, 600);
}

static void an_asked_size_is_awaited(void **state) {
	struct shape shape = {0};
	shape_picture(&shape, 640, 480, 1 * MS);
	shape_configure(&shape, 700, 500, false, 2 * MS);
	check_shape(&shape, 700, 500);
	shape_picture(&shape, 640, 480, 10 * MS); // still on its way
	check_shape(&shape, 700, 500);
	shape_picture(&shape, 698, 490, 30 * MS); // whole characters only
	check_shape(&shape, 698, 490);
	assert_int_equal(shape_deadline(&shape), 0);
}

static void an_asked_size_that_is_not_taken(void **state) {
	struct shape shape = {0};
	shape_picture(&shape, 640, 480, 1 * MS);
	shape_configure(&shape, 700, 500, false, 2 * MS);
	assert_int_equal(shape_deadline(&shape), 2 * MS + SHAPE_PATIENCE_NS);
	shape_check(&shape, 1 * MS + SHAPE_PATIENCE_NS);
	check_shape(&shape, 700, 500);
	shape_check(&shape, 2 * MS + SHAPE_PATIENCE_NS);
	check_shape(&shape, 640, 480);
	assert_int_equal(shape_deadline(&shape), 0);
}

static void a_bound_window_keeps_its_size(void **state) {
	struct shape shape = {0};
	shape_configure(&shape, 1920, 1080, true, 1);
	shape_picture(&shape, 640, 480, 2 * MS);
	check_shape(&shape, 1920, 1080);
	shape_check(&shape, 10000 * MS);
	shape_picture(&shape, 640, 480, 10001 * MS);
	check_shape(&shape, 1920, 1080);
	shape_configure(&shape, 0, 0, false, 10002 * MS); // restored, as we like
	check_shape(&shape, 640, 480);
}

static void check_visible(struct picture picture, const struct source_video *video, int width,
		int height, int window_width, int window_height) {
	visible_set(&picture, video);
	assert_int_equal(picture.visible_width, width);
	assert_int_equal(picture.visible_height, height);
	assert_int_equal(picture.window_width, window_width);
	assert_int_equal(picture.window_height, window_height);
}

/* The line that says sizes and the frames of those sizes may overtake each other. */
static void what_is_seen_of_a_picture(void **state) {
	const struct source_video all = {1281, 721, 1281, 721, 120, {0}},
		less = {1281, 721, 962, 542, 120, {0}};
	const struct picture whole = {.width = 1282, .height = 722}, small = {.width = 962, .height = 542};
	check_visible(whole, &all, 1281, 721, 1281, 721);
	check_visible(small, &less, 962, 542, 1281, 721);
	check_visible(whole, &less, 1281, 721, 1281, 721); // of the step before
	check_visible(small, &all, 962, 542, 1281, 721);   // of the next one
	const struct source_video nothing = {0};
	check_visible(whole, &nothing, 1282, 722, 1282, 722);
	// another window size, before it is said
	const struct picture wide = {.width = 1000, .height = 400}, large = {.width = 1920, .height = 1080};
	check_visible(wide, &all, 1000, 400, 1000, 400);
	check_visible(large, &all, 1920, 1080, 1920, 1080);
}

static void view_of_a_second(void **state) {
	struct stats stats;
	stats_init(&stats);
	for (uint32_t i = 1; i <= 100; i++) {
		int64_t at = 1000 * MS + i * 10 * MS;
		stats_frame(&stats, 1000, i == 1);
		stages_captured(&stats.stages, (uint64_t)at, at);
		stages_sent(&stats.stages, i, (uint64_t)at, at, at + i * MS, at + i * MS);
		struct ack ack = {.sequence = i, .at_ns = (uint64_t)(at + i * MS)};
		stages_acked(&stats.stages, &ack, at + i * MS);
		ack.presented_ns = (uint64_t)(at + i * MS);
		stages_acked(&stats.stages, &ack, at + i * MS);
	}
	struct stats_facts facts = {.path = "x264", .why = "", .lane = "video", .input = "memfd",
		.codec = "h264", .decoder = "avdec_h264", .presenter = "shm", .width = 640, .height = 480,
		.coded_width = 640, .coded_height = 480, .refresh_mhz = 59940, .divisor = 1};
	stats.since = 1;
	char text[2048];
	stats_print(&stats, &facts, 1 + 2000 * MS, text, sizeof(text));
	assert_non_null(strstr(text, "path x264\n"));
	assert_non_null(strstr(text, "frames 100\nsent-again 0\nkeyframes 1\nbytes 100000\nfps 50.0\n"));
	assert_non_null(strstr(text, "encode-us 51000 95000 50500\n"));
	assert_non_null(strstr(text, "total-us 51000 95000 50500\n"));
	assert_null(strstr(text, "path-why"));
	assert_non_null(strstr(text, "way memfd → x264 → unix → avdec_h264 → shm\n"));
	assert_non_null(strstr(text, "picture 640x480 h264 50.0/s 0.40 Mbit/s, at 59.94 Hz\n"));
	struct source_stages told; // as the view reads it
	assert_true(stats_line(&stats, &facts, 1 + 2000 * MS, text, sizeof(text)));
	assert_true(source_parse_stages(text, &told));
	assert_string_equal(told.coder, "x264");
	assert_int_equal(told.bits, 400000);
	assert_int_equal(told.stages[2].median, 51000);
	assert_int_equal(told.stages[SOURCE_STAGES].high, 95000);
	facts.coded_width = 320;
	facts.coded_height = 240;
	facts.refresh_mhz = 120000;
	facts.divisor = 2;
	stats_print(&stats, &facts, 5000 * MS, text, sizeof(text)); // anew, but for the sums
	assert_non_null(strstr(text, "Mbit/s, at 120 Hz, coded 320x240, one of 2 frames\n"));
	assert_non_null(strstr(text, "coded 320x240\nrefresh 120\none-of 2\n"));
	assert_non_null(strstr(text, "frames 100\n"));
	assert_null(strstr(text, "encode-us"));
	assert_false(stats_line(&stats, &facts, 5000 * MS, text, sizeof(text)));
	char small[40];
	assert_true(strlen(stats_print(&stats, &facts, 6000 * MS, small, sizeof(small))) < 40);
	struct times times = {0};
	uint32_t median, high;
	for (int i = 0; i < 2 * TIMES_KEPT; i++) {
		times_add(&times, 3000);
	}
	times_take(&times, &median, &high);
	assert_int_equal(median, 3);
	times_take(&times, &median, &high);
	assert_int_equal(high, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding),
		cmocka_unit_test(extents),
		cmocka_unit_test(rates),
		cmocka_unit_test(pixels_of_the_screen),
		cmocka_unit_test(fitting),
		cmocka_unit_test(units),
		cmocka_unit_test(points),
		cmocka_unit_test(a_free_window_is_as_large_as_the_picture),
		cmocka_unit_test(an_asked_size_is_awaited),
		cmocka_unit_test(an_asked_size_that_is_not_taken),
		cmocka_unit_test(a_bound_window_keeps_its_size),
		cmocka_unit_test(what_is_seen_of_a_picture),
		cmocka_unit_test(view_of_a_second),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
