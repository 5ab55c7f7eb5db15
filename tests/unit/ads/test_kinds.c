/* SPDX-License-Identifier: MIT */
/*
 * test_kinds.c - answers are kept as long as they say, for whom they were, and no longer than their node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.h"

static const struct subject ann = {"ann", "ibiza"}, bob = {"bob", "pc"}, ann_den = {"ann", "den"};

static void keep(struct kinds *kinds, const char *key, const char *name,
		const struct subject *subject, enum op_code code, uint64_t ttl, int64_t now) {
	struct op_head reply;
	op_head_init_reply(&reply);
	if (code == OP_OK) {
		op_set(&reply, OP_F_TYPE, "proc!amd64");
		op_set(&reply, OP_F_LETTERS, "ksm");
	} else {
		op_refuse(&reply.refusal, code, "no");
	}
	if (ttl > 0) {
		op_set_number(&reply, OP_F_TTL, ttl);
	}
	kinds_keep(kinds, key, name, subject, &reply, now);
	op_head_finish(&reply);
}

static void test_kept_as_long_as_said(void **state) {
	struct kinds kinds;
	kinds_init(&kinds);
	keep(&kinds, "d", "/proc", &ann, OP_OK, 1000, 50);
	assert_string_equal(kinds_find(&kinds, "d", "/proc", &ann, 1049)->type, "proc!amd64");
	assert_null(kinds_find(&kinds, "d", "/proc", &ann, 1050));
	assert_int_equal(kinds.count, 0);
	keep(&kinds, "d", "/printer", &ann, OP_ENOENT, 1000, 50);
	assert_int_equal(kinds_find(&kinds, "d", "/printer", &ann, 60)->why.code, OP_ENOENT);
	keep(&kinds, "d", "/printer", &ann, OP_OK, 1000, 70); // the newer answer holds
	assert_int_equal(kinds_find(&kinds, "d", "/printer", &ann, 80)->why.code, OP_OK);
	keep(&kinds, "d", "/x", &ann, OP_OK, 0, 50); // it does not say
	assert_null(kinds_find(&kinds, "d", "/x", &ann, 50));
	keep(&kinds, "d", "/x", &ann, OP_OK, INT64_MAX, 50);
	assert_null(kinds_find(&kinds, "d", "/x", &ann, 50 + KINDS_TTL_MAX_MS));
	keep(&kinds, "d", "/x", &ann, OP_EUNREACH, 1000, 50); // that says nothing of the box
	assert_null(kinds_find(&kinds, "d", "/x", &ann, 60));
	keep(&kinds, "d", "/x", &ann, OP_EPERM, 1000, 50); // that it is there, and not what it is
	assert_null(kinds_find(&kinds, "d", "/x", &ann, 60));
	kinds_finish(&kinds);
}

static void test_an_answer_is_for_who_asked(void **state) {
	struct kinds kinds;
	kinds_init(&kinds);
	keep(&kinds, "d", "/proc", &bob, OP_ENOENT, 1000, 0);
	assert_null(kinds_find(&kinds, "d", "/proc", &ann, 1));
	keep(&kinds, "d", "/proc", &ann, OP_OK, 1000, 0);
	assert_int_equal(kinds_find(&kinds, "d", "/proc", &bob, 1)->why.code, OP_ENOENT);
	assert_int_equal(kinds_find(&kinds, "d", "/proc", &ann, 1)->why.code, OP_OK);
	assert_null(kinds_find(&kinds, "d", "/proc", &ann_den, 1)); // a machine may have lines of its own
	assert_null(kinds_find(&kinds, "e", "/proc", &ann, 1));
	assert_null(kinds_find(&kinds, "d", "/pro", &ann, 1));
	kinds_finish(&kinds);
}

static void test_forgotten_with_its_node(void **state) {
	struct kinds kinds;
	kinds_init(&kinds);
	keep(&kinds, "d", "/proc", &ann, OP_OK, 1000, 0);
	keep(&kinds, "e", "/proc", &ann, OP_OK, 1000, 0);
	kinds_forget(&kinds, "d");
	assert_null(kinds_find(&kinds, "d", "/proc", &ann, 1));
	assert_non_null(kinds_find(&kinds, "e", "/proc", &ann, 1));
	kinds_finish(&kinds);
}

static void test_forgotten_where_something_changes(void **state) {
	struct kinds kinds;
	kinds_init(&kinds);
	keep(&kinds, "d", "/fs", &ann, OP_OK, 1000, 0);
	keep(&kinds, "d", "/fs/films", &ann, OP_ENOENT, 1000, 0);
	keep(&kinds, "d", "/fs/films/new", &bob, OP_ENOENT, 1000, 0);
	keep(&kinds, "d", "/fs/films2", &ann, OP_OK, 1000, 0);
	keep(&kinds, "e", "/fs/films", &ann, OP_OK, 1000, 0);
	kinds_forget_below(&kinds, "d", "/fs/films");
	assert_non_null(kinds_find(&kinds, "d", "/fs", &ann, 1));
	assert_null(kinds_find(&kinds, "d", "/fs/films", &ann, 1));
	assert_null(kinds_find(&kinds, "d", "/fs/films/new", &bob, 1));
	assert_non_null(kinds_find(&kinds, "d", "/fs/films2", &ann, 1));
	assert_non_null(kinds_find(&kinds, "e", "/fs/films", &ann, 1));
	kinds_finish(&kinds);
}

static void test_bounded(void **state) {
	struct kinds kinds;
	char name[32];
	kinds_init(&kinds);
	for (int i = 0; i <= KINDS_MAX; i++) {
		snprintf(name, sizeof(name), "/fs/%d", i);
		keep(&kinds, "d", name, &ann, OP_OK, 1000, 0);
	}
	assert_int_equal(kinds.count, KINDS_MAX);
	assert_null(kinds_find(&kinds, "d", "/fs/0", &ann, 1));
	assert_non_null(kinds_find(&kinds, "d", name, &ann, 1));
	kinds_finish(&kinds);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_as_long_as_said),
		cmocka_unit_test(test_an_answer_is_for_who_asked),
		cmocka_unit_test(test_forgotten_with_its_node),
		cmocka_unit_test(test_forgotten_where_something_changes),
		cmocka_unit_test(test_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
