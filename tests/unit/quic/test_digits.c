/* SPDX-License-Identifier: MIT */
/*
 * test_digits.c - two people compare six digits, and somebody else tries to be one of them.
 *
 * The cheats speak boxpair/1 by hand, over a true TLS connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/digits.h"
#include "quic/pair.h"
#include "quic/quic_private.h"
#include "quic/stream_quic.h"
#include "unit/quic/town.h"

/* One side of a pairing, and what its person was shown. */
struct side {
	struct node *node;
	struct persona *signer;
	struct quic_pair *pair; // NULL: over
	int done, asked, compared, voided, notices;
	int heard; // of the notices, by expect_goes_on
	char digits[16], machine[64], person[64];
	struct peer *peer;
	struct op_refusal why, notice;
};

struct nodes {
	struct town town;
	struct persona ann, bob, eve;
	struct node den, pc, new, mal, mel; // ann's, bob's, nobody's, and eve's two
};

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	persona_init(&t->bob, "bob");
	persona_init(&t->eve, "eve");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->pc, &t->town, "pc", &t->bob);
	node_init(&t->new, &t->town, "ibiza", NULL);
	node_init(&t->mal, &t->town, "mal", &t->eve);
	node_init(&t->mel, &t->town, "mel", &t->eve);
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	node_finish(&t->den);
	node_finish(&t->pc);
	node_finish(&t->new);
	node_finish(&t->mal);
	node_finish(&t->mel);
	persona_finish(&t->ann);
	persona_finish(&t->bob);
	persona_finish(&t->eve);
	town_finish(&t->town);
	free(t);
	return 0;
}

static void handle_digits(void *data, const char *digits, const char *machine,
		const char *person) {
	struct side *side = data;
	if (!*digits) {
		side->voided++;
		return;
	}
	side->compared++;
	snprintf(side->digits, sizeof(side->digits), "%s", digits);
	snprintf(side->machine, sizeof(side->machine), "%s", machine);
	snprintf(side->person, sizeof(side->person), "%s", person);
}

static void handle_signature(void *data, const char *spki, const char *machine) {
	struct side *side = data;
	side->asked++;
	char *cert = persona_sign_spki(side->signer, spki, machine);
	quic_pair_signed(side->pair, cert, side->signer->cert);
	free(cert);
}

static void handle_notice(void *data, const struct op_refusal *why) {
	struct side *side = data;
	side->notices++;
	side->notice = *why;
}

static void handle_done(void *data, struct peer *peer, const struct op_refusal *why) {
	struct side *side = data;
	side->done++;
	side->pair = NULL;
	side->peer = peer;
	side->why = *why;
}

static const struct quic_pair_events pair_events = {
	.digits = handle_digits,
	.signature = handle_signature,
	.notice = handle_notice,
	.done = handle_done,
};

static void ask(struct side *side, struct node *node, bool mine, struct node *at,
		struct persona *signer) {
	struct op_refusal why = {0};
	char address[64];
	*side = (struct side){.node = node, .signer = signer};
	if (at) {
		snprintf(address, sizeof(address), "127.0.0.1:%u", quic_port(at->quic));
	}
	side->pair = quic_pair(node->quic, NULL, mine, at ? address : NULL, &pair_events, side, &why);
	if (!side->pair) {
		fail_msg("%s", why.sentence);
	}
}

/* Each person is shown digits; the same. */
static void expect_digits(struct nodes *t, struct side *a, struct side *b) {
	until(&t->town, (a->compared && b->compared) || a->done || b->done);
	if (a->done || b->done) {
		fail_msg("%s | %s", a->why.sentence, b->why.sentence);
	}
	assert_int_equal(strlen(a->digits), 6);
	assert_int_equal(strspn(a->digits, "0123456789"), 6);
	assert_string_equal(a->digits, b->digits);
	assert_string_equal(a->machine, b->node->name);
	assert_string_equal(b->machine, a->node->name);
	assert_int_equal(a->compared + b->compared, 2);
	assert_int_equal(a->asked + b->asked, 0);
}

/* What one person reads on the other's screen. */
static void say(struct side *side, const struct side *other) {
	quic_pair_compared(side->pair, other->digits);
}

static void expect_peers(struct nodes *t, struct side *a, struct side *b) {
	until(&t->town, a->done && b->done);
	if (a->why.code != OP_OK || b->why.code != OP_OK) {
		fail_msg("%s | %s", a->why.sentence, b->why.sentence);
	}
	struct end *end = node_open(a->node, a->peer);
	end_say(end, "hello");
	until(&t->town, node_newest(b->node) && end_heard(node_newest(b->node), "hello"));
	end_destroy(end);
}

static void expect_nothing(struct node *node) {
	assert_true(wl_list_empty(&node->quic->peers));
	assert_true(wl_list_empty(&node->quic->persons));
	assert_true(wl_list_empty(&node->quic->pairs));
}

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
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
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
