/* SPDX-License-Identifier: MIT */
/*
 * plan.c - promises of box/plan.h.
 */
#include "box/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state) {
	static struct casts casts;
	*state = &casts;
	casts_init(&casts);
	return 0;
}

static int teardown(void **state) {
	casts_finish(*state);
	return 0;
}

static void add(struct casts *casts, const char *from, const char *to) {
	struct cast *cast;
	const struct cast added = {.from = (char *)from, .to = (char *)to};
	assert_int_equal(casts_add(casts, &added, &cast, NULL), OP_OK);
}

// The types on the way, as "a b c"; "-" if there is none.
static void expect(const struct casts *casts, const char *from, const char *to, const char *way) {
	const struct cast *chain[PLAN_CASTS];
	char got[200];
	int count = plan_chain(casts, from, to, chain);
	size_t size = (size_t)snprintf(got, sizeof(got), "%s", count < 0 ? "-" : from);
	for (int i = 0; i < count; i++) {
		assert_string_equal(chain[i]->from, i > 0 ? chain[i - 1]->to : from);
		size += (size_t)snprintf(got + size, sizeof(got) - size, " %s", chain[i]->to);
	}
	assert_string_equal(got, way);
}

static void test_shortest_chain(void **state) {
	struct casts *casts = *state;
	add(casts, "a", "b");
	add(casts, "b", "c");
	add(casts, "c", "d");
	add(casts, "c", "a"); // round and round
	expect(casts, "a", "b", "a b");
	expect(casts, "a", "d", "a b c d");
	expect(casts, "d", "a", "-");
	expect(casts, "a", "e", "-");
	add(casts, "b", "d");
	expect(casts, "a", "d", "a b d");
	add(casts, "a", "d");
	expect(casts, "a", "d", "a d");
}

static void test_first_made_of_equals(void **state) {
	struct casts *casts = *state;
	add(casts, "a", "y");
	add(casts, "a", "x");
	add(casts, "x", "z");
	add(casts, "y", "z");
	expect(casts, "a", "z", "a y z");
}

static void test_none_needed(void **state) {
	struct casts *casts = *state;
	expect(casts, "a", "a", "a");
	expect(casts, "a", "*", "a");
	expect(casts, "file", "a", "file");
}

// How many casts lead to what the target takes, and to which.
static void expect_taken(const struct casts *casts, const char *from, const char *target, int count,
		const char *to) {
	const struct cast *chain[PLAN_CASTS];
	struct cnstr a, b;
	assert_int_equal(cnstr_parse(&a, from, NULL), OP_OK);
	assert_int_equal(cnstr_parse(&b, target, NULL), OP_OK);
	assert_int_equal(plan_chain_taken(casts, &a, &b, chain), count);
	if (count > 0) {
		assert_string_equal(chain[count - 1]->to, to);
	}
}

static void test_what_a_target_takes(void **state) {
	static const char printer[] = "printer!*!*!node=den!pdf=yes!jpeg=yes!colour=no";
	struct casts *casts = *state;
	add(casts, "tex", "dvi");
	add(casts, "dvi", "pdf");
	add(casts, "image", "jpeg");
	expect_taken(casts, "tex", printer, 2, "pdf");
	expect_taken(casts, "pdf!*!*!lang=es", printer, 0, NULL);
	expect_taken(casts, "image!*!*!format=jpeg", printer, 0, NULL);
	expect_taken(casts, "image!*!*!format=png", printer, 1, "jpeg");
	expect_taken(casts, "video", printer, 0, NULL); // the printer says what it takes
	expect_taken(casts, "file", printer, 0, NULL);
	add(casts, "video", "colour"); // which it says no to
	expect_taken(casts, "video", printer, 0, NULL);
	add(casts, "tex", "jpeg");
	expect_taken(casts, "tex", printer, 1, "jpeg");
}

static void test_length_has_a_limit(void **state) {
	struct casts *casts = *state;
	char from[4] = "t0", to[4] = "t1";
	for (char i = 0; i <= PLAN_CASTS; i++) {
		from[1] = (char)('0' + i);
		to[1] = (char)('1' + i);
		add(casts, from, to);
	}
	expect(casts, "t0", "t8", "t0 t1 t2 t3 t4 t5 t6 t7 t8");
	expect(casts, "t0", "t9", "-");
	expect(casts, "t1", "t9", "t1 t2 t3 t4 t5 t6 t7 t8 t9");
}

// As many casts as there may be, each from the one type: none is looked at twice, none overflows.
static void test_full_table(void **state) {
	struct casts *casts = *state;
	for (int i = 0; i < OP_MAX_BINDINGS - 1; i++) {
		char to[16];
		snprintf(to, sizeof(to), "t%d", i);
		add(casts, "a", to);
	}
	add(casts, "t254", "z");
	expect(casts, "a", "z", "a t254 z");
	expect(casts, "z", "a", "-");
}

static void test_first_pair_is_joined(void **state) {
	static const char *const texts[] = {"proc!amd64!lan", "proc!arm64!lan", "bin!armhf", "bin!arm64!wan",
		"bin!amd64!lan", "bin"};
	struct cnstr cnstrs[6];
	const struct cnstr *all[7] = {NULL};
	int i, j;
	for (size_t n = 0; n < 6; n++) {
		assert_int_equal(cnstr_parse(&cnstrs[n], texts[n], NULL), OP_OK);
		all[n + 1] = &cnstrs[n];
	}
	assert_true(plan_join("%", all, 3, all + 3, 4, &i, &j)); // all[0] is NULL
	assert_int_equal(i, 1);
	assert_int_equal(j, 2);
	assert_true(plan_join("%", all + 2, 1, all + 3, 4, &i, &j));
	assert_int_equal(j, 1);
	assert_true(plan_join("%!%", all + 2, 1, all + 3, 4, &i, &j));
	assert_int_equal(j, 3); // which says nothing of either
	assert_false(plan_join("%!%", all + 2, 1, all + 3, 3, &i, &j));
	assert_false(plan_join("%", all, 1, all + 3, 4, &i, &j));
	assert_false(plan_join("", all + 1, 1, all, 0, &i, &j));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shortest_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_made_of_equals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none_needed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_a_target_takes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_length_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_table, setup, teardown),
		cmocka_unit_test(test_first_pair_is_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
