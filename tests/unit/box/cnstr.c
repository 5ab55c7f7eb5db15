/* SPDX-License-Identifier: MIT */
/*
 * cnstr.c - promises of box/cnstr.h.
 */
#include "box/cnstr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_print(const char *text, const char *expected) {
	struct cnstr cnstr, again;
	char out[OP_MAX_CNSTR + 1];
	assert_int_equal(cnstr_parse(&cnstr, text, NULL), OP_OK);
	assert_string_equal(cnstr_print(&cnstr, out), expected);
	assert_int_equal(cnstr_parse(&again, out, NULL), OP_OK);
}

static void test_parse(void **state) {
	struct cnstr cnstr;
	assert_int_equal(cnstr_parse(&cnstr, "proc!arm64!wifi!gpu=v3d!rtt<20", NULL), OP_OK);
	assert_string_equal(cnstr.type, "proc");
	assert_string_equal(cnstr.arch, "arm64");
	assert_string_equal(cnstr.net, "wifi");
	assert_int_equal(cnstr.attrs_size, 2);
	assert_string_equal(cnstr.attrs[0].name, "gpu");
	assert_string_equal(cnstr.attrs[0].value, "v3d");
	assert_int_equal(cnstr.attrs[0].relation, '=');
	assert_int_equal(cnstr.attrs[1].relation, '<');
	assert_string_equal(cnstr_attr(&cnstr, "gpu"), "v3d");
	assert_null(cnstr_attr(&cnstr, "gp"));
	assert_int_equal(cnstr_parse(&cnstr, "bin", NULL), OP_OK);
	assert_string_equal(cnstr.arch, "*");
	assert_string_equal(cnstr.net, "*");
	assert_int_equal(cnstr.attrs_size, 0);
}

static void test_print(void **state) {
	check_print("bin!amd64", "bin!amd64");
	check_print("bin!amd64!*", "bin!amd64");
	check_print("bin!*!*", "bin");
	check_print("*", "*");
	check_print("", "*");
	check_print("!!lan", "*!*!lan");
	check_print("video!*!*!codec=h264", "video!*!*!codec=h264");
	check_print("video!!!codec=h264", "video!*!*!codec=h264");
	check_print("clip!*!*!mime=text/plain;charset=utf-8",
		"clip!*!*!mime=text/plain;charset=utf-8");
	check_print("proc!!!rtt>1!rtt<20.5", "proc!*!*!rtt>1!rtt<20.5");
}

static void check_refused(enum op_code code, const char *text) {
	struct cnstr cnstr;
	struct op_refusal refusal = {0};
	assert_int_equal(cnstr_parse(&cnstr, text, &refusal), code);
	assert_int_equal(refusal.code, code);
	assert_true(strlen(refusal.sentence) > 10);
	assert_int_equal(cnstr_parse(&cnstr, text, NULL), code);
}

static void test_refused(void **state) {
	check_refused(OP_EARG, "proc!node=den");
	check_refused(OP_EARG, "proc!*!rtt<3");
	check_refused(OP_EARG, "proc!*!*!gpu");
	check_refused(OP_EARG, "proc!*!*!");
	check_refused(OP_EARG, "proc!*!*!=x");
	check_refused(OP_EARG, "proc!*!*!gpu=");
	check_refused(OP_EARG, "proc!*!*!GPU=x");
	check_refused(OP_EARG, "proc!*!*!rtt<fast");
	check_refused(OP_EARG, "proc!*!*!rtt<");
	check_refused(OP_EARG, "proc!*!*!rtt<1e3");
	check_refused(OP_EARG, "proc!*!*!rtt<-1");
	check_refused(OP_EARG, "proc!*!*!a=1!a=2");
	check_refused(OP_EARG, "proc!*!*!a<1!a<2");
	check_refused(OP_EARG, "pr oc");
	check_refused(OP_EARG, "pr\noc");
	check_refused(OP_EARG, "pr\xffoc");
}

