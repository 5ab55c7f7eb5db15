/* SPDX-License-Identifier: MIT */
/*
 * test_digits_cheats.c - two people compare six digits, and somebody else tries to be one of them. The
 * cheats speak boxpair/1 by hand, over a true TLS connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/digits.h"
#include "quic/quic_private.h"
#include "quic/stream_quic.h"
#include "unit/quic/comparing.h"

/* Somebody who dials and speaks by hand. */
struct cheat {
	struct connection *connection; // NULL: gone
	struct stream_quic *stream;
	char heard[4096];
	size_t size;
	bool up;
};

static size_t cheat_data(void *data, const void *bytes, size_t size) {
	struct cheat *cheat = data;
	assert_true(cheat->size + size < sizeof(cheat->heard));
	memcpy(cheat->heard + cheat->size, bytes, size);
	cheat->size += size;
	return size;
}

static void cheat_frame(void *data, const struct frame *frame) {
}

static void cheat_eof(void *data) {
}

static void cheat_hangup(void *data, enum op_code code, const char *sentence) {
}

static const struct stream_events cheat_events = {
	.data = cheat_data,
	.frame = cheat_frame,
	.eof = cheat_eof,
	.hangup = cheat_hangup,
};

static void cheat_up(struct connection *c) {
	struct cheat *cheat = c->user_data;
	cheat->up = true;
}

static void cheat_stream(struct connection *c, struct stream_quic *s) {
	s->base.impl->destroy(&s->base);
}

static void cheat_gone(struct connection *c, const struct op_refusal *why) {
	struct cheat *cheat = c->user_data;
	cheat->connection = NULL;
}

static const struct connection_user cheat_user = {
	.up = cheat_up,
	.stream = cheat_stream,
	.gone = cheat_gone,
};

static void cheat_dial(struct nodes *t, struct cheat *cheat, struct node *from, struct node *to) {
	struct op_refusal why = {0};
	struct address address;
	*cheat = (struct cheat){0};
	assert_true(address_parse(&address, "127.0.0.1", quic_port(to->quic)));
	cheat->connection = connection_dial(from->quic, &address, true, &cheat_user, cheat, &why);
	assert_non_null(cheat->connection);
}

static void cheat_open(struct nodes *t, struct cheat *cheat) {
	until(&t->town, cheat->up);
	cheat->stream = stream_quic_create(cheat->connection->quic);
	cheat->stream->base.events = &cheat_events;
	cheat->stream->base.data = cheat;
	stream_quic_attach(cheat->stream, cheat->connection);
}

static void cheat_say(struct cheat *cheat, const char *format, const char *value) {
	char text[512];
	snprintf(text, sizeof(text), format, value);
	cheat->stream->base.impl->write(&cheat->stream->base, text, strlen(text));
}

static void cheat_finish(struct nodes *t, struct cheat *cheat) {
	if (cheat->stream) {
		cheat->stream->base.impl->destroy(&cheat->stream->base);
	}
	if (cheat->connection) {
		struct op_refusal why = {.code = OP_ELOST};
		connection_close(cheat->connection, CLOSE_PAIRED, &why);
	}
	until(&t->town, !cheat->connection);
}

static bool cheat_heard(const struct cheat *cheat, const char *word) {
	return memmem(cheat->heard, cheat->size, word, strlen(word)) != NULL;
}

/* A hello in form, and den's nonce; what was promised is nonce. */
static void cheat_begin(struct nodes *t, struct cheat *cheat, const char *nonce) {
	char commit[DIGITS_NONCE + 1];
	assert_true(digits_commit(nonce, commit));
	cheat_dial(t, cheat, &t->mal, &t->den);
	cheat_open(t, cheat);
	cheat_say(cheat, "machine mal\ncommit %s\n\n", commit);
	until(&t->town, cheat_heard(cheat, "\n\n"));
	assert_true(cheat_heard(cheat, "nonce "));
}

