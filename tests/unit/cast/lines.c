/* SPDX-License-Identifier: MIT */
/* lines.c - values of control lines, at both ends: what fits, what does not, and the limits. */
#include "boxcast/lines.h"

#include <stdlib.h>
#include <string.h>

#include "boxview/source.h"
#include "boxview/text.h"
#include "unit/cast/check.h"

static void sizes(void **state) {
	struct picture_size size = {1, 2};
	assert_true(line_size("640x480", &size));
	assert_int_equal(size.width, 640);
	assert_int_equal(size.height, 480);
	assert_true(line_size("8192x8192", &size));
	static const char *const bad[] = {"", "640", "640x", "x480", "0x480", "640x0", "8193x1", "1x8193",
		"640x480 ", "-1x2", "640X480", "99999999999999999999x1", "6 40x480"};
	size = (struct picture_size){3, 4};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(line_size(bad[i], &size));
	}
	assert_int_equal(size.width, 3);
}

static void numbers_and_switches(void **state) {
	bool on = false;
	assert_true(line_switch("on", &on));
	assert_true(on);
	assert_true(line_switch("off", &on));
	assert_false(on);
	assert_false(line_switch("ON", &on));
	assert_false(line_switch("", &on));
	uint64_t n;
	assert_true(line_number("10", 10, &n));
	assert_int_equal(n, 10);
	assert_false(line_number("11", 10, &n));
	assert_true(line_number("18446744073709551615", UINT64_MAX, &n));
	assert_false(line_number("18446744073709551616", UINT64_MAX, &n));
	assert_false(line_number("", 10, &n));
	assert_false(line_number("1a", 10, &n));
	uint32_t m[4];
	assert_true(line_modifiers("1 0 16 4294967295", m));
	assert_int_equal(m[2], 16);
	assert_int_equal(m[3], UINT32_MAX);
	assert_false(line_modifiers("1 0 16", m));
	assert_false(line_modifiers("1 0 16 0 ", m));
	assert_false(line_modifiers("1 0 16 4294967296", m));
	int rate, delay;
	assert_true(line_repeat("25 600", &rate, &delay));
	assert_int_equal(rate, 25);
	assert_int_equal(delay, 600);
	assert_false(line_repeat("25", &rate, &delay));
	assert_false(line_repeat("1001 600", &rate, &delay));
}

static void paths(void **state) {
	struct line_path path;
	assert_true(line_path("rtt=91000 least=80000 window=48000 flight=1200 sent=7 lost=2", &path));
	assert_int_equal(path.rtt_ns, 91 * MS);
	assert_int_equal(path.least_ns, 80 * MS);
	assert_int_equal(path.window, 48000);
	assert_int_equal(path.flight, 1200);
	assert_int_equal(path.sent, 7);
	assert_int_equal(path.lost, 2);
	// another order, and words of a later level
	assert_true(line_path("lost=1 ecn=5 sent=2 flight=3 window=4 least=5 rtt=1125899906842624", &path));
	assert_int_equal(path.window, 4);
	static const char *const bad[] = {"", "rtt=1 least=1 window=1 flight=1 sent=1",
		"rtt=1 least=1 window=1 flight=1 sent=1 lost=", "rtt=1ms least=1 window=1 flight=1 sent=1 lost=1",
		"rtt=-1 least=1 window=1 flight=1 sent=1 lost=1",
		"rtt=1125899906842625 least=1 window=1 flight=1 sent=1 lost=1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(line_path(bad[i], &path));
	}
	assert_int_equal(path.window, 4);
}

static void keymaps(void **state) {
	static const char good[] =
		"xkb_keymap {\n"
		"xkb_keycodes \"t\" { minimum = 8; maximum = 255; <AC01> = 38; };\n"
		"xkb_types \"t\" { type \"ONE_LEVEL\" { modifiers = none; map[None] = Level1; }; };\n"
		"xkb_compatibility \"t\" { };\n"
		"xkb_symbols \"t\" { key <AC01> { [ a ] }; };\n"
		"};\n";
	assert_true(line_keymap(good));
	assert_false(line_keymap(""));
	assert_false(line_keymap("xkb_keymap {"));
	assert_false(line_keymap("not a keymap"));
	// no files are read on a stranger's word
	assert_false(line_keymap("xkb_keymap { xkb_keycodes { include \"evdev\" }; "
		"xkb_types { include \"complete\" }; xkb_compat { include \"complete\" }; "
		"xkb_symbols { include \"pc+us\" }; };"));
	char *large = malloc(LINE_KEYMAP_MAX + 2);
	memset(large, ' ', LINE_KEYMAP_MAX + 1);
	large[LINE_KEYMAP_MAX + 1] = '\0';
	memcpy(large, good, sizeof(good) - 1);
	assert_false(line_keymap(large));
	large[LINE_KEYMAP_MAX] = '\0';
	assert_true(line_keymap(large));
	free(large);
}

static void check_text(const char *want, const char *in, size_t max) {
	char *clean = text_clean(in, max);
	assert_string_equal(want, clean);
	free(clean);
}