static void test_limits(void **state) {
	char text[OP_MAX_CNSTR + 2];
	memset(text, 'x', sizeof(text));
	text[OP_MAX_CNSTR + 1] = '\0';
	check_refused(OP_E2BIG, text);
	text[OP_MAX_CNSTR] = '\0';
	check_print(text, text);
	// Printed it would be longer.
	memcpy(text, "!!!a=", 5);
	check_refused(OP_E2BIG, text);
	text[OP_MAX_CNSTR - 3] = '\0';
	struct cnstr cnstr;
	assert_int_equal(cnstr_parse(&cnstr, text, NULL), OP_OK);
	char out[OP_MAX_CNSTR + 1];
	assert_int_equal(strlen(cnstr_print(&cnstr, out)), OP_MAX_CNSTR);

	char attrs[OP_MAX_CNSTR + 1] = "t!*!*";
	for (int i = 0; i < OP_MAX_ATTRS; i++) {
		char attr[] = "!a=1";
		attr[1] = (char)('a' + i);
		strcat(attrs, attr);
	}
	check_print(attrs, attrs);
	strcat(attrs, "!z=1");
	check_refused(OP_E2BIG, attrs);
}

static void test_meets(void **state) {
	static const struct {
		const char *own, *want;
		bool meets;
	} cases[] = {
		{"bin!amd64!lan", "bin", true},
		{"bin!amd64!lan", "bin!amd64", true},
		{"bin!amd64!lan", "*!*!lan", true},
		{"bin!amd64!lan", "*", true},
		{"bin!amd64!lan", "", true},
		{"bin!amd64!lan", "proc", false},
		{"bin!amd64!lan", "bin!arm64", false},
		{"bin!amd64!lan", "bin!amd64!wifi", false},
		{"bin", "bin!arm64!wan", true}, // own says any
		{"*", "image!*!*!format=png", false}, // but of attributes it says nothing
		{"image!*!*!format=png", "image!*!*!format=png", true},
		{"image!*!*!format=png", "image!*!*!format=jpeg", false},
		{"image!*!*!format=*", "image!*!*!format=jpeg", true},
		{"image", "image!*!*!format=png", false},
		{"image", "image!*!*!format=*", true},
		{"image!*!*!format=png", "image", true},
		{"proc!*!*!rtt=3", "proc!*!*!rtt<20", true},
		{"proc!*!*!rtt=20", "proc!*!*!rtt<20", false},
		{"proc!*!*!rtt=20", "proc!*!*!rtt>20", false},
		{"proc!*!*!rtt=20.5", "proc!*!*!rtt>20!rtt<21", true},
		{"proc!*!*!rtt=22", "proc!*!*!rtt>20!rtt<21", false},
		{"proc!*!*!rtt=0.04", "proc!*!*!rtt<0.05", true},
		{"proc!*!*!rtt=*", "proc!*!*!rtt<1", true},
		{"proc!*!*!rtt=soon", "proc!*!*!rtt<1", false},
		{"proc", "proc!*!*!rtt<1", false},
		{"proc!*!*!rtt<5", "proc!*!*!rtt=3", false}, // a bound is no value
		{"proc!*!*!rtt<5", "proc!*!*!rtt<9", false},
		{"b ad", "*", false},
		{"*", "b ad", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cnstr_text_meets(cases[i].own, cases[i].want) != cases[i].meets) {
			fail_msg("%s against %s", cases[i].own, cases[i].want);
		}
	}
}

