/* SPDX-License-Identifier: MIT */
/*
 * type_ns.c - name spaces as boxes: what is bound, in which order, whose copy. What names come to
 * mean is tested in unit/box/ns.c and end to end.
 */
#include <stdio.h>
#include <string.h>

#include "conform.h"

#define USUAL "bind /b / any\nbind /any / any\nbind /any/printer /printer any want printer\n"

static void bind(struct world *world, const char *id, const char *lines, enum op_code code) {
	char name[40];
	snprintf(name, sizeof(name), "/ns/%s/bind", id);
	expect(world, OWNER, code, "make", name, lines);
}

static void cast(struct world *world, const char *id, const char *types, const char *lines,
		enum op_code code) {
	char name[80];
	snprintf(name, sizeof(name), "/ns/%s/cast/%s", id, types);
	expect(world, OWNER, code, "make", name, lines);
}

static void prepare(struct world *world) {
	expect(world, OWNER, OP_OK, "make", "/ns/mine", "");
	bind(world, "mine", "prefix /cpu\nto /n/den/proc\ntype proc!arm64\n", OP_OK);
	cast(world, "mine", "text:page", "prog /usr/bin/paps\n", OP_OK);
	cast(world, "mine", "page:paper", "", OP_OK);
}

static void test_order(void **state) {
	struct world *world = *state;
	expect_get(world, "/ns/default", USUAL);
	bind(world, "default", "prefix /bin\nto /fs/bin\n", OP_OK);
	bind(world, "default", "prefix /bin\nto /n/den/bin\ntype bin!amd64\norder above\n", OP_OK);
	expect_get(world, "/ns/default",
		"bind /bin /n/den/bin want bin!amd64\n" USUAL "bind /bin /fs/bin\n");
	expect_get(world, "/ns/default/bind/4", "bind /bin /n/den/bin want bin!amd64\n");
	bind(world, "default", "prefix /bin\nto /bin\nany\norder only\n", OP_OK);
	expect_get(world, "/ns/default", USUAL "bind /bin /bin any\n");
	assert_true(world_has(world, "/ns/default/bind/3"));
	assert_false(world_has(world, "/ns/default/bind/4"));
	expect(world, OWNER, OP_OK, "delete", "/ns/default/bind/3", "");
	expect_get(world, "/ns/default", USUAL);
}

static void test_told_in_the_answer(void **state) {
	struct world *world = *state;
	struct asked asked;
	ask(&asked, world, OWNER, "make", "/ns/default/bind", "prefix /x\nto /fs\n");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_NAME), "/ns/default/bind/3");
	asked_finish(&asked);
	ask(&asked, world, OWNER, "kind", "/ns/default/bind/3", "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_PREFIX), "/x");
	assert_string_equal(op_get(&asked.reply, OP_F_TO), "/fs");
	asked_finish(&asked);
}

static void test_copies_are_their_own(void **state) {
	struct world *world = *state;
	bind(world, "default", "prefix /x\nto /fs\n", OP_OK);
	expect(world, OWNER, OP_OK, "make", "/ns/one", "");
	bind(world, "one", "prefix /y\nto /chan\n", OP_OK);
	expect(world, OWNER, OP_OK, "make", "/ns/two", "from one\n");
	expect(world, OWNER, OP_OK, "delete", "/ns/one", "");
	expect_get(world, "/ns/two", USUAL "bind /x /fs\nbind /y /chan\n");
	expect_get(world, "/ns/default", USUAL "bind /x /fs\n");
	expect(world, OWNER, OP_ENOENT, "make", "/ns/three", "from one\n");
	expect(world, OWNER, OP_EUNSUPP, "delete", "/ns/default", "");
}

static void test_dot(void **state) {
	struct world *world = *state;
	expect_get(world, "/ns/default/dot", "/");
	put(world, "/ns/default/dot", "/n/den/win\n");
	expect_get(world, "/ns/default/dot", "/n/den/win");
	expect_get(world, "/ns/default", USUAL "dot /n/den/win\n");
	expect_put(world, "/ns/default/dot", "win", OP_EARG);
	expect_put(world, "/ns/default/dot", "", OP_EARG);
	expect_get(world, "/ns/default/dot", "/n/den/win");
}

