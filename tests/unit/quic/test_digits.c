/* SPDX-License-Identifier: MIT */
/*
 * test_digits.c - two people compare six digits, whose machines play by the rules, and so does one
 * between them. Those who do not are in test_digits_cheats.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/quic_private.h"
#include "unit/quic/comparing.h"

static void test_friends(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, false, NULL, NULL);
	ask(&b, &t->pc, false, &t->den, NULL);
	expect_digits(t, &a, &b);
	assert_string_equal(a.person, "bob");
	assert_string_equal(b.person, "ann");
	say(&a, &b);
	town_pass(&t->town, 300); // one yes is not enough
	assert_int_equal(a.done + b.done, 0);
	assert_true(wl_list_empty(&t->den.quic->persons));
	assert_true(wl_list_empty(&t->pc.quic->persons));
	say(&b, &a);
	expect_peers(t, &a, &b);
	assert_string_equal(a.peer->petname, "bob.pc");
	assert_string_equal(b.peer->petname, "ann.den");
}

static void check_mine(struct nodes *t, bool holder_dials) {
	struct side holder, new;
	ask(&holder, &t->den, true, holder_dials ? &t->new : NULL, &t->ann);
	ask(&new, &t->new, true, holder_dials ? NULL : &t->den, NULL);
	expect_digits(t, &holder, &new);
	assert_string_equal(holder.person, "");
	say(&new, &holder);
	town_pass(&t->town, 200);
	assert_int_equal(holder.asked, 0); // nothing is signed for a machine that nobody has looked at
	say(&holder, &new);
	expect_peers(t, &holder, &new);
	assert_string_equal(keys_person(t->new.keys), "ann");
}

static void test_mine(void **state) {
	check_mine(*state, false);
}

static void test_mine_holder_dials(void **state) {
	check_mine(*state, true);
}

static void test_both_dial(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, false, &t->pc, NULL);
	ask(&b, &t->pc, false, &t->den, NULL);
	expect_digits(t, &a, &b);
	say(&a, &b);
	say(&b, &a);
	expect_peers(t, &a, &b);
}

static void test_dialler_waits(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&b, &t->pc, false, &t->den, NULL);
	until(&t->town, b.notices == 1);
	assert_non_null(strstr(b.notice.sentence, "does not wait to be paired: run `box pair` there"));
	ask(&a, &t->den, false, NULL, NULL);
	expect_digits(t, &a, &b);
}

/*
 * One no, of either side, before or behind the other's yes. But a no of the machine that came, while the
 * person of the one that waits has not answered: anybody may say that.
 */
static void test_one_no_ends_it(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	for (int i = 0; i < 4; i++) {
		ask(&a, &t->den, false, NULL, NULL);
		ask(&b, &t->pc, false, &t->den, NULL);
		expect_digits(t, &a, &b);
		struct side *yes = i & 1 ? &a : &b, *no = i & 1 ? &b : &a;
		if (i & 2) {
			say(yes, no);
		}
		quic_pair_compared(no->pair, i & 1 ? "-" : "12345");
		until(&t->town, no->done && (yes->done || yes->notices));
		assert_int_equal(yes->done, i == 1 ? 0 : 1);
		const struct op_refusal *why = yes->done ? &yes->why : &yes->notice;
		assert_int_equal(why->code, OP_EPERM);
		assert_int_equal(no->why.code, OP_EPERM);
		assert_non_null(strstr(no->why.sentence, "the digits differ"));
		assert_non_null(strstr(why->sentence, "the digits were said to differ"));
		if (!yes->done) {
			quic_pair_cancel(yes->pair);
		}
		expect_nothing(&t->den);
		expect_nothing(&t->pc);
	}
}

/* A yes to those digits that crosses the no was of somebody who saw them on the other's screen. */
static void test_yes_crosses_no(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, false, NULL, NULL);
	ask(&b, &t->pc, false, &t->den, NULL);
	expect_digits(t, &a, &b);
	quic_pair_compared(b.pair, "-");
	until(&t->town, a.notices && b.done);
	assert_int_equal(a.done, 0);
	say(&a, &b);
	assert_int_equal(a.done, 1);
	assert_int_equal(a.why.code, OP_EPERM);
	assert_non_null(strstr(a.why.sentence, "the digits were said to differ"));
	expect_nothing(&t->den);
	expect_nothing(&t->pc);
}

