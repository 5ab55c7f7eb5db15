/* SPDX-License-Identifier: MIT */
/*
 * ns.c - promises of box/ns.h.
 */
#include "box/ns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int setup(void **state) {
	static struct ns ns;
	*state = &ns;
	return ns_init(&ns) ? 0 : -1;
}

static int teardown(void **state) {
	ns_finish(*state);
	return 0;
}

static enum op_code bind(struct ns *ns, const char *prefix, const char *target, bool any,
		const char *want, enum ns_order order) {
	struct ns_binding *made;
	struct op_refusal refusal = {0};
	const struct ns_binding binding = {
		.prefix = (char *)prefix, .target = (char *)target, .any = any, .want = (char *)want,
	};
	enum op_code code = ns_bind(ns, &binding, order, &made, &refusal);
	assert_true(code == OP_OK || strlen(refusal.sentence) > 10);
	return code;
}

// The meanings in one line: "*" is any node, "(want)", with "~" behind the box that it is for.
static void expect(const struct ns *ns, const char *name, const char *line) {
	struct ns_meaning meanings[NS_MEANINGS];
	char got[2000] = "";
	int count = ns_mean(ns, name, meanings);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		size_t at = strlen(got);
		const char *want = meanings[i].want, *rest = meanings[i].name + meanings[i].bound;
		snprintf(got + at, sizeof(got) - at, "%s%s%.*s%s%s%s%s%s", i ? ", " : "",
			meanings[i].any ? "*" : "", (int)meanings[i].bound, meanings[i].name,
			want && *rest ? "~" : "", rest, want ? "(" : "", want ? want : "", want ? ")" : "");
		free(meanings[i].name);
	}
	assert_string_equal(got, line);
}

static void test_unbound_means_itself(void **state) {
	struct ns *ns = *state;
	expect(ns, "/win/3", "/win/3");
	expect(ns, "/", "/");
}

static void test_order(void **state) {
	struct ns *ns = *state;
	bind(ns, "/bin", "/n/den/bin", false, NULL, NS_BELOW);
	bind(ns, "/bin", "/n/loft/bin", false, NULL, NS_BELOW);
	bind(ns, "/bin", "/fs/bin", false, NULL, NS_ABOVE);
	expect(ns, "/bin/lb", "/fs/bin/lb, /n/den/bin/lb, /n/loft/bin/lb");
	expect(ns, "/bin", "/fs/bin, /n/den/bin, /n/loft/bin");
	expect(ns, "/binary", "/binary");
	bind(ns, "/bin", "/n/attic/bin", false, NULL, NS_ONLY);
	expect(ns, "/bin/lb", "/n/attic/bin/lb");
}

static void test_longest_prefix_alone(void **state) {
	struct ns *ns = *state;
	bind(ns, "/b", "/", true, NULL, NS_BELOW);
	bind(ns, "/b/proc", "/proc", false, NULL, NS_BELOW);
	expect(ns, "/b/proc/lb", "/proc/lb");
	expect(ns, "/b/fs/x", "*/fs/x");
	expect(ns, "/b", "*/");
}

static void test_targets_are_looked_up_in_turn(void **state) {
	struct ns *ns = *state;
	bind(ns, "/b", "/", true, NULL, NS_BELOW);
	bind(ns, "/cpu", "/b/proc", false, "proc!arm64", NS_BELOW);
	bind(ns, "/cpu", KEY "/proc", false, NULL, NS_BELOW);
	bind(ns, "/peer-root", KEY "/", false, NULL, NS_BELOW);
	expect(ns, "/cpu/x", "*/proc~/x(proc!arm64), " KEY "/proc/x");
	expect(ns, "/peer-root/win", KEY "/win");
}

static void test_a_want_is_for_the_box_that_is_bound(void **state) {
	struct ns *ns = *state;
	bind(ns, "/desk", "/n/den/fs/desk", false, "dir", NS_BELOW);
	bind(ns, "/d", "/desk/sub", false, NULL, NS_BELOW);
	bind(ns, "/n/den/fs/desk/sub/deep", "/chan", false, NULL, NS_BELOW);
	bind(ns, "/root", "/", true, "box", NS_BELOW);
	bind(ns, "/peer", KEY "/", false, "box", NS_BELOW);
	expect(ns, "/desk", "/n/den/fs/desk(dir)");
	expect(ns, "/desk/x/y", "/n/den/fs/desk~/x/y(dir)");
	expect(ns, "/d/x", "/n/den/fs/desk~/sub/x(dir)");
	expect(ns, "/d/deep/x", "/chan~/x(dir)");
	expect(ns, "/root/win", "*/~win(box)");
	expect(ns, "/root", "*/(box)");
	expect(ns, "/peer/win", KEY "/~win(box)");
}

static void test_circles_end(void **state) {
	struct ns *ns = *state;
	bind(ns, "/a", "/b", false, NULL, NS_BELOW);
	bind(ns, "/b", "/a", false, NULL, NS_BELOW);
	bind(ns, "/own", "/own", false, NULL, NS_BELOW);
	expect(ns, "/a/x", "/a/x");
	expect(ns, "/own/x", "/own/x");
}

static void test_refusals(void **state) {
	struct ns *ns = *state;
	assert_int_equal(bind(ns, "/", "/win", false, NULL, NS_BELOW), OP_EARG);
	assert_int_equal(bind(ns, "win", "/win", false, NULL, NS_BELOW), OP_EARG);
	assert_int_equal(bind(ns, "/w/../x", "/win", false, NULL, NS_BELOW), OP_EARG);
	assert_int_equal(bind(ns, "/w", "win", false, NULL, NS_BELOW), OP_EARG);
	assert_int_equal(bind(ns, "/w", KEY "/win", true, NULL, NS_BELOW), OP_EARG);
	assert_int_equal(bind(ns, "/w", "/win", false, "a b", NS_BELOW), OP_EARG);
	assert_int_equal(ns_set_dot(ns, "x", NULL), OP_EARG);
	assert_int_equal(ns_order_by_name("beside"), -1);
	for (int i = 0; i < OP_MAX_BINDINGS; i++) {
		assert_int_equal(bind(ns, "/w", "/win", false, NULL, NS_BELOW), OP_OK);
	}
	assert_int_equal(bind(ns, "/w", "/win", false, NULL, NS_BELOW), OP_E2BIG);
}

static void test_copy_is_its_own(void **state) {
	struct ns *ns = *state, copy;
	bind(ns, "/a", "/fs", false, "dir", NS_BELOW);
	assert_int_equal(ns_set_dot(ns, "/a", NULL), OP_OK);
	assert_true(ns_copy(&copy, ns));
	ns_unbind(ns, ns_find(ns, 0));
	expect(ns, "/a/x", "/a/x");
	expect(&copy, "/a/x", "/fs~/x(dir)");
	assert_string_equal(copy.dot, "/a");
	ns_finish(&copy);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unbound_means_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_prefix_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_targets_are_looked_up_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_want_is_for_the_box_that_is_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_circles_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy_is_its_own, setup, teardown),
	};
	return cmocka_run_group_tests_name("ns", tests, NULL, NULL);
}
