/* SPDX-License-Identifier: MIT */
/*
 * test_origins.c - what is a replica of what, and which of it leads back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replica/origins.h"

#define ANN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BOB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_bounds(void **state) {
	struct origins origins;
	char path[9], large[ORIGINS_BYTES_MAX];
	origins_init(&origins);
	for (int i = 0; i < ORIGINS_MAX; i++) {
		snprintf(path, sizeof(path), "p%d", i);
		assert_true(origins_add(&origins, path, ANN "/fs/a"));
	}
	assert_false(origins_add(&origins, "one more", ANN "/fs/a"));
	assert_true(origins_add(&origins, "p1", ANN "/fs/a")); // it is there
	assert_int_equal(origins.size, ORIGINS_MAX);
	origins_finish(&origins);
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 1] = '\0';
	assert_true(origins_add(&origins, "p", large)); // to the byte
	assert_int_equal(origins.bytes, ORIGINS_BYTES_MAX);
	assert_false(origins_add(&origins, "", "d"));
	origins_finish(&origins);
}

// What is said of a folder when somebody asks for one in it, or for one it is in.
static void test_seen_from(void **state) {
	struct origins all, seen;
	origins_init(&all);
	origins_init(&seen);
	assert_true(origins_add(&all, "a/b", BOB "/fs/x"));
	assert_true(origins_add(&all, "ab", BOB "/fs/y"));
	assert_true(origins_add(&all, "", BOB "/"));
	assert_true(origins_add_of(&seen, "a", &all));
	assert_int_equal(seen.size, 2);
	assert_string_equal(seen.at[0].path, "b");
	assert_string_equal(seen.at[0].device, BOB "/fs/x");
	assert_string_equal(seen.at[1].path, "");
	assert_string_equal(seen.at[1].device, BOB "/a");
	origins_finish(&seen);
	assert_true(origins_add_of(&seen, "a/b/c", &all));
	assert_string_equal(seen.at[0].device, BOB "/fs/x/c");
	assert_string_equal(seen.at[1].device, BOB "/a/b/c");
	origins_finish(&seen);
	assert_true(origins_add_below(&seen, "top", &all));
	assert_string_equal(seen.at[0].path, "top/a/b");
	assert_string_equal(seen.at[2].path, "top");
	origins_finish(&seen);
	origins_finish(&all);
}

static void test_loops(void **state) {
	static const struct {
		const char *origin, *device, *name, *path;
		bool loops;
	} cases[] = {
		// ann's home has bob's in it, which has ann's in it
		{"of-ann", ANN "/fs/home", "/fs/home/of-bob", "of-ann", true},
		{"of-ann", ANN "/fs/home", "/fs/home/of-bob", "of-ann/deep/one", true},
		{"of-ann", ANN "/fs/home", "/fs/home/of-bob", "of-anna", false},
		{"of-ann", ANN "/fs/home", "/fs/home/of-bob", "other", false},
		{"of-ann", BOB "/fs/home", "/fs/home/of-bob", "of-ann", false},
		{"of-ann", ANN "/fs/home", "/fs/safe/of-bob", "of-ann", false},
		{"of-ann", ANN "/fs/home", "/fs/homes/of-bob", "of-ann", false},
		{"of-ann", ANN "/", "/fs/safe", "of-ann", true},
		// the same box on both
		{"", ANN "/fs/home", "/fs/home", "one", false},
		{"docs", ANN "/fs/home/docs", "/fs/home", "docs/one", false},
		// a mirror of what it is in
		{"", ANN "/fs/home", "/fs/home/mirror", "", true},
		{"", ANN "/fs/home", "/fs/home/mirror", "any", true},
		// upwards it comes to an end
		{"", ANN "/fs/home/in", "/fs/home", "one", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct origins origins;
		origins_init(&origins);
		assert_true(origins_add(&origins, "unrelated", BOB "/fs/z"));
		assert_true(origins_add(&origins, cases[i].origin, cases[i].device));
		const struct origin *loop = origins_loop(&origins, cases[i].path, ANN, cases[i].name);
		if (!loop != !cases[i].loops) {
			fail_msg("case %zu", i);
		}
		assert_true(!loop || strcmp(loop->path, cases[i].origin) == 0);
		origins_finish(&origins);
	}
}

// What is below what is not carried is not there.
static void test_split(void **state) {
	struct origins all, carried, back;
	origins_init(&all);
	origins_init(&carried);
	origins_init(&back);
	assert_true(origins_add(&all, "of-ann/of-bob", BOB "/fs/home"));
	assert_true(origins_add(&all, "of-ann", ANN "/fs/home"));
	assert_true(origins_add(&all, "of-cid", BOB "/fs/cid"));
	assert_true(origins_split(&all, ANN, "/fs/home/of-bob", &carried, &back));
	assert_int_equal(carried.size, 1);
	assert_string_equal(carried.at[0].path, "of-cid");
	assert_int_equal(back.size, 1);
	assert_string_equal(back.at[0].path, "of-ann");
	origins_finish(&all);
	origins_finish(&carried);
	origins_finish(&back);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_seen_from),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_split),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
