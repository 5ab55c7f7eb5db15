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
		{"prefix /y\nprefix /proc\nat /run/x\n", OP_EARG, "/proc"},
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

static void expect_order(struct world *world, const char *name, const char *const *sockets) {
	const struct mount *mount = mounts_find(&world->mounts, name);
	for (; *sockets; sockets++, mount = mounts_next(&world->mounts, mount, name)) {
		assert_non_null(mount);
		assert_string_equal(mount->socket, *sockets);
	}
	assert_null(mount);
}

// Several with one prefix, in order of mounting; whoever goes leaves the others.
static void test_shared_prefix(void **state) {
	struct world *world = *state;
	struct asked desk, other, third;
	mount(&desk, world, "/mount/desk", "prefix /win\nprefix /kbd\nat /run/desk\n");
	mount(&other, world, "/mount/other", "prefix /win\nat /run/other\n");
	mount(&third, world, "/mount/a-third", "prefix /kbd\nprefix /win\nat /run/third\n");
	expect_order(world, "/win/3", (const char *[]){"/run/desk", "/run/other", "/run/third", NULL});
	expect_order(world, "/kbd", (const char *[]){"/run/desk", "/run/third", NULL});
	asked_gone(&desk);
	assert_true(world_has(world, "/win") && world_has(world, "/kbd"));
	expect_order(world, "/win", (const char *[]){"/run/other", "/run/third", NULL});
	expect_order(world, "/kbd", (const char *[]){"/run/third", NULL});
	asked_gone(&third);
	assert_true(world_has(world, "/win"));
	assert_false(world_has(world, "/kbd"));
	asked_gone(&other);
	assert_false(world_has(world, "/win"));
	asked_finish(&desk);
	asked_finish(&other);
	asked_finish(&third);
}

static void test_as_many_as_may_share_one(void **state) {
	struct world *world = *state;
	struct asked asked[MOUNTS_SHARED + 1];
	for (int i = 0; i <= MOUNTS_SHARED; i++) {
		char name[32];
		snprintf(name, sizeof(name), "/mount/%d", i);
		mount(&asked[i], world, name, "prefix /win\nat /run/x\n");
	}
	assert_true(!asked_over(&asked[MOUNTS_SHARED - 1]));
	expect_code(&asked[MOUNTS_SHARED], OP_EQUOTA);
	for (int i = 0; i <= MOUNTS_SHARED; i++) {
		asked_finish(&asked[i]);
	}
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
	TEST(test_shared_prefix),
	TEST(test_as_many_as_may_share_one),
	TEST(test_own_names_are_kept),
	TEST(test_only_the_owner),
};
const struct conform conform_mount = {
	.roots = roots,
	.prepare = prepare,
	.owner_only = 1 << OP_MAKE,
	TESTS(tests),
};
