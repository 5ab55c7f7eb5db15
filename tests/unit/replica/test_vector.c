/* SPDX-License-Identifier: MIT */
/*
 * test_vector.c - version vectors as text, and which of two has the other in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replica/vector.h"

// "a3 b1": machines by a letter. Returns out.
static struct vector *vector_of(const char *text, struct vector *out) {
	char key[VECTOR_KEY + 1] = "";
	out->size = 0;
	for (; *text; text += text[2] ? 3 : 2) {
		memset(key, text[0], VECTOR_KEY);
		assert_true(vector_raise(out, key, (uint64_t)(text[1] - '0')));
	}
	return out;
}

static void test_order(void **state) {
	static const struct {
		const char *a, *b;
		enum vector_order order;
	} rules[] = {
		{"", "", VECTOR_EQUAL},
		{"a1", "a1", VECTOR_EQUAL},
		{"b2 a1", "a1 b2", VECTOR_EQUAL},
		{"", "a1", VECTOR_BEFORE},
		{"a1", "a2", VECTOR_BEFORE},
		{"a1", "a1 b1", VECTOR_BEFORE},
		{"a1 b1", "a2 b1 c1", VECTOR_BEFORE},
		{"a2", "a1", VECTOR_AFTER},
		{"a1 c1", "c1", VECTOR_AFTER},
		{"a1", "b1", VECTOR_CONCURRENT},
		{"a2 b1", "a1 b2", VECTOR_CONCURRENT},
		{"a9", "a8 b1", VECTOR_CONCURRENT},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct vector a, b;
		vector_of(rules[i].a, &a);
		vector_of(rules[i].b, &b);
		if (vector_compare(&a, &b) != rules[i].order) {
			fail_msg("\"%s\" and \"%s\" are in order %d", rules[i].a, rules[i].b,
				vector_compare(&a, &b));
		}
	}
}

static void test_merge(void **state) {
	struct vector a, b, both;
	vector_of("a3 b1", &a);
	vector_of("a2 b4 c1", &b);
	assert_true(vector_merge(&a, &b));
	assert_int_equal(vector_compare(&a, vector_of("a3 b4 c1", &both)), VECTOR_EQUAL);
}

static void test_limit(void **state) {
	struct vector vector = {0}, again;
	char key[VECTOR_KEY + 1], text[VECTOR_TEXT];
	for (int i = 0; i <= VECTOR_MAX; i++) {
		snprintf(key, sizeof(key), "%064x", (unsigned int)(i * 7919 % 1000 + 1000));
		assert_int_equal(vector_raise(&vector, key, 999999999999999999), i < VECTOR_MAX);
	}
	assert_true(vector_parse(&again, vector_print(&vector, text)));
	assert_int_equal(again.size, VECTOR_MAX);
	assert_int_equal(vector_compare(&vector, &again), VECTOR_EQUAL);
}

#define KEY "00000000000000000000000000000000000000000000000000000000000000aa"

static void test_malformed(void **state) {
	static const char *const wrong[] = {
		"a:1", KEY, KEY ":", KEY ":0", KEY ":-1", KEY ":01", KEY ":1 ", " " KEY ":1",
		KEY ":1  " KEY ":2",
		KEY ":1 " KEY ":2", KEY ":1000000000000000000", "A" KEY ":1", KEY ":1x", KEY "a:1",
	};
	struct vector vector;
	assert_true(vector_parse(&vector, KEY ":12"));
	assert_int_equal(vector_count(&vector, KEY), 12);
	assert_true(vector_parse(&vector, ""));
	assert_true(vector_parse(&vector, NULL));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (vector_parse(&vector, wrong[i])) {
			fail_msg("\"%s\" was taken", wrong[i]);
		}
		assert_int_equal(vector.size, 0);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
