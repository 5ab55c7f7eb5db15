/* SPDX-License-Identifier: MIT */
/*
 * test_table.c - ads are found by node and by name, replaced whole, and refused when they are no list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ads/table.h"
#include "base/buf.h"

struct fixture {
	struct ads_table table;
	struct ads_node *den, *loft;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	ads_table_init(&f->table);
	f->den = ads_node_create(&f->table, "d", NULL);
	f->loft = ads_node_create(&f->table, "l", NULL);
	*state = f;
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;
	ads_table_finish(&f->table);
	free(f);
	return 0;
}

static enum op_code learn(struct ads_node *node, const char *list) {
	return ads_node_learn(node, list, strlen(list), NULL);
}

#define AD(name, type) "name " name "\ntype " type "\n\n"

static int count(const struct ads_table *table, const char *name) {
	const struct ads_name *found = ads_table_find(table, name);
	return found ? wl_list_length(&found->ads) : 0;
}

static void test_found_by_node_and_by_name(void **state) {
	struct fixture *f = *state;
	assert_int_equal(learn(f->den, AD("/proc", "proc!amd64") AD("/fs", "dir") AD("/fs/a", "dir")),
		OP_OK);
	assert_int_equal(learn(f->loft, AD("/proc", "proc!arm64")), OP_OK);
	assert_string_equal(ads_node_find(f->den, "/proc")->type, "proc!amd64");
	assert_string_equal(ads_node_find(f->loft, "/proc")->type, "proc!arm64");
	assert_null(ads_node_find(f->loft, "/fs"));
	assert_int_equal(count(&f->table, "/proc"), 2);
	assert_int_equal(count(&f->table, "/fs/a"), 1);
	const struct ad *ad;
	wl_list_for_each(ad, &ads_table_find(&f->table, "/fs/a")->ads, same) {
		assert_ptr_equal(ad->node, f->den);
	}
	ads_node_destroy(f->den);
	assert_int_equal(count(&f->table, "/proc"), 1);
	assert_null(ads_table_find(&f->table, "/fs"));
}

static void test_may_have(void **state) {
	struct fixture *f = *state;
	assert_int_equal(learn(f->den,
		AD("/chan", "dir") AD("/fs", "dir") AD("/fs/a", "dir") AD("/fsx", "dir")), OP_OK);
	assert_true(ads_node_may_have(f->den, "/"));
	assert_true(ads_node_may_have(f->den, "/chan/any/thing"));
	assert_true(ads_node_may_have(f->den, "/fs") && ads_node_may_have(f->den, "/fs/a/deep/down"));
	assert_true(ads_node_may_have(f->den, "/fsx/b"));
	assert_false(ads_node_may_have(f->den, "/fs/b") || ads_node_may_have(f->den, "/fs/ab"));
	assert_true(ads_node_may_have(f->den, "/peer/x")); // of which ads say nothing
	assert_false(ads_node_may_have(f->den, "/f") || ads_node_may_have(f->den, "/printer/laser"));
	// A friend may see the inner box alone.
	assert_int_equal(learn(f->den, AD("/fs/a", "dir")), OP_OK);
	assert_true(ads_node_may_have(f->den, "/fs/a"));
	assert_false(ads_node_may_have(f->den, "/fs/b"));
}

static void test_a_new_list_replaces_the_old(void **state) {
	struct fixture *f = *state;
	assert_int_equal(learn(f->den, AD("/proc", "proc!amd64")), OP_OK);
	assert_int_equal(learn(f->den, AD("/chan", "dir")), OP_OK);
	assert_null(ads_table_find(&f->table, "/proc"));
	assert_true(f->den->heard && f->den->whole);
	assert_int_equal(learn(f->den, ""), OP_OK);
	assert_true(f->den->heard && f->den->count == 0);
	ads_node_forget(f->den);
	assert_false(f->den->heard);
}

static void test_no_list_is_refused_and_changes_nothing(void **state) {
	struct fixture *f = *state;
	static const char *const wrong[] = {
		"name /proc\ntype proc", "name /proc\n\n", "type proc\n\n", "name proc\ntype proc\n\n",
		AD("/chan", "dir") "nonsense",
	};
	assert_int_equal(learn(f->den, AD("/proc", "proc!amd64")), OP_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_not_equal(learn(f->den, wrong[i]), OP_OK);
		assert_non_null(ads_node_find(f->den, "/proc"));
		assert_null(ads_table_find(&f->table, "/chan"));
	}
}

static void test_limits(void **state) {
	struct fixture *f = *state;
	struct buf list;
	buf_init(&list);
	for (int i = 0; i < ADS_MAX; i++) {
		assert_true(buf_printf(&list, AD("/fs/%04d", "dir"), ADS_MAX - i)); // out of order, too
	}
	assert_int_equal(ads_node_learn(f->den, buf_front(&list), list.size, NULL), OP_OK);
	assert_int_equal(f->den->count, ADS_MAX);
	assert_false(f->den->whole); // there may have been more
	assert_non_null(ads_node_find(f->den, "/fs/0001"));
	assert_non_null(ads_node_find(f->den, "/fs/1024"));
	assert_int_equal(count(&f->table, "/fs/0512"), 1);
	buf_printf(&list, AD("/fs/%04d", "dir"), 9999);
	assert_int_equal(ads_node_learn(f->den, buf_front(&list), list.size, NULL), OP_OK);
	assert_int_equal(f->den->count, ADS_MAX);
	char *much = calloc(1, ADS_BYTES + 1);
	assert_int_equal(ads_node_learn(f->den, much, ADS_BYTES + 1, NULL), OP_E2BIG);
	assert_int_equal(f->den->count, ADS_MAX);
	free(much);
	buf_finish(&list);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found_by_node_and_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_may_have, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_new_list_replaces_the_old, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_list_is_refused_and_changes_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
