/* SPDX-License-Identifier: MIT */
/*
 * type_usr.c - the devices a person prefers: chosen, taken back, told by other machines, waited for.
 */
#include <stdio.h>
#include <string.h>

#include "conform.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void prepare(struct world *world) {
	put(world, "/usr", "count 3\nmachine " A "\ndevice kbd " B "/kbd/1\n");
}

// NULL: it names nothing.
static void expect_means(struct world *world, const char *name, const char *device) {
	struct asked asked;
	ask(&asked, world, OWNER, "kind", name, "");
	expect_code(&asked, OP_OK);
	const char *means = op_get(&asked.reply, OP_F_DEVICE);
	if (!device != !means || (device && strcmp(device, means) != 0)) {
		fail_msg("%s names %s, not %s", name, means ? means : "nothing", device ? device : "nothing");
	}
	asked_finish(&asked);
}

static void test_nobody_is_anywhere(void **state) {
	struct world *world = *state;
	expect_means(world, "/usr/ann/kbd", NULL);
	expect_get(world, "/usr", "count 0\n");
}

static void test_follows_the_machine(void **state) {
	struct world *world = *state;
	put(world, "/usr", "count 1\nmachine " A "\n");
	expect_means(world, "/usr/ann/kbd", A "/kbd/0");
	expect_means(world, "/usr/ann/display", A "/display/0");
	expect_means(world, "/usr/ann/cons", NULL);
	put(world, "/usr", "count 2\nmachine " B "\n");
	expect_means(world, "/usr/ann/kbd", B "/kbd/0");
}

// The higher count, and of equal ones the greater key, whatever comes when.
static void test_the_newest_holds(void **state) {
	struct world *world = *state;
	put(world, "/usr", "count 5\nmachine " A "\n");
	put(world, "/usr", "count 4\nmachine " B "\n");
	expect_means(world, "/usr/ann/kbd", A "/kbd/0");
	put(world, "/usr", "count 5\nmachine " B "\n");
	expect_means(world, "/usr/ann/kbd", B "/kbd/0");
	put(world, "/usr", "count 5\nmachine " A "\n");
	expect_means(world, "/usr/ann/kbd", B "/kbd/0");
}

static void test_chosen(void **state) {
	struct world *world = *state;
	struct asked asked;
	put(world, "/usr", "count 1\nmachine " A "\n");
	ask(&asked, world, OWNER, "link", "/usr/ann/kbd", "device " B "/kbd/1\n");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_NAME), "/usr/ann/kbd/0");
	asked_finish(&asked);
	expect_means(world, "/usr/ann/kbd", B "/kbd/1");
	expect_means(world, "/usr/ann/kbd/0", B "/kbd/1");
	expect(world, OWNER, OP_OK, "link", "/usr/ann/kbd", "device " A "/kbd/2\n"); // replaces
	expect_means(world, "/usr/ann/kbd/0", A "/kbd/2");
	assert_false(world_has(world, "/usr/ann/kbd/1"));
	expect_get(world, "/usr", "count 3\nmachine " A "\ndevice kbd " A "/kbd/2\n");
	expect(world, OWNER, OP_OK, "delete", "/usr/ann/kbd/0", "");
	expect_means(world, "/usr/ann/kbd", A "/kbd/0");
	assert_false(world_has(world, "/usr/ann/kbd/0"));
}

static void test_no_circles(void **state) {
	struct world *world = *state;
	expect(world, OWNER, OP_EARG, "link", "/usr/ann/kbd", "device " B "/usr/ann/kbd\n");
	expect(world, OWNER, OP_EARG, "link", "/usr/ann/kbd", "device /usr/ann/ptr\n");
	expect(world, OWNER, OP_ENOENT, "link", "/usr/ann/kbd", "device /n/nowhere/kbd/0\n");
	expect_get(world, "/usr", "count 0\n");
}

static void test_waited_for(void **state) {
	struct world *world = *state;
	struct asked asked, other;
	char since[80];
	put(world, "/usr", "count 1\nmachine " A "\n");
	ask(&asked, world, OWNER, "kind", "/usr/ann/kbd", "");
	snprintf(since, sizeof(since), "since %s\n", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	ask(&asked, world, OWNER, "kind", "/usr/ann/kbd", since);
	ask(&other, world, OWNER, "kind", "/usr/ann/kbd", since);
	put(world, "/usr", "count 2\nmachine " A "\ndevice ptr " B "/ptr/0\n"); // not the keyboard
	assert_false(asked_over(&asked));
	put(world, "/usr", "count 3\nmachine " B "\n");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_DEVICE), B "/kbd/0");
	asked_finish(&asked);
	asked_finish(&other);
}

static void test_what_is_no_record(void **state) {
	static const char *const texts[] = {
		"count x\n", "count\n", "count -1\n", "count 1\nmachine " A "a\n", "count 1\nmachine den\n",
		"count 9223372036854775807\nmachine " A "\n", "count 9\ndevice kbd\n",
		"count 9\ndevice kbd /kbd/0\n", "count 9\ndevice kbd " A "/a\ndevice kbd " A "/b\n",
	};
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		expect_put(world, "/usr", texts[i], OP_EARG);
	}
	char large[USR_TEXT_MAX + 2];
	memset(large, '\n', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	expect_put(world, "/usr", large, OP_E2BIG);
	expect_get(world, "/usr", "count 0\n");
	put(world, "/usr", "count 1\nmachine " A "\ndevice hat " A "/hat\nweather fine\n"); // later ones'
	expect_means(world, "/usr/ann/kbd", A "/kbd/0");
}

static const char *const roots[] = {"/usr", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_nobody_is_anywhere), TEST(test_follows_the_machine), TEST(test_the_newest_holds),
	TEST(test_chosen), TEST(test_no_circles), TEST(test_waited_for), TEST(test_what_is_no_record),
};
const struct conform conform_usr = {
	.roots = roots,
	.prepare = prepare,
	.owner_only = 1 << OP_PUTMEM,
	TESTS(tests),
};
