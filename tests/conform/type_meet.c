/* SPDX-License-Identifier: MIT */
/*
 * type_meet.c - /meet without a network: who is refused. Meetings are tried end to end
 * (tests/e2e/test_far.py).
 */
#include <string.h>

#include "conform.h"

static void refuse(struct world *world, const char *verb, const char *lines, const char *sentence) {
	struct asked asked;
	ask(&asked, world, OWNER, verb, "/meet", lines);
	expect_code(&asked, OP_EUNSUPP);
	assert_non_null(strstr(asked.reply.refusal.sentence, sentence));
	asked_finish(&asked);
}

static void test_only_where_it_is_wanted(void **state) {
	struct world *world = *state;
	refuse(world, "getmem", "live\n", "put `meet yes` into its boxd.conf");
	refuse(world, "make", "key 00\n", "put `meet yes` into its boxd.conf");
	expect(world, STRANGER, OP_ENOENT, "getmem", "/meet", "live\n");
}

static void test_only_for_nodes(void **state) {
	struct world *world = *state;
	world->config.meet = true;
	refuse(world, "getmem", "live\n", "a meeting point is for other nodes");
	refuse(world, "make", "key 00\n", "a meeting point is for other nodes");
}

static const char *const roots[] = {"/meet", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_only_where_it_is_wanted),
	TEST(test_only_for_nodes),
};
const struct conform conform_meet = {
	.roots = roots,
	.not_here = 1 << OP_GETMEM | 1 << OP_MAKE,
	TESTS(tests),
};
