/* SPDX-License-Identifier: MIT */
/*
 * type_mount.c - mounting servers: which prefixes, for how long, for whom. That requests reach them
 * is net's and route's matter, and tried end to end.
 */
#include <stdio.h>
#include <string.h>

#include "conform.h"

static void mount(struct asked *asked, struct world *world, const char *name, const char *lines) {
	ask(asked, world, OWNER, "make", name, lines);
}

// It lasts as long as its exchange, so the world keeps that.
static void prepare(struct world *world) {
	mount(world_keep(world), world, "/mount/desk", "prefix /win\nprefix /kbd\nat /run/desk\n");
}

static void test_lasts_as_long_as_its_exchange(void **state) {
	struct world *world = *state;
	struct asked asked;
	mount(&asked, world, "/mount/desk", "prefix /win\nprefix /kbd\nat /run/desk\n");
	assert_true(asked.answered && !asked_over(&asked));
	assert_string_equal(op_get(&asked.reply, OP_F_NAME), "/mount/desk");
	expect_get(world, "/mount/desk", "prefix /win\nprefix /kbd\nat /run/desk\n");
	assert_non_null(mounts_find(&world->mounts, "/win"));
	assert_non_null(mounts_find(&world->mounts, "/win/3/out"));
	assert_non_null(mounts_find(&world->mounts, "/kbd/0"));
	assert_null(mounts_find(&world->mounts, "/windows"));
	assert_true(world_has(world, "/win"));
	asked_gone(&asked);
	assert_false(world_has(world, "/mount/desk"));
	assert_false(world_has(world, "/win"));
	assert_null(mounts_find(&world->mounts, "/win"));
	asked_finish(&asked);
}

static void test_deleted(void **state) {
	struct world *world = *state;
	struct asked asked;
	mount(&asked, world, "/mount/desk", "prefix /win\nat /run/desk\n");
	expect(world, OWNER, OP_OK, "delete", "/mount/desk", "");
	expect_code(&asked, OP_OK); // its server is told by the end
	assert_false(world_has(world, "/win"));
	asked_finish(&asked);
	mount(&asked, world, "/mount/desk", "prefix /win\nat /run/desk\n");
	assert_true(asked.answered && !asked_over(&asked));
	asked_finish(&asked);
}

static void test_prefixes(void **state) {
	struct world *world = *state;
	struct asked asked;
	static const struct {
		const char *lines;
		enum op_code code;
		const char *says;
	} cases[] = {
		{"at /run/x\n", OP_EARG, "prefix"},
		{"prefix /x\n", OP_EARG, "at "},
		{"prefix /x\nat run/x\n", OP_EARG, "at "},
		{"prefix /x/y\nat /run/x\n", OP_EARG, "/x/y"},
		{"prefix /\nat /run/x\n", OP_EARG, "prefix"},
		{"prefix /proc\nat /run/x\n", OP_EARG, "boxd"},
		{"prefix /n\nat /run/x\n", OP_EARG, "boxd"},
		{"prefix /x\nprefix /x\nat /run/x\n", OP_EARG, "/x"},
		{"prefix /win\nat /run/x\n", OP_EEXIST, "box ls /mount"},
		{"prefix /y\nprefix /win\nat /run/x\n", OP_EEXIST, "/win"},
	};
	mount(&asked, world, "/mount/desk", "prefix /win\nat /run/desk\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked other;
		mount(&other, world, "/mount/other", cases[i].lines);
		expect_code(&other, cases[i].code);
		if (!strstr(other.reply.refusal.sentence, cases[i].says)) {
			fail_msg("no \"%s\" in: %s", cases[i].says, asked_print(&other));
		}
		asked_finish(&other);
		assert_false(world_has(world, "/mount/other"));
		assert_null(mounts_find(&world->mounts, "/y"));
	}
	asked_finish(&asked);
}

// Every name that boxd answers for itself is refused as a prefix, whichever types it has.
static void test_own_names_are_kept(void **state) {
	struct world *world = *state;
	struct box *box;
	wl_list_for_each(box, &box_tree_root(world->tree)->inner, link) {
		struct asked asked;
		char lines[300];
		snprintf(lines, sizeof(lines), "prefix /%s\nat /run/x\n", box->name);
		mount(&asked, world, "/mount/other", lines);
		expect_code(&asked, OP_EARG);
		asked_finish(&asked);
	}
}

static void test_only_the_owner(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_OK, "chinfo", "/mount", "acl bob km\n");
	expect(world, STRANGER, OP_EPERM, "make", "/mount/his", "prefix /win\nat /run/x\n");
}

static const char *const roots[] = {"/mount", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_lasts_as_long_as_its_exchange),
	TEST(test_deleted),
	TEST(test_prefixes),
	TEST(test_own_names_are_kept),
	TEST(test_only_the_owner),
};
const struct conform conform_mount = {
	.roots = roots,
	.prepare = prepare,
	.owner_only = 1 << OP_MAKE,
	TESTS(tests),
};
