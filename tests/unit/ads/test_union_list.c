/* SPDX-License-Identifier: MIT */
/*
 * test_union_list.c - lists of servers with one prefix made one: first wins, pages, wants; and the
 * version that has the versions of all in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "union_list.h"

static struct union_part make(unsigned int serial, const char *list, const char *version) {
	struct union_part part = {.serial = serial, .version = version ? strdup(version) : NULL};
	buf_init(&part.list);
	assert_true(buf_append(&part.list, list, strlen(list)));
	return part;
}

static void finish(struct union_part *parts, int count) {
	for (int i = 0; i < count; i++) {
		buf_finish(&parts[i].list);
		free(parts[i].version);
	}
}

static void expect_merged(const struct union_part *parts, int count, struct op_head *head,
		const char *wanted) {
	struct buf out;
	buf_init(&out);
	assert_true(union_list_merge(parts, count, head, &out));
	assert_true(buf_append(&out, "", 1));
	assert_string_equal((const char *)buf_front(&out), wanted);
	buf_finish(&out);
	op_head_finish(head);
	op_head_init_request(head, OP_SELECTORS);
}

#define A1 "name /a\ntype text\n\n"
#define A2 "name /a\ntype image\n\n"
#define B "name /b\ntype text\n\n"
#define B_IN "name /b/in\ntype text\n\n"
#define C "name /c\ntype image\n\n"

static void test_merged(void **state) {
	struct union_part parts[] = {make(1, A1 C, "x.1"), make(2, C A2 B "title nobody\n\n", "y.1"),
		make(3, "", "z.1"), make(4, B_IN "name /z\nty", "w.1")};
	struct op_head head;
	op_head_init_request(&head, OP_SELECTORS);
	expect_merged(parts, 4, &head, A1 B B_IN C);
	expect_merged(parts + 1, 1, &head, A2 B C);
	op_set_number(&head, OP_F_COUNT, 2);
	expect_merged(parts, 4, &head, A1 B);
	op_set_number(&head, OP_F_COUNT, 2);
	op_set(&head, OP_F_AFTER, "/a");
	expect_merged(parts, 4, &head, B B_IN);
	// The first's /a is none: the second's is not what the name means.
	op_set(&head, OP_F_WANT, "image");
	op_set_number(&head, OP_F_COUNT, 1);
	expect_merged(parts, 4, &head, C);
	parts[0].state = UNION_REFUSED;
	expect_merged(parts, 4, &head, A2 B B_IN C);
	op_head_finish(&head);
	finish(parts, 4);
}

static void test_version(void **state) {
	struct union_part parts[] = {make(3, "", "5f2a.12"), make(4, "", "1,2=3:4-"), make(9, "", NULL),
		make(12, "", "old")};
	struct union_part read[] = {make(3, "", "mine"), make(4, "", NULL), make(9, "", NULL),
		make(12, "", NULL)};
	struct buf out;
	buf_init(&out);
	parts[3].state = UNION_SILENT;
	assert_true(union_list_version(parts, 4, &out) && buf_append(&out, "", 1));
	const char *version = (const char *)buf_front(&out);
	assert_string_equal(version, "3=7:5f2a.12,4=8:1,2=3:4-,9!,12-");
	assert_true(union_list_since(read, 4, version));
	assert_string_equal(read[0].version, "5f2a.12");
	assert_string_equal(read[1].version, "1,2=3:4-");
	assert_int_equal(read[2].state, UNION_REFUSED);
	assert_int_equal(read[3].state, UNION_SILENT);
	assert_false(union_list_since(read, 3, version));
	assert_false(union_list_since(read + 1, 3, version));
	buf_finish(&out);
	finish(parts, 4);
	finish(read, 4);
}

static void test_what_is_no_version(void **state) {
	static const char *const cases[] = {
		"", "3", "3=", "3=1", "3=1:", "3=9:short", "3=0:", "3=-1:xx", "3=1:xx", "3-,", "4-", "x", "3+",
		"3=99999999999999999999:x", "3=201:x", "5f2a.12",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct union_part part = make(3, "", NULL);
		if (union_list_since(&part, 1, cases[i])) {
			fail_msg("taken: %s", cases[i]);
		}
		finish(&part, 1);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_what_is_no_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
