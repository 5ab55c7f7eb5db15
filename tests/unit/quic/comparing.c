/* SPDX-License-Identifier: MIT */
/*
 * comparing.c - see comparing.h. What is true of two who compare is said in the tests.
 */
#include "unit/quic/comparing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/quic_private.h"

int comparing_set_up(void **state) {
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

int comparing_tear_down(void **state) {
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

const struct quic_pair_events pair_events = {
	.digits = handle_digits,
	.signature = handle_signature,
	.notice = handle_notice,
	.done = handle_done,
};

void ask(struct side *side, struct node *node, bool mine, struct node *at,
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

void expect_digits(struct nodes *t, struct side *a, struct side *b) {
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

void say(struct side *side, const struct side *other) {
	quic_pair_compared(side->pair, other->digits);
}

void expect_peers(struct nodes *t, struct side *a, struct side *b) {
	until(&t->town, a->done && b->done);
	if (a->why.code != OP_OK || b->why.code != OP_OK) {
		fail_msg("%s | %s", a->why.sentence, b->why.sentence);
	}
	struct end *end = node_open(a->node, a->peer);
	end_say(end, "hello");
	until(&t->town, node_newest(b->node) && end_heard(node_newest(b->node), "hello"));
	end_destroy(end);
}

void expect_nothing(struct node *node) {
	assert_true(wl_list_empty(&node->quic->peers));
	assert_true(wl_list_empty(&node->quic->persons));
	assert_true(wl_list_empty(&node->quic->pairs));
}
