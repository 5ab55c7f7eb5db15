/* SPDX-License-Identifier: MIT */
/*
 * test_rules.c - every pair of sides a box may have, in every order of their vectors: what is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replica/rules.h"

#define ANN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BOB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static enum replica_deed decide(enum replica_what ours, enum replica_what theirs,
		enum vector_order order) {
	struct replica_side a = {.what = ours}, b = {.what = theirs};
	vector_raise(&a.vector, ANN, order == VECTOR_AFTER || order == VECTOR_CONCURRENT ? 2 : 1);
	vector_raise(&b.vector, ANN, 1);
	if (order == VECTOR_BEFORE || order == VECTOR_CONCURRENT) {
		vector_raise(&b.vector, BOB, 1);
	}
	assert_int_equal(vector_compare(&a.vector, &b.vector), order);
	return replica_decide(&a, &b);
}

static void test_new(void **state) {
	struct replica_side ours = {.what = REPLICA_UNKNOWN}, theirs = {.what = REPLICA_FILE};
	vector_raise(&theirs.vector, BOB, 1);
	assert_int_equal(replica_decide(&ours, &theirs), REPLICA_TAKE);
	assert_int_equal(replica_decide(&theirs, &ours), REPLICA_NOTHING);
	theirs.what = REPLICA_FOLDER;
	assert_int_equal(replica_decide(&ours, &theirs), REPLICA_TAKE);
	theirs.what = REPLICA_GONE;
	assert_int_equal(replica_decide(&ours, &theirs), REPLICA_LEARN);
}

#define GONE REPLICA_GONE
#define FILE_ REPLICA_FILE
#define FOLDER REPLICA_FOLDER

static void test_table(void **state) {
	static const struct {
		enum replica_what ours, theirs;
		enum replica_deed before, concurrent;
	} rules[] = {
		{GONE, GONE, REPLICA_LEARN, REPLICA_LEARN},
		{GONE, FILE_, REPLICA_TAKE, REPLICA_REVIVE},
		{GONE, FOLDER, REPLICA_TAKE, REPLICA_REVIVE},
		{FILE_, GONE, REPLICA_REMOVE, REPLICA_KEEP},
		{FILE_, FILE_, REPLICA_TAKE, REPLICA_COMPARE},
		{FILE_, FOLDER, REPLICA_TAKE, REPLICA_BOTH},
		{FOLDER, GONE, REPLICA_REMOVE, REPLICA_KEEP},
		{FOLDER, FILE_, REPLICA_TAKE, REPLICA_BOTH},
		{FOLDER, FOLDER, REPLICA_LEARN, REPLICA_LEARN},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		enum replica_what ours = rules[i].ours, theirs = rules[i].theirs;
		if (decide(ours, theirs, VECTOR_BEFORE) != rules[i].before ||
				decide(ours, theirs, VECTOR_CONCURRENT) != rules[i].concurrent) {
			fail_msg("row %zu", i);
		}
		assert_int_equal(decide(ours, theirs, VECTOR_AFTER), REPLICA_NOTHING);
		assert_int_equal(decide(ours, theirs, VECTOR_EQUAL), REPLICA_NOTHING);
	}
}

static void test_names(void **state) {
	char out[OP_MAX_COMPONENT + 1], name[OP_MAX_COMPONENT + 1];
	uint64_t hash = 0x123456789abcdef0;
	assert_int_equal(replica_conflict_name("a.txt", "den", NULL, out), OP_OK);
	assert_string_equal(out, "a.txt.conflict-den");
	assert_int_equal(replica_conflict_name("a.txt", "den", &hash, out), OP_OK);
	assert_string_equal(out, "a.txt.conflict-den-9abcdef0");
	memset(name, 'x', sizeof(name));
	name[OP_MAX_COMPONENT - strlen(".conflict-den")] = '\0';
	assert_int_equal(replica_conflict_name(name, "den", NULL, out), OP_OK);
	assert_int_equal(replica_conflict_name(name, "dens", NULL, out), OP_E2BIG);
	assert_int_not_equal(replica_conflict_name("a", "../x", NULL, out), OP_OK);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
