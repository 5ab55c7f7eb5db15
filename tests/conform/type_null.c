/* SPDX-License-Identifier: MIT */
/* type_null.c - /null takes anything and gives nothing. */
#include "conform.h"

static void test_takes_anything(void **state) {
	struct world *world = *state;
	struct asked asked;
	put(world, "/null", "bytes");
	put(world, "/null", "");
	ask(&asked, world, OWNER, "putmem", "/null", "body chunks\n");
	asked_put(&asked, "one", 3);
	asked_put(&asked, "two", 3);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
	ask(&asked, world, OWNER, "putmem", "/null", "body frames\ntype video\n");
	asked_put_frame(&asked, FRAME_VIDEO, 0, "picture", 7);
	asked_put_end(&asked);
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
}

static void test_gives_nothing(void **state) {
	struct world *world = *state;
	expect_get(world, "/null", "");
	struct asked asked;
	ask(&asked, world, OWNER, "getmem", "/null", "live\n");
	expect_body(&asked, "");
	asked_finish(&asked);
}

static const char *const roots[] = {"/null", NULL};
static const struct CMUnitTest tests[] = {TEST(test_takes_anything), TEST(test_gives_nothing)};
const struct conform conform_null = {.roots = roots, TESTS(tests)};