#define NONCE_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NONCE_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void expect_end(struct nodes *t, struct side *den, enum op_code code, const char *words) {
	until(&t->town, den->done);
	if (den->why.code != code || !strstr(den->why.sentence, words)) {
		fail_msg("%s", den->why.sentence);
	}
	expect_nothing(&t->den);
}

/* It came to nothing, and den goes on waiting: nobody is known there, and the right one may come. */
static void expect_goes_on(struct nodes *t, struct side *den, enum op_code code, const char *words) {
	until(&t->town, den->done || den->notices > den->heard);
	den->heard++;
	if (den->done || den->notice.code != code || !strstr(den->notice.sentence, words)) {
		fail_msg("%s | %s", den->why.sentence, den->notice.sentence);
	}
	assert_true(wl_list_empty(&t->den.quic->peers));
	assert_true(wl_list_empty(&t->den.quic->persons));
}

static void expect_the_right_one(struct nodes *t, struct side *den) {
	struct side pc;
	den->compared = 0;
	ask(&pc, &t->pc, false, &t->den, NULL);
	expect_digits(t, den, &pc);
	say(den, &pc);
	say(&pc, den);
	expect_peers(t, den, &pc);
}

static void test_another_nonce(void **state) {
	struct nodes *t = *state;
	struct side den;
	struct cheat cheat;
	ask(&den, &t->den, false, NULL, NULL);
	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "nonce %s\n\n", NONCE_B);
	expect_goes_on(t, &den, OP_EPERM, "mal told another nonce than it had promised");
	assert_int_equal(den.compared, 0);
	cheat_finish(t, &cheat);
	expect_the_right_one(t, &den);
}

/* A nonce in another form than was promised, or none, is no nonce. */
static void test_no_nonce(void **state) {
	static const char *const said[] = {"nonce 00\n\n", "machine mal\n\n",
		"nonce 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n\n"};
	struct nodes *t = *state;
	struct side den;
	struct cheat cheat;
	ask(&den, &t->den, false, NULL, NULL);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		cheat_begin(t, &cheat, NONCE_A);
		cheat_say(&cheat, "%s", said[i]);
		expect_goes_on(t, &den, OP_EPERM, "another nonce");
		cheat_finish(t, &cheat);
	}
	assert_int_equal(den.compared, 0);
	quic_pair_cancel(den.pair);
}

/* Who knows the digits before den does may not begin again until they suit him: a few times, and no more. */
static void test_few_guesses(void **state) {
	struct nodes *t = *state;
	struct side den;
	struct cheat cheat;
	ask(&den, &t->den, false, NULL, NULL);
	for (int i = 0; i < PAIR_SPOILED_MAX; i++) {
		cheat_begin(t, &cheat, NONCE_A);
		cheat_finish(t, &cheat);
		expect_goes_on(t, &den, OP_ELOST, "mal was lost in the middle of the pairing");
	}
	cheat_begin(t, &cheat, NONCE_A);
	cheat_finish(t, &cheat);
	expect_end(t, &den, OP_ELOST, "mal was lost in the middle of the pairing: run `box pair` again");
	assert_int_equal(den.compared, 0);
}

/* A stranger's digits are on den's screen when he goes: they are void, also for an answer that is late. */
static void test_spoiled(void **state) {
	struct nodes *t = *state;
	struct side den, pc;
	struct cheat cheat;
	char first[16];
	ask(&den, &t->den, false, NULL, NULL);
	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "nonce %s\n\n", NONCE_A);
	until(&t->town, den.compared);
	strcpy(first, den.digits);
	ask(&pc, &t->pc, false, &t->den, NULL);
	until(&t->town, pc.notices); // den is busy with another
	assert_int_equal(pc.notice.code, OP_EBUSY);
	cheat_finish(t, &cheat);
	expect_goes_on(t, &den, OP_ELOST, "mal was lost in the middle of the pairing");
	assert_int_equal(den.voided, 1);
	until(&t->town, pc.compared && den.compared == 2); // pc has tried again by itself
	assert_string_equal(den.digits, pc.digits);
	quic_pair_compared(den.pair, first);
	say(&den, &pc);
	say(&pc, &den);
	expect_peers(t, &den, &pc);
}

