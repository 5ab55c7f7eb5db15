/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QUIC_COMPARING_H
#define TESTS_QUIC_COMPARING_H

#include "quic/pair.h"
#include "unit/quic/town.h"

/*
 * Two people who compare six digits: what test_digits.c and test_digits_cheats.c share.
 */

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

extern const struct quic_pair_events pair_events; // data: a side

/* One TEST of both files: nodes that know nobody. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, comparing_set_up, comparing_tear_down)
int comparing_set_up(void **state);
int comparing_tear_down(void **state);

/* node pairs: at NULL, it waits. signer: who signs for the other's machine, NULL: nobody has to. */
void ask(struct side *side, struct node *node, bool mine, struct node *at, struct persona *signer);
/* Each person is shown digits; the same. */
void expect_digits(struct nodes *t, struct side *a, struct side *b);
/* What one person reads on the other's screen. */
void say(struct side *side, const struct side *other);
/* It came to pass, and one is heard by the other. */
void expect_peers(struct nodes *t, struct side *a, struct side *b);
/* Nobody is known there, and nobody is being paired. */
void expect_nothing(struct node *node);

#endif
