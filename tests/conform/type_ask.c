/* SPDX-License-Identifier: MIT */
/*
 * type_ask.c - what a node's owner is asked: by whom, answered by whom, and how it ends. What an
 * answer lets through is in tests/unit/box/asking.c.
 */
#include <stdio.h>
#include <string.h>

#include "conform.h"

#define QUESTION "about /chan/x\nby bob/pc\nletters g\n"

static void pose(struct asked *asked, struct world *world, const char *lines) {
	ask(asked, world, OWNER, "make", "/ask", lines);
}

static void prepare(struct world *world) {
	struct asked *standing = world_keep(world);
	pose(world_keep(world), world, QUESTION);
	pose(standing, world, "about /chan/y\nby bob/pc\nletters p\n");
	put(world, "/ask/1", "until");
}

static void expect_state(struct asked *asked, const char *state) {
	assert_true(asked->answered);
	assert_string_equal(op_get(&asked->reply, OP_F_STATE), state);
	assert_string_equal(op_get(&asked->reply, OP_F_BY), OWNER);
}

static void test_tells_who_wants_what(void **state) {
	struct world *world = *state;
	struct asked asked, kind;
	pose(&asked, world, QUESTION);
	ask(&kind, world, OWNER, "kind", "/ask/0", "");
	assert_string_equal(op_get(&kind.reply, OP_F_BY), "bob/pc");
	assert_string_equal(op_get(&kind.reply, OP_F_ABOUT), "/chan/x");
	assert_string_equal(op_get(&kind.reply, OP_F_TYPE), "ask!*!*!letter=g");
	assert_string_equal(op_get(&kind.reply, OP_F_TITLE), "bob, at pc, wants to read /chan/x");
	assert_string_equal(op_get(&kind.reply, OP_F_STATE), "waiting");
	asked_finish(&kind);
	asked_finish(&asked);
	assert_false(world_has(world, "/ask/0")); // who asked has hung up
}

static void test_answers(void **state) {
	struct world *world = *state;
	static const struct {
		const char *said, *state;
	} cases[] = {
		{"once", "once"}, {"always\n", "always"}, {"no", NULL}, {"no\r\n", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct asked asked;
		char name[32];
		snprintf(name, sizeof(name), "/ask/%zu", i);
		pose(&asked, world, QUESTION);
		assert_false(asked_over(&asked));
		put(world, name, cases[i].said);
		expect_code(&asked, cases[i].state ? OP_OK : OP_EASK);
		if (cases[i].state) {
			expect_state(&asked, cases[i].state);
		}
		assert_false(world_has(world, name));
		asked_finish(&asked);
	}
}

static void test_until_it_is_taken_back(void **state) {
	struct world *world = *state;
	struct asked asked;
	pose(&asked, world, QUESTION);
	put(world, "/ask/0", "until");
	expect_state(&asked, "until");
	assert_false(asked_over(&asked));
	expect_put(world, "/ask/0", "always", OP_EBUSY);
	put(world, "/ask/0", "no");
	expect_code(&asked, OP_OK);
	assert_false(world_has(world, "/ask/0"));
	asked_finish(&asked);
	pose(&asked, world, QUESTION);
	put(world, "/ask/1", "until");
	expect(world, OWNER, OP_OK, "delete", "/ask/1", "");
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
}

static void test_other_words(void **state) {
	struct world *world = *state;
	struct asked asked;
	pose(&asked, world, QUESTION);
	expect_put(world, "/ask/0", "", OP_EARG);
	expect_put(world, "/ask/0", "yes", OP_EARG);
	expect_put(world, "/ask/0", "always always always", OP_EARG);
	assert_false(asked_over(&asked));
	asked_finish(&asked);
}

// Nobody but the owner, whatever the list says; and one of his machines only as far as it does.
static void test_who_answers(void **state) {
	struct world *world = *state;
	struct asked asked;
	expect(world, OWNER, OP_OK, "chinfo", "/ask", "acl bob ksgplmdi\nacl ann/phone k\n");
	expect(world, STRANGER, OP_EPERM, "make", "/ask", QUESTION);
	expect(world, "ann/loft", OP_EPERM, "make", "/ask", QUESTION);
	pose(&asked, world, QUESTION);
	expect(world, STRANGER, OP_ENOENT, "kind", "/ask/0", "");
	expect(world, "ann/phone", OP_EPERM, "putmem", "/ask/0", "body 4\n");
	expect(world, OWNER, OP_OK, "chinfo", "/ask/0", "acl bob ksgplmdi\n");
	expect(world, STRANGER, OP_EPERM, "putmem", "/ask/0", "body 4\n");
	expect(world, STRANGER, OP_EPERM, "delete", "/ask/0", "");
	assert_false(asked_over(&asked));
	put(world, "/ask/0", "once");
	expect_code(&asked, OP_OK);
	asked_finish(&asked);
}

static void test_questions_in_order(void **state) {
	struct world *world = *state;
	static const char *const bad[] = {
		"by bob/pc\nletters g\n", "about /x\nletters g\n", "about /x\nby bob/pc\n",
		"about /x\nby bob\nletters g\n", "about /x\nby bob/pc\nletters gp\n",
		"about /x\nby bob/pc\nletters G\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect(world, OWNER, OP_EARG, "make", "/ask", bad[i]);
	}
	expect(world, OWNER, OP_EARG, "make", "/ask/mine", QUESTION);
	assert_true(wl_list_empty(&world_box(world, "/ask")->inner));
}

// One person cannot fill the screen; what he was given leave for does not count.
static void test_few_of_a_person(void **state) {
	struct world *world = *state;
	struct asked asked[4], other;
	for (int i = 0; i < 4; i++) {
		pose(&asked[i], world, QUESTION);
	}
	expect(world, OWNER, OP_EQUOTA, "make", "/ask", QUESTION);
	pose(&other, world, "about /chan/x\nby carl/pc\nletters g\n");
	assert_false(asked_over(&other));
	asked_finish(&other);
	put(world, "/ask/2", "until");
	pose(&other, world, QUESTION);
	assert_false(asked_over(&other));
	asked_finish(&other);
	for (int i = 0; i < 4; i++) {
		asked_finish(&asked[i]);
	}
}

static void test_nobody_answers(void **state) {
	struct world *world = *state;
	struct asked asked;
	world->config.ask_ms = 50;
	pose(&asked, world, QUESTION);
	until(world, asked_over(&asked));
	expect_code(&asked, OP_EASK);
	assert_non_null(strstr(asked.reply.refusal.sentence, "did not answer"));
	assert_false(world_has(world, "/ask/0"));
	asked_finish(&asked);
	pose(&asked, world, QUESTION); // leave that stands has all the time
	put(world, "/ask/1", "until");
	int64_t end_ms = world_now_ms() + 100;
	while (world_now_ms() < end_ms) {
		wl_event_loop_dispatch(world->loop, 10);
	}
	assert_false(asked_over(&asked));
	asked_finish(&asked);
}

static const char *const roots[] = {"/ask", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_tells_who_wants_what),
	TEST(test_answers),
	TEST(test_until_it_is_taken_back),
	TEST(test_other_words),
	TEST(test_who_answers),
	TEST(test_questions_in_order),
	TEST(test_few_of_a_person),
	TEST(test_nobody_answers),
};
const struct conform conform_ask = {
	.roots = roots,
	.prepare = prepare,
	.owner_only = 1 << OP_MAKE | 1 << OP_PUTMEM | 1 << OP_DELETE,
	TESTS(tests),
};