static void test_joined(void **state) {
	static const struct {
		const char *spec, *a, *b;
		bool joined;
	} cases[] = {
		{"%", "proc!amd64!lan", "bin!amd64!wifi", true},
		{"%", "proc!amd64!lan", "bin!arm64!lan", false},
		{"%", "proc!amd64", "bin", true}, // a script runs anywhere
		{"%!%", "proc!amd64!lan", "bin!amd64!lan", true},
		{"%!%", "proc!amd64!lan", "bin!amd64!wifi", false},
		{"*!%", "proc!amd64!lan", "bin!arm64!lan", true},
		{"!%", "proc!amd64!lan", "bin!arm64!wan", false},
		{"%gpu", "a!*!*!gpu=v3d", "b!*!*!gpu=v3d", true},
		{"%gpu", "a!*!*!gpu=v3d", "b!*!*!gpu=none", false},
		{"%gpu", "a!*!*!gpu=v3d", "b", false},
		{"%gpu", "a!*!*!gpu=v3d", "b!*!*!gpu=*", true},
		{"%!%gpu", "a!amd64!*!gpu=v3d", "b!amd64!*!gpu=v3d", true},
		{"%!%gpu", "a!amd64!*!gpu=v3d", "b!arm64!*!gpu=v3d", false},
		{"%gpu!%", "a!amd64!*!gpu=v3d", "b!arm64!*!gpu=v3d", false},
		{"", "a!amd64", "b!arm64", true},
		{"*", "a!amd64", "b!arm64", true},
		{"amd64", "a!amd64", "b!amd64", false},
		{"%!%!%", "a!amd64!lan", "b!amd64!lan", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cnstr a, b;
		assert_int_equal(cnstr_parse(&a, cases[i].a, NULL), OP_OK);
		assert_int_equal(cnstr_parse(&b, cases[i].b, NULL), OP_OK);
		if (cnstr_joined(cases[i].spec, &a, &b) != cases[i].joined ||
				cnstr_joined(cases[i].spec, &b, &a) != cases[i].joined) {
			fail_msg("\"%s\" of %s and %s", cases[i].spec, cases[i].a, cases[i].b);
		}
	}
	char spec[OP_MAX_CNSTR + 2];
	struct cnstr any;
	memset(spec, '*', sizeof(spec));
	spec[sizeof(spec) - 1] = '\0';
	assert_int_equal(cnstr_parse(&any, "*", NULL), OP_OK);
	assert_false(cnstr_joined(spec, &any, &any));
}

static void test_specs(void **state) {
	static const char *const good[] = {"", "%", "%!%", "*!%", "!%", "%gpu", "%!%node!%gpu-2", "%node!%"};
	static const char *const bad[] = {"amd64", "%!%!%", "%GPU", "%gpu=v3d", "% ", "%!lan", "node%"};
	struct op_refusal refusal;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(spec_check(good[i], &refusal), OP_OK);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(spec_check(bad[i], &refusal), OP_EARG);
		assert_non_null(strstr(refusal.sentence, bad[i])); // it is named
	}
	char longest[OP_MAX_CNSTR + 2];
	memset(longest, '!', sizeof(longest) - 1);
	longest[OP_MAX_CNSTR + 1] = '\0';
	assert_int_equal(spec_check(longest, &refusal), OP_E2BIG);
	longest[OP_MAX_CNSTR] = '\0';
	assert_int_equal(spec_check(longest, &refusal), OP_OK);
}

// What a node measured takes the place of what the box claims, and never makes it too long.
static void test_set(void **state) {
	struct cnstr cnstr, want;
	char text[OP_MAX_CNSTR + 1], out[OP_MAX_CNSTR + 1];
	assert_int_equal(cnstr_parse(&cnstr, "proc!amd64!lan!rtt=0.1!gpu=v3d", NULL), OP_OK);
	assert_true(cnstr_set_net(&cnstr, "wan"));
	assert_true(cnstr_set_attr(&cnstr, "rtt", "80.5"));
	assert_true(cnstr_set_attr(&cnstr, "node", "den"));
	assert_string_equal(cnstr_print(&cnstr, out), "proc!amd64!wan!rtt=80.5!gpu=v3d!node=den");
	assert_int_equal(cnstr_parse(&want, "*!*!*!rtt<20", NULL), OP_OK);
	assert_false(cnstr_meets(&cnstr, &want));
	for (size_t left = 0; left < 10; left++) { // "!rtt=1.0" takes 8
		size_t size = OP_MAX_CNSTR - left;
		memset(text, 'a', size);
		memcpy(text, "p!*!lan!b=", 10);
		text[size] = '\0';
		assert_int_equal(cnstr_parse(&cnstr, text, NULL), OP_OK);
		assert_int_equal(cnstr_set_attr(&cnstr, "rtt", "1.0"), left >= 8);
		assert_int_equal(strlen(cnstr_print(&cnstr, out)), left >= 8 ? size + 8 : size);
		assert_int_equal(cnstr_parse(&cnstr, text, NULL), OP_OK);
		assert_int_equal(cnstr_set_net(&cnstr, "wifi"), left >= 1);
		assert_int_equal(strlen(cnstr_print(&cnstr, out)), left >= 1 ? size + 1 : size);
	}
	strcpy(text, "p!*!*");
	for (int i = 0; i < OP_MAX_ATTRS; i++) {
		sprintf(text + strlen(text), "!a%d=1", i);
	}
	assert_int_equal(cnstr_parse(&cnstr, text, NULL), OP_OK);
	assert_false(cnstr_set_attr(&cnstr, "rtt", "1.0"));
	assert_true(cnstr_set_attr(&cnstr, "a15", "2"));
}

static void test_here(void **state) {
	struct cnstr cnstr;
	assert_int_equal(cnstr_parse(&cnstr, cnstr_arch_here(), NULL), OP_OK);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_meets),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_specs),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