static void test_cancel(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, false, NULL, NULL);
	ask(&b, &t->pc, false, &t->den, NULL);
	expect_digits(t, &a, &b);
	quic_pair_cancel(a.pair);
	until(&t->town, b.done);
	assert_string_equal(b.why.sentence, "the pairing was given up on den");
	expect_nothing(&t->pc);
	expect_nothing(&t->den);
}

// Digits that nobody compares end with the time there is for the whole.
static void test_not_compared_in_time(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, false, NULL, NULL);
	ask(&b, &t->pc, false, &t->den, NULL);
	expect_digits(t, &a, &b);
	a.pair->deadline = quic_now();
	wl_event_source_timer_update(a.pair->timer, 1);
	until(&t->town, b.done && (a.done || a.notices));
	assert_int_equal(a.done, 1);
	assert_int_equal(a.why.code, OP_EASK);
	assert_non_null(strstr(a.why.sentence, "were not compared on both sides in 10 minutes"));
	expect_nothing(&t->pc);
	expect_nothing(&t->den);
}

static void test_forms_differ(void **state) {
	struct nodes *t = *state;
	struct op_refusal why = {0};
	struct side a, b;
	ask(&a, &t->den, true, NULL, NULL);
	assert_null(quic_pair(t->den.quic, NULL, false, NULL, &pair_events, &b, &why));
	assert_int_equal(why.code, OP_EBUSY);
	ask(&b, &t->pc, false, &t->den, NULL); // without --mine
	until(&t->town, b.done && a.notices);
	assert_non_null(strstr(b.why.sentence, "den was told --mine and pc was not"));
	assert_non_null(strstr(a.notice.sentence, "den was told --mine and pc was not"));
	assert_int_equal(a.done, 0); // it may have been anybody
	char at[64];
	snprintf(at, sizeof(at), "127.0.0.1:%u", quic_port(t->den.quic));
	b = (struct side){.node = &t->pc}; // and by fingerprint
	b.pair = quic_pair(t->pc.quic, keys_fingerprint(t->den.keys), true, at, &pair_events, &b, &why);
	until(&t->town, b.done && a.notices == 2);
	assert_non_null(strstr(b.why.sentence, "pc was told a fingerprint and den was not"));
	assert_non_null(strstr(a.notice.sentence, "pc was told a fingerprint and den was not"));
	quic_pair_cancel(a.pair);
	ask(&a, &t->den, false, &t->den, NULL);
	until(&t->town, a.done);
	assert_non_null(strstr(a.why.sentence, "is this machine itself"));
}

/*
 * Somebody between den and pc, with keys of his own towards each, who plays by the rules on both
 * sides: the two screens differ.
 */
static void test_in_between(void **state) {
	struct nodes *t = *state;
	struct side pc, to_pc, den, to_den;
	ask(&to_pc, &t->mal, false, NULL, NULL);
	ask(&pc, &t->pc, false, &t->mal, NULL); // who believes that den is there
	ask(&den, &t->den, false, NULL, NULL);
	ask(&to_den, &t->mel, false, &t->den, NULL);
	until(&t->town, pc.compared && den.compared && to_pc.compared && to_den.compared);
	assert_string_equal(pc.digits, to_pc.digits);
	assert_string_equal(den.digits, to_den.digits);
	assert_string_not_equal(pc.digits, den.digits); // or once in a million
	quic_pair_compared(to_pc.pair, to_pc.digits); // he is content, the two people are not
	quic_pair_compared(to_den.pair, to_den.digits);
	say(&den, &pc);
	say(&pc, &den);
	until(&t->town, pc.done && den.done);
	assert_int_equal(den.why.code, OP_EPERM);
	assert_int_equal(pc.why.code, OP_EPERM);
	expect_nothing(&t->den);
	expect_nothing(&t->pc);
	until(&t->town, to_pc.done && to_den.done);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_friends),
		TEST(test_mine),
		TEST(test_mine_holder_dials),
		TEST(test_both_dial),
		TEST(test_dialler_waits),
		TEST(test_one_no_ends_it),
		TEST(test_yes_crosses_no),
		TEST(test_cancel),
		TEST(test_not_compared_in_time),
		TEST(test_forms_differ),
		TEST(test_in_between),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