static void test_refusals(void **state) {
	struct world *world = *state;
	bind(world, "default", "to /fs\n", OP_EARG);
	bind(world, "default", "prefix /x\n", OP_EARG);
	bind(world, "default", "prefix /x\nprefix /y\nto /fs\n", OP_EARG);
	bind(world, "default", "prefix /\nto /fs\n", OP_EARG);
	bind(world, "default", "prefix /x\nto /fs\norder beside\n", OP_EARG);
	expect_get(world, "/ns/default", USUAL);
	for (int i = 3; i < OP_MAX_BINDINGS; i++) {
		bind(world, "default", "prefix /x\nto /fs\n", OP_OK);
	}
	bind(world, "default", "prefix /x\nto /fs\n", OP_E2BIG);
}

static void test_casts(void **state) {
	struct world *world = *state;
	struct asked asked;
	ask(&asked, world, OWNER, "make", "/ns/default/cast/text:upper",
		"prog /usr/bin/tr\narg tr\narg [:lower:]\narg [:upper:]\n");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_NAME), "/ns/default/cast/text:upper");
	asked_finish(&asked);
	cast(world, "default", "page:want", "prog want\ntype proc!arm64\n", OP_OK);
	expect_get(world, "/ns/default/cast/page:want", "cast page want want proc!arm64 \\x77ant\n");
	expect(world, OWNER, OP_OK, "delete", "/ns/default/cast/page:want", "");
	cast(world, "default", "upper:page", "", OP_OK);
	expect_get(world, "/ns/default/cast/upper:page", "cast upper page\n");
	expect_get(world, "/ns/default",
		USUAL "cast text upper /usr/bin/tr [:lower:] [:upper:]\ncast upper page\n");
	ask(&asked, world, OWNER, "kind", "/ns/default/cast/text:upper", "");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_TYPE), "cast");
	assert_string_equal(op_get(&asked.reply, OP_F_PROG), "/usr/bin/tr");
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "make", "/ns/copy", "");
	expect(world, OWNER, OP_OK, "delete", "/ns/default/cast/text:upper", "");
	expect_get(world, "/ns/default", USUAL "cast upper page\n");
	assert_false(world_has(world, "/ns/default/cast/text:upper"));
	assert_true(world_has(world, "/ns/copy/cast/text:upper"));
	cast(world, "default", "text:upper", "prog cat\n", OP_OK);
	expect_get(world, "/ns/default/cast/text:upper", "cast text upper cat\n");
}

// Whatever is in an argument, a line is a line and its words are words.
static void test_odd_arguments(void **state) {
	struct world *world = *state;
	cast(world, "default", "a:b", "prog awk\narg awk\narg {print \\\\ \"x\"}\\nend\narg\n", OP_OK);
	expect_get(world, "/ns/default/cast/a:b",
		"cast a b awk {print\\x20\\\\\\x20\\x22x\\x22}\\nend \"\"\n");
}

static void test_casts_refused(void **state) {
	struct world *world = *state;
	char many[66 * 8 + 16] = "prog x\n";
	static const char *const bad[] = {"text", "text:", ":text", "a:b:c", "text:*", "bin!amd64:x", "a b:c",
		"text:text"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cast(world, "default", bad[i], "prog cat\n", OP_EARG);
	}
	cast(world, "default", "a:b", "arg cat\n", OP_EARG);
	cast(world, "default", "a:b", "prog \n", OP_EARG);
	cast(world, "default", "a:b", "type proc\n", OP_EARG);
	for (int i = 0; i < 65; i++) {
		strcat(many, "arg y\n");
	}
	cast(world, "default", "a:b", many, OP_E2BIG);
	expect_get(world, "/ns/default", USUAL);
	cast(world, "default", "a:b", "", OP_OK);
	cast(world, "default", "a:b", "prog cat\n", OP_EEXIST);
	expect(world, OWNER, OP_ENOENT, "delete", "/ns/default/cast/b:a", "");
	expect_get(world, "/ns/default", USUAL "cast a b\n");
}

static const char *const roots[] = {"/ns", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_order),
	TEST(test_told_in_the_answer),
	TEST(test_copies_are_their_own),
	TEST(test_dot),
	TEST(test_casts),
	TEST(test_odd_arguments),
	TEST(test_casts_refused),
	TEST(test_refusals),
};
const struct conform conform_ns = {.roots = roots, .prepare = prepare, TESTS(tests)};