/* Once the person of den has said yes, nobody else comes in. */
static void test_not_behind_a_yes(void **state) {
	struct nodes *t = *state;
	struct side den;
	struct cheat cheat;
	ask(&den, &t->den, false, NULL, NULL);
	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "nonce %s\n\n", NONCE_A);
	until(&t->town, den.compared);
	quic_pair_compared(den.pair, den.digits);
	cheat_finish(t, &cheat);
	expect_end(t, &den, OP_ELOST, "mal was lost in the middle of the pairing");
}

/* The same promise kept twice: other digits. */
static void test_repeated(void **state) {
	struct nodes *t = *state;
	struct side den;
	struct cheat cheat;
	char first[16];
	ask(&den, &t->den, false, NULL, NULL);
	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "nonce %s\n\n", NONCE_A);
	until(&t->town, den.compared);
	strcpy(first, den.digits);
	cheat_say(&cheat, "nonce %s\n\n", NONCE_A); // and told twice: that is no yes
	expect_goes_on(t, &den, OP_EARG, "");
	assert_int_equal(den.voided, 1);
	cheat_finish(t, &cheat);
	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "nonce %s\n\n", NONCE_A);
	until(&t->town, den.compared == 2);
	assert_string_not_equal(den.digits, first); // or once in a million
	quic_pair_cancel(den.pair);
	cheat_finish(t, &cheat);
}

/* Somebody hands on what the two promise and tell, and stands between them all the same. */
static void test_relayed_promise(void **state) {
	struct nodes *t = *state;
	struct side pc, to_pc, den;
	struct cheat cheat = {0};
	char commit[DIGITS_NONCE + 1];
	ask(&den, &t->den, false, NULL, NULL);
	ask(&to_pc, &t->mel, false, NULL, NULL);
	ask(&pc, &t->pc, false, &t->mel, NULL);
	until(&t->town, to_pc.pair->talk && to_pc.pair->talk->step >= PAIR_WAITS_NONCE);
	strcpy(commit, to_pc.pair->talk->commit);
	cheat_dial(t, &cheat, &t->mal, &t->den);
	cheat_open(t, &cheat);
	cheat_say(&cheat, "machine mal\ncommit %s\n\n", commit);
	until(&t->town, cheat_heard(&cheat, "nonce ") && pc.compared);
	cheat_say(&cheat, "nonce %s\n\n", pc.pair->talk->nonce);
	until(&t->town, den.compared);
	assert_string_not_equal(den.digits, pc.digits); // or once in a million
	// Even with the same nonces on both sides of him: the connections are two.
	const struct connection *c = den.pair->talk->connection;
	char there[DIGITS_SIZE + 1], here[DIGITS_SIZE + 1];
	assert_true(digits_compute(pc.pair->talk->connection, NONCE_A, NONCE_B, there));
	assert_true(digits_compute(c, NONCE_A, NONCE_B, here));
	assert_string_not_equal(here, there);
	assert_true(digits_compute(c, NONCE_A, NONCE_A, there)); // and nonces count
	assert_string_not_equal(here, there);
	assert_true(digits_compute(cheat.connection, NONCE_A, NONCE_B, there)); // its other end
	assert_string_equal(here, there);
	quic_pair_cancel(pc.pair);
	quic_pair_cancel(den.pair);
	quic_pair_cancel(to_pc.pair);
	cheat_finish(t, &cheat);
}