static void texts(void **state) {
	check_text("Minecraft", "Minecraft", 100);
	check_text("a b c", "a\nb\tc", 100);
	check_text("über", "über", 5);
	check_text("üb", "über", 3);
	check_text("\xc3\xbc", "üü", 3); // no half characters
	check_text("", "ü", 1);
	check_text("a?b", "a\xff" "b", 100);
	check_text("a??", "a\xed\xa0", 100); // half a surrogate
	check_text("a?", "a\x7f", 100);
	char *title = text_title("Doom", "den");
	assert_string_equal(title, "Doom — den");
	free(title);
	title = text_title("", "den");
	assert_string_equal(title, "den");
	free(title);
	char *node = text_node("den/win/3");
	assert_string_equal(node, "den");
	free(node);
	node = text_node("/win/3");
	assert_string_equal(node, "win");
	free(node);
}

static void video(void **state) {
	struct source_video video = {0};
	assert_true(source_parse_video("codec=h264 size=641x480 colour=bt709-full", &video));
	assert_int_equal(video.width, 641);
	assert_int_equal(video.height, 480);
	assert_true(video.colour.bt709);
	assert_true(video.colour.full);
	assert_int_equal(video.coded_width, 641);
	assert_int_equal(video.scale, 120);
	assert_true(source_parse_video("codec=h264 size=961x720 scale=180 colour=bt709-full", &video));
	assert_int_equal(video.scale, 180);
	assert_true(source_parse_video("codec=h264 size=1280x720 coded=960x540 colour=bt601-limited", &video));
	assert_int_equal(video.width, 1280);
	assert_int_equal(video.coded_width, 960);
	assert_int_equal(video.coded_height, 540);
	assert_true(source_parse_video("colour=bt601-limited later=1 size=8192x1 codec=h264", &video));
	assert_false(video.colour.bt709);
	static const char *const bad[] = {"", "codec=h264", "codec=h264 size=640x480",
		"codec=vp9 size=640x480 colour=bt601-limited", "codec=h264 size=0x480 colour=bt601-limited",
		"codec=h264 size=8193x480 colour=bt601-limited", "codec=h264 size=640x480x colour=bt601-full",
		"codec=h264 size=640x480 coded=641x480 colour=bt601-full",
		"codec=h264 size=640x480 coded=0x480 colour=bt601-full",
		"codec=h264 size=640x480 coded=320 colour=bt601-full",
		"codec=h264 size=640x480 scale=0 colour=bt601-full",
		"codec=h264 size=640x480 scale=1.5 colour=bt601-full",
		"codec=h264 size=640x480 colour=bt2020-limited", "codec=h264 size=99999999999x1 colour=bt601-full"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(source_parse_video(bad[i], &video));
	}
	assert_int_equal(video.width, 8192);
}

static void what_draws(void **state) {
	struct line_drawn drawn = {0};
	assert_true(line_drawn("decoder=avdec_h264 by=gles", &drawn));
	assert_string_equal(drawn.decoder, "avdec_h264");
	assert_string_equal(drawn.by, "gles");
	static const char *const bad[] = {"", "decoder=a", "decoder= by=gles", "decoder=a by=", "by=a decoder=b",
		"decoder=a by=b c", "decoder=a\tby=b", "decoder=\xe2\x86\x92 by=b",
		"decoder=12345678901234567890123456789012 by=b"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(line_drawn(bad[i], &drawn));
	}
	assert_string_equal(drawn.by, "gles");
}

static void stages(void **state) {
	static const char good[] = "input=memfd coder=x264 net=QUIC bits=99999999999999999999 commit=1/2 "
		"capture=1/2 encode=3/4 send=1/2 way=1/2 wait=1/2 decode=1/2 draw=1/2 show=1/2 total=9/99999999999";
	struct source_stages stages;
	assert_true(source_parse_stages(good, &stages));
	assert_int_equal(stages.stages[2].high, 4);
	assert_int_equal(stages.stages[SOURCE_STAGES].median, 9);
	assert_int_equal(stages.stages[SOURCE_STAGES].high, 99999999); // no more than can be shown
	assert_int_equal(stages.bits, UINT64_C(1000000000000));
	char cut[sizeof(good)];
	for (size_t size = 0; size < sizeof(good) - 12; size++) {
		memcpy(cut, good, size);
		cut[size] = '\0';
		assert_false(source_parse_stages(cut, &stages));
	}
	assert_false(source_parse_stages("input=a b coder=x264 net=QUIC bits=1", &stages));
}

static void limits(void **state) {
	struct source_limits limits;
	assert_true(source_parse_limits("1x2 800x600", &limits));
	assert_int_equal(limits.max_height, 600);
	assert_true(source_parse_limits("0x0 0x0", &limits));
	assert_true(source_parse_limits("640x480 640x0", &limits));
	assert_false(source_parse_limits("640x480 639x480", &limits)); // a protocol error in Wayland
	assert_false(source_parse_limits("640x480", &limits));
	assert_false(source_parse_limits("640x480 800x600x", &limits));
	assert_false(source_parse_limits("-1x2 0x0", &limits));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(numbers_and_switches),
		cmocka_unit_test(paths),
		cmocka_unit_test(keymaps),
		cmocka_unit_test(texts),
		cmocka_unit_test(video),
		cmocka_unit_test(limits),
		cmocka_unit_test(what_draws),
		cmocka_unit_test(stages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
