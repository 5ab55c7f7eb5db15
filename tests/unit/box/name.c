/* SPDX-License-Identifier: MIT */
/*
 * name.c - promises of box/name.h.
 */
#include "box/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(enum op_code code, const char *name) {
	struct op_refusal refusal = {0};
	assert_int_equal(name_check(name, &refusal), code);
	if (code != OP_OK) {
		assert_int_equal(refusal.code, code);
		assert_true(strlen(refusal.sentence) > 10);
	}
	assert_int_equal(name_check(name, NULL), code);
}

static void test_check(void **state) {
	check(OP_OK, "/");
	check(OP_OK, "/a");
	check(OP_OK, "/a/b.c/..d/...");
	check(OP_OK, "/gr\xc3\xbc\xc3\x9f e/%/*");
	check(OP_EARG, "");
	check(OP_EARG, "a");
	check(OP_EARG, "a/b");
	check(OP_EARG, "//");
	check(OP_EARG, "/a/");
	check(OP_EARG, "/a//b");
	check(OP_EARG, "/.");
	check(OP_EARG, "/..");
	check(OP_EARG, "/a/../b");
	check(OP_EARG, "/a/./b");
	check(OP_EARG, "/a\nb");
	check(OP_EARG, "/a\x1f");
	check(OP_EARG, "/a\x7f");
	check(OP_EARG, "/a\xff");
	check(OP_EARG, "/a\xc3/b"); // a character cut by the slash
}

// A name of so many bytes, in components of 100.
static char *long_name(size_t size) {
	char *name = malloc(size + 1);
	for (size_t i = 0; i < size; i++) {
		name[i] = i % 100 == 0 ? '/' : 'x';
	}
	name[size] = '\0';
	return name;
}

static char *many_components(int count) {
	char *name = calloc((size_t)count * 2 + 1, 1);
	for (int i = 0; i < count; i++) {
		strcat(name, "/c");
	}
	return name;
}

static void test_limits(void **state) {
	char *names[] = {
		long_name(OP_MAX_NAME),
		many_components(OP_MAX_COMPONENTS),
		long_name(OP_MAX_NAME + 1),
		many_components(OP_MAX_COMPONENTS + 1),
	};
	for (int i = 0; i < 4; i++) {
		check(i < 2 ? OP_OK : OP_E2BIG, names[i]);
		free(names[i]);
	}
	char component[OP_MAX_COMPONENT + 3];
	memset(component, 'x', sizeof(component));
	component[0] = '/';
	component[OP_MAX_COMPONENT + 1] = '\0';
	check(OP_OK, component);
	assert_int_equal(name_check_component(component + 1, NULL), OP_OK);
	component[OP_MAX_COMPONENT + 1] = 'x';
	component[OP_MAX_COMPONENT + 2] = '\0';
	check(OP_E2BIG, component);
	assert_int_equal(name_check_component(component + 1, NULL), OP_E2BIG);
}

static void test_component(void **state) {
	assert_int_equal(name_check_component("a b", NULL), OP_OK);
	assert_int_equal(name_check_component("", NULL), OP_EARG);
	assert_int_equal(name_check_component(".", NULL), OP_EARG);
	assert_int_equal(name_check_component("..", NULL), OP_EARG);
	assert_int_equal(name_check_component("a/b", NULL), OP_EARG);
	assert_int_equal(name_check_component("/", NULL), OP_EARG);
	assert_int_equal(name_check_component("a\t", NULL), OP_EARG);
}

static void test_below(void **state) {
	assert_string_equal(name_below("/", "/"), "");
	assert_string_equal(name_below("/", "/a/b"), "a/b");
	assert_string_equal(name_below("/a", "/a"), "");
	assert_string_equal(name_below("/a", "/a/b/c"), "b/c");
	assert_null(name_below("/a", "/ab"));
	assert_null(name_below("/a/b", "/a"));
	assert_null(name_below("/a", "/"));
	const char *name = "/a/b";
	assert_ptr_equal(name_below("/a", name), name + 3);
}

static void test_walk(void **state) {
	const char *at = "/a/bc";
	size_t size;
	const char *component = name_next(&at, &size);
	assert_memory_equal(component, "a", 1);
	assert_int_equal(size, 1);
	component = name_next(&at, &size);
	assert_memory_equal(component, "bc", 2);
	assert_int_equal(size, 2);
	assert_null(name_next(&at, &size));
	at = "/";
	assert_null(name_next(&at, &size));
	assert_string_equal(name_last("/a/bc"), "bc");
	assert_string_equal(name_last("/"), "");
}

static void check_text(char *text, const char *expected) {
	assert_string_equal(text, expected);
	free(text);
}

static void test_join(void **state) {
	check_text(name_join("/a", "b/c"), "/a/b/c");
	check_text(name_join("/", "b"), "/b");
	check_text(name_join("/a", ""), "/a");
	check_text(name_join("/", ""), "/");
	check_text(name_parent("/a/b"), "/a");
	check_text(name_parent("/a"), "/");
	check_text(name_parent("/"), "/");
}

static void test_compare(void **state) {
	static const char *const sorted[] = {"/", "/a", "/a/b", "/a/b c", "/a b", "/a-b", "/ab",
		"/b"};
	size_t count = sizeof(sorted) / sizeof(sorted[0]);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			int order = name_compare(sorted[i], sorted[j]);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_where(void **state) {
	char key[65];
	const char *name;
	const char *where = "/a/b";
	assert_int_equal(where_split(where, key, &name, NULL), OP_OK);
	assert_string_equal(key, "");
	assert_ptr_equal(name, where);
	where = KEY "/a/b";
	assert_int_equal(where_split(where, key, &name, NULL), OP_OK);
	assert_string_equal(key, KEY);
	assert_ptr_equal(name, where + 64);
	assert_int_equal(where_split(KEY "/", key, &name, NULL), OP_OK);
	static const char *const wrong[] = {"", "a", KEY, KEY "0/a", "0123/a", KEY "/../a",
		"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef/a"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct op_refusal refusal;
		assert_int_equal(where_split(wrong[i], key, &name, &refusal), OP_EARG);
		assert_string_equal(key, "");
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_component),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
