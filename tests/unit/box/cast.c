/* SPDX-License-Identifier: MIT */
/*
 * cast.c - promises of box/cast.h.
 */
#include "box/cast.h"

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

static enum op_code add(struct casts *casts, const char *from, const char *to, const char *prog,
		const char *const *args, const char *want, struct op_refusal *refusal) {
	struct cast *made;
	const struct cast cast = {
		.from = (char *)from,
		.to = (char *)to,
		.prog = (char *)prog,
		.args = (char **)args,
		.want = (char *)want,
	};
	return casts_add(casts, &cast, &made, refusal);
}

static void test_names(void **state) {
	static const char *const bad[] = {"", ":", "text", "text:", ":page", "a:b:c", "a!b:c", "a:b!amd64",
		"a:*", "*:a", "a b:c", "a:b/c", "..:a", "a:a", "a=b:c"};
	struct op_refusal refusal;
	char name[] = "text:page", *to;
	assert_int_equal(cast_split(name, &to, &refusal), OP_OK);
	assert_string_equal(name, "text");
	assert_string_equal(to, "page");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char copy[20];
		strcpy(copy, bad[i]);
		assert_int_equal(cast_split(copy, &to, &refusal), OP_EARG);
		assert_true(strlen(refusal.sentence) > 20);
	}
	char longest[OP_MAX_COMPONENT + 2];
	memset(longest, 'x', sizeof(longest));
	longest[4] = ':';
	longest[OP_MAX_COMPONENT + 1] = '\0';
	assert_int_equal(cast_split(longest, &to, &refusal), OP_EARG);
	longest[4] = ':';
	longest[OP_MAX_COMPONENT] = '\0';
	assert_int_equal(cast_split(longest, &to, &refusal), OP_OK);
}

static void test_kept_as_they_were_told(void **state) {
	struct casts *casts = *state, copy;
	struct cast *cast;
	char prog[] = "/usr/bin/tr";
	const char *args[] = {"tr", "a-z", "A-Z", NULL};
	assert_int_equal(add(casts, "text", "upper", prog, args, NULL, NULL), OP_OK);
	assert_int_equal(add(casts, "upper", "page", prog, NULL, "proc!arm64", NULL), OP_OK);
	assert_int_equal(add(casts, "page", "text", NULL, NULL, NULL, NULL), OP_OK);
	prog[0] = '\0'; // texts are copied
	assert_true(casts_copy(&copy, casts));
	casts_remove(casts_find(casts, "text", "upper"));
	assert_null(casts_find(casts, "text", "upper"));
	cast = casts_find(&copy, "text", "upper");
	assert_string_equal(cast->prog, "/usr/bin/tr");
	assert_string_equal(cast->args[2], "A-Z");
	assert_null(cast->args[3]);
	assert_string_equal(casts_find(&copy, "upper", "page")->args[0], "tr");
	assert_string_equal(casts_find(&copy, "upper", "page")->want, "proc!arm64");
	assert_null(casts_find(&copy, "page", "text")->prog);
	assert_null(casts_find(&copy, "upper", "text")); // one way
	casts_finish(&copy);
}

static void test_refused(void **state) {
	struct casts *casts = *state;
	struct op_refusal refusal;
	const char *args[] = {"tr", NULL};
	assert_int_equal(add(casts, "a", "b", NULL, args, NULL, &refusal), OP_EARG);
	assert_int_equal(add(casts, "a", "b", "", NULL, NULL, &refusal), OP_EARG);
	assert_int_equal(add(casts, "a", "b", NULL, NULL, "proc", &refusal), OP_EARG);
	assert_int_equal(add(casts, "a", "b", "tr", NULL, "proc!x=y", &refusal), OP_EARG);
	assert_int_equal(add(casts, "a", "b", NULL, NULL, NULL, &refusal), OP_OK);
	assert_int_equal(add(casts, "a", "b", "tr", NULL, NULL, &refusal), OP_EEXIST);
	assert_non_null(strstr(refusal.sentence, "uncast"));
	for (int i = 1; i < OP_MAX_BINDINGS; i++) {
		char to[16];
		snprintf(to, sizeof(to), "b%d", i);
		assert_int_equal(add(casts, "a", to, NULL, NULL, NULL, &refusal), OP_OK);
	}
	assert_int_equal(add(casts, "a", "more", NULL, NULL, NULL, &refusal), OP_E2BIG);
	casts_remove(casts_find(casts, "a", "b7"));
	assert_int_equal(add(casts, "a", "more", NULL, NULL, NULL, &refusal), OP_OK);
}

static void test_needed_or_not(void **state) {
	assert_true(cast_is_free("text", "text"));
	assert_true(cast_is_free("file", "bin"));
	assert_true(cast_is_free("image", "*"));
	assert_false(cast_is_free("text", "bin"));
	assert_false(cast_is_free("text", "files"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_kept_as_they_were_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test(test_needed_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