/* Who says yes before he may, or for the person here, has said nothing. */
static void test_early_yes(void **state) {
	struct nodes *t = *state;
	struct side den;
	struct cheat cheat;
	ask(&den, &t->den, false, NULL, NULL);
	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "%s", "ok\n\n"); // in place of his nonce
	expect_goes_on(t, &den, OP_EPERM, "another nonce");
	assert_int_equal(den.compared, 0);
	cheat_finish(t, &cheat);

	cheat_begin(t, &cheat, NONCE_A);
	cheat_say(&cheat, "nonce " NONCE_A "\n\n%s", "ok\n\n");
	until(&t->town, den.compared);
	town_pass(&t->town, 300);
	assert_int_equal(den.done, 0); // den's own person has not
	cheat_say(&cheat, "%s", "ok\n\n");
	expect_goes_on(t, &den, OP_EARG, "mal spoke out of turn");
	cheat_finish(t, &cheat);

	struct side mal; // in the other direction: an answer, and yes at once
	quic_pair_cancel(den.pair);
	ask(&mal, &t->mal, false, NULL, NULL);
	ask(&den, &t->den, false, &t->mal, NULL);
	until(&t->town, mal.pair->talk && mal.pair->talk->step == PAIR_WAITS_NONCE);
	struct op_head head;
	op_head_init_reply(&head);
	pair_say(mal.pair->talk, &head, false);
	until(&t->town, den.compared);
	town_pass(&t->town, 300);
	assert_int_equal(den.done, 0);
	expect_nothing(&t->pc);
	assert_true(wl_list_empty(&t->den.quic->persons));
	quic_pair_compared(den.pair, "-");
	until(&t->town, den.done && mal.notices);
	quic_pair_cancel(mal.pair);
	expect_nothing(&t->den);
}

/* A hello that is none ends nothing. */
static void test_bad_hello(void **state) {
	static const char *const said[] = {"commit 00\n\n", "\n", "ok\n\n", "no EPERM go away\n\n",
		"machine mal\ncommit " NONCE_A "\nmine\n\n", "mine\nmine\n\n"};
	struct nodes *t = *state;
	struct side den, pc;
	struct cheat cheat;
	ask(&den, &t->den, false, NULL, NULL);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		cheat_dial(t, &cheat, &t->mal, &t->den);
		cheat_open(t, &cheat);
		cheat_say(&cheat, "%s", said[i]);
		until(&t->town, cheat.size > 0 || !cheat.connection);
		assert_false(cheat_heard(&cheat, "ok\n"));
		assert_int_equal(den.done, 0);
		assert_false(den.notice.sentence[0] && strstr(den.notice.sentence, "go away"));
		cheat_finish(t, &cheat);
	}
	ask(&pc, &t->pc, false, &t->den, NULL);
	expect_digits(t, &den, &pc);
}

/* Many who come and say nothing, or not enough, keep nobody out, and do not stay. */
static void test_idle_strangers(void **state) {
	struct nodes *t = *state;
	struct side den, pc;
	struct cheat cheats[24];
	ask(&den, &t->den, false, NULL, NULL);
	for (int i = 0; i < 24; i++) {
		cheat_dial(t, &cheats[i], &t->mal, &t->den);
		until(&t->town, cheats[i].up || !cheats[i].connection);
		if (i % 2 && cheats[i].connection) {
			cheat_open(t, &cheats[i]);
			cheat_say(&cheats[i], "%s", "machine mal\n"); // and never the rest
		}
	}
	ask(&pc, &t->pc, false, &t->den, NULL);
	expect_digits(t, &den, &pc);
	for (int i = 0; i < 24; i++) {
		until(&t->town, !cheats[i].connection); // by den
		cheat_finish(t, &cheats[i]);
	}
	say(&den, &pc);
	say(&pc, &den);
	expect_peers(t, &den, &pc);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_another_nonce),
		TEST(test_no_nonce),
		TEST(test_few_guesses),
		TEST(test_spoiled),
		TEST(test_not_behind_a_yes),
		TEST(test_repeated),
		TEST(test_relayed_promise),
		TEST(test_early_yes),
		TEST(test_bad_hello),
		TEST(test_idle_strangers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
