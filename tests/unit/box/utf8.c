/* SPDX-License-Identifier: MIT */
/*
 * utf8.c - promises of box/utf8.h.
 */
#include "box/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_next(void **state) {
	static const struct {
		const char *text;
		size_t size;
	} cases[] = {
		{"a", 1},
		{"\x7f", 1},
		{"\xc2\x80", 2},
		{"\xdf\xbf", 2},
		{"\xe0\xa0\x80", 3},
		{"\xed\x9f\xbf", 3},
		{"\xef\xbf\xbf", 3},
		{"\xf0\x90\x80\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},             // a second byte alone
		{"\xc1\xbf", 0},         // overlong
		{"\xe0\x9f\xbf", 0},     // overlong
		{"\xf0\x8f\xbf\xbf", 0}, // overlong
		{"\xed\xa0\x80", 0},     // surrogate
		{"\xf4\x90\x80\x80", 0}, // above U+10FFFF
		{"\xf5\x80\x80\x80", 0},
		{"\xff", 0},
		{"\xc3" "a", 0},
		{"\xe2\x82" "a", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = strlen(cases[i].text);
		assert_int_equal(utf8_next(cases[i].text, size), cases[i].size);
		if (cases[i].size > 1) {
			assert_int_equal(utf8_next(cases[i].text, size - 1), 0); // cut
		}
	}
	assert_int_equal(utf8_next("", 0), 0);
}

static void test_plain(void **state) {
	assert_true(utf8_plain("", 0));
	assert_true(utf8_plain("h\xc3\xa9 \xe2\x82\xac", 7));
	assert_false(utf8_plain("h\xc3", 2));
	for (char c = 1; c < 0x20; c++) {
		assert_false(utf8_plain(&c, 1));
	}
	assert_false(utf8_plain("\x7f", 1));
	assert_false(utf8_plain("a\0b", 3));
	assert_true(utf8_plain("\xc2\x80", 2)); // above 0x7f nothing is control here
}

static void test_cut(void **state) {
	assert_int_equal(utf8_cut("abc", 3, 5), 3);
	assert_int_equal(utf8_cut("abc", 3, 3), 3);
	assert_int_equal(utf8_cut("abc", 3, 2), 2);
	assert_int_equal(utf8_cut("a\xe2\x82\xac", 4, 3), 1);
	assert_int_equal(utf8_cut("a\xe2\x82\xac", 4, 4), 4);
	assert_int_equal(utf8_cut("\xff\xff", 2, 1), 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
