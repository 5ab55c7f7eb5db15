/* SPDX-License-Identifier: MIT */
/*
 * test_pair.c - two machines that are to know each other: as one person's, as friends, or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic/pair.h"
#include "quic/quic_private.h"
#include "unit/quic/town.h"

/* One side of a pairing, and what it was told. */
struct side {
	struct node *node;
	struct persona *signer; // answers signature at once; NULL: not asked, or later
	struct quic_pair *pair; // NULL: over
	int done, asked;
	struct peer *peer;
	struct op_refusal why, notice;
	int notices;
	char spki[128], machine[64];
};

struct nodes {
	struct town town;
	struct persona ann, bob;
	struct node den, pc, new, bare; // ann's, bob's, nobody's
};

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	persona_init(&t->bob, "bob");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->pc, &t->town, "pc", &t->bob);
	node_init(&t->new, &t->town, "ibiza", NULL);
	node_init(&t->bare, &t->town, "bare", NULL);
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	node_finish(&t->den);
	node_finish(&t->pc);
	node_finish(&t->new);
	node_finish(&t->bare);
	persona_finish(&t->ann);
	persona_finish(&t->bob);
	town_finish(&t->town);
	free(t);
	return 0;
}

static void handle_signature(void *data, const char *spki, const char *machine) {
	struct side *side = data;
	side->asked++;
	snprintf(side->spki, sizeof(side->spki), "%s", spki);
	snprintf(side->machine, sizeof(side->machine), "%s", machine);
	if (side->signer) {
		char *cert = persona_sign_spki(side->signer, spki, machine);
		quic_pair_signed(side->pair, cert, side->signer->cert);
		free(cert);
	}
}

static void handle_done(void *data, struct peer *peer, const struct op_refusal *why) {
	struct side *side = data;
	side->done++;
	side->pair = NULL;
	side->peer = peer;
	side->why = *why;
	assert_true((peer != NULL) == (why->code == OP_OK));
}

static void handle_digits(void *data, const char *digits, const char *machine,
		const char *person) {
	fail_msg("a fingerprint was given, and digits are asked");
}

static void handle_notice(void *data, const struct op_refusal *why) {
	struct side *side = data;
	side->notices++;
	side->notice = *why;
}

static const struct quic_pair_events pair_events = {
	.digits = handle_digits,
	.signature = handle_signature,
	.notice = handle_notice,
	.done = handle_done,
};

/* with: whom it expects; at: whom it dials, NULL for nobody. */
static void ask(struct side *side, struct node *node, struct node *with, bool mine,
		struct node *at, struct persona *signer) {
	struct op_refusal why = {0};
	char address[64];
	*side = (struct side){.node = node, .signer = signer};
	if (at) {
		snprintf(address, sizeof(address), "127.0.0.1:%u", quic_port(at->quic));
	}
	side->pair = quic_pair(node->quic, keys_fingerprint(with->keys), mine, at ? address : NULL,
		&pair_events, side, &why);
	if (!side->pair) {
		fail_msg("%s", why.sentence);
	}
}

static void expect_peers(struct nodes *t, struct side *a, struct side *b) {
	until(&t->town, a->done && b->done);
	if (a->why.code != OP_OK || b->why.code != OP_OK) {
		fail_msg("%s | %s", a->why.sentence, b->why.sentence);
	}
	assert_string_equal(a->peer->key, keys_fingerprint(b->node->keys));
	assert_string_equal(b->peer->key, keys_fingerprint(a->node->keys));
	assert_ptr_equal(a->peer, peer_of(a->node, b->node));
	struct end *end = node_open(a->node, a->peer); // and they can talk, whoever dials
	end_say(end, "hello");
	until(&t->town, node_newest(b->node) && end_heard(node_newest(b->node), "hello"));
	end_destroy(end);
	end = node_open(b->node, b->peer);
	end_say(end, "hello");
	until(&t->town, node_newest(a->node) && end_heard(node_newest(a->node), "hello"));
	end_destroy(end);
}

static void expect_refusals(struct nodes *t, struct side *a, struct side *b, const char *words) {
	until(&t->town, a->done && b->done);
	assert_int_equal(a->done + b->done, 2);
	assert_null(a->peer);
	assert_null(b->peer);
	if (!strstr(a->why.sentence, words) || !strstr(b->why.sentence, words)) {
		fail_msg("%s | %s", a->why.sentence, b->why.sentence);
	}
	assert_true(wl_list_empty(&a->node->quic->peers));
	assert_true(wl_list_empty(&b->node->quic->peers));
	assert_true(wl_list_empty(&a->node->quic->pairs));
}

static void check_mine(struct nodes *t, struct side *holder, struct side *new) {
	expect_peers(t, holder, new);
	assert_int_equal(holder->asked, 1);
	assert_int_equal(new->asked, 0);
	assert_string_equal(holder->machine, "ibiza");
	assert_string_equal(holder->spki, keys_spki(t->new.keys));
	assert_string_equal(keys_person(t->new.keys), "ann");
	assert_string_equal(keys_person_fingerprint(t->new.keys), t->ann.fingerprint);
	assert_string_equal(holder->peer->petname, "ibiza");
	assert_string_equal(new->peer->petname, "den");
	assert_string_equal(new->peer->subject.person, "ann");
	assert_true(wl_list_empty(&t->new.quic->persons)); // its own person needs no pin
}

// A certificate from eve for eve is none that eve has signed for herself.
static void test_machine_called_as_its_person(void **state) {
	struct nodes *t = *state;
	struct persona eve;
	struct node own;
	struct side a, b;
	persona_init(&eve, "eve");
	node_init(&own, &t->town, "eve", &eve);
	ask(&a, &own, &t->den, false, NULL, NULL);
	ask(&b, &t->den, &own, false, &own, NULL);
	expect_peers(t, &a, &b);
	assert_string_equal(b.peer->petname, "eve.eve");
	node_finish(&own);
	persona_finish(&eve);
}

static void test_mine_new_dials(void **state) {
	struct nodes *t = *state;
	struct side holder, new;
	ask(&holder, &t->den, &t->new, true, NULL, &t->ann);
	ask(&new, &t->new, &t->den, true, &t->den, NULL);
	check_mine(t, &holder, &new);
	struct op_refusal why = {0}; // it lasts
	node_stop(&t->new);
	keys_destroy(t->new.keys);
	t->new.keys = keys_load(t->new.dir, "other", &why);
	assert_non_null(t->new.keys);
	assert_string_equal(keys_person(t->new.keys), "ann");
	assert_string_equal(keys_machine(t->new.keys), "ibiza");
	node_start(&t->new, 0);
	assert_non_null(quic_peer_by_petname(t->new.quic, "den"));
}

static void test_mine_holder_dials(void **state) {
	struct nodes *t = *state;
	struct side holder, new;
	ask(&new, &t->new, &t->den, true, NULL, NULL);
	ask(&holder, &t->den, &t->new, true, &t->new, &t->ann);
	check_mine(t, &holder, &new);
}

static void test_mine_both_dial(void **state) {
	struct nodes *t = *state;
	struct side holder, new;
	ask(&new, &t->new, &t->den, true, &t->den, NULL);
	ask(&holder, &t->den, &t->new, true, &t->new, &t->ann);
	check_mine(t, &holder, &new);
}

static void test_late_signature(void **state) {
	struct nodes *t = *state;
	struct side holder, new;
	ask(&holder, &t->den, &t->new, true, NULL, NULL);
	ask(&new, &t->new, &t->den, true, &t->den, NULL);
	until(&t->town, holder.asked == 1);
	town_pass(&t->town, 4500); // somebody types a passphrase: longer than silence may be
	assert_int_equal(holder.done + new.done, 0);
	char *cert = persona_sign_spki(&t->ann, holder.spki, holder.machine);
	quic_pair_signed(holder.pair, cert, t->ann.cert);
	free(cert);
	check_mine(t, &holder, &new);
}

static void test_wrong_signature(void **state) {
	struct nodes *t = *state;
	struct side holder, new;
	ask(&holder, &t->den, &t->new, true, NULL, &t->bob); // another than den's own person
	ask(&new, &t->new, &t->den, true, &t->den, NULL);
	expect_refusals(t, &holder, &new, "another person's certificate");
	assert_null(keys_person(t->new.keys));
}

static void test_friends(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, &t->pc, false, NULL, NULL);
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	expect_peers(t, &a, &b);
	assert_string_equal(a.peer->petname, "bob.pc");
	assert_string_equal(b.peer->petname, "ann.den");
	assert_int_equal(a.asked + b.asked, 0);
	assert_int_equal(wl_list_length(&t->den.quic->persons), 1);
	char at[64]; // each can dial the other later
	snprintf(at, sizeof(at), "127.0.0.1:%u", quic_port(t->pc.quic));
	assert_string_equal(a.peer->at[0], at);
}

static void test_friends_both_dial(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, &t->pc, false, &t->pc, NULL);
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	expect_peers(t, &a, &b);
}

static void test_dialler_waits(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	town_pass(&t->town, 500); // den has not been asked yet
	assert_int_equal(b.done, 0);
	ask(&a, &t->den, &t->pc, false, NULL, NULL);
	expect_peers(t, &a, &b);
}

static void test_same_person(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	persona_sign(&t->ann, t->new.keys);
	ask(&a, &t->den, &t->new, true, NULL, NULL);
	ask(&b, &t->new, &t->den, true, &t->den, NULL);
	expect_peers(t, &a, &b);
	assert_string_equal(a.peer->petname, "ibiza");
	assert_int_equal(a.asked + b.asked, 0);
}

static void test_new_key(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	struct node again; // pc, after its disk was replaced
	ask(&a, &t->den, &t->pc, false, NULL, NULL);
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	expect_peers(t, &a, &b);
	node_init(&again, &t->town, "pc", &t->bob);
	ask(&a, &t->den, &again, false, NULL, NULL);
	ask(&b, &again, &t->den, false, &t->den, NULL);
	expect_peers(t, &a, &b);
	assert_string_equal(a.peer->petname, "bob.pc");
	assert_null(peer_of(&t->den, &t->pc));
	assert_int_equal(wl_list_length(&t->den.quic->peers), 1);
	node_finish(&again);

	ask(&a, &t->den, &t->new, true, NULL, &t->ann); // the same with a machine of her own
	ask(&b, &t->new, &t->den, true, &t->den, NULL);
	expect_peers(t, &a, &b);
	node_init(&again, &t->town, "ibiza", NULL);
	ask(&a, &t->den, &again, true, NULL, &t->ann);
	ask(&b, &again, &t->den, true, &t->den, NULL);
	expect_peers(t, &a, &b);
	assert_string_equal(a.peer->petname, "ibiza");
	assert_null(peer_of(&t->den, &t->new));
	node_finish(&again);
}

/* Where the new one cannot be kept, the old one is known as before. */
static void test_new_key_on_a_full_disk(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	struct node again;
	char path[256];
	ask(&a, &t->den, &t->pc, false, NULL, NULL);
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	expect_peers(t, &a, &b);
	node_init(&again, &t->town, "pc", &t->bob);
	snprintf(path, sizeof(path), "%s/peers/bob.pc-2", t->den.dir); // no file can be put there
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/peers/bob.pc", t->den.dir);
	ask(&a, &t->den, &again, false, NULL, NULL);
	ask(&b, &again, &t->den, false, &t->den, NULL);
	until(&t->town, a.done);
	assert_int_equal(a.why.code, OP_EIO);
	assert_non_null(strstr(a.why.sentence, "/peers cannot be written"));
	assert_non_null(peer_of(&t->den, &t->pc));
	assert_null(peer_of(&t->den, &again));
	assert_int_equal(access(path, F_OK), 0);
	assert_non_null(quic_person_key(t->den.quic, "bob"));
	if (b.pair) {
		quic_pair_cancel(b.pair);
	}
	node_finish(&again);
}

static void test_forms_differ(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	ask(&a, &t->den, &t->pc, true, NULL, NULL);
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	expect_refusals(t, &a, &b, "den was told --mine and pc was not");
	ask(&a, &t->den, &t->pc, true, NULL, NULL);
	ask(&b, &t->pc, &t->den, true, &t->den, NULL);
	expect_refusals(t, &a, &b, "den belongs to ann already and pc to bob");
	ask(&a, &t->new, &t->bare, true, NULL, NULL);
	ask(&b, &t->bare, &t->new, true, &t->new, NULL);
	expect_refusals(t, &a, &b, "has a person: run `box init --person NAME` on one");
}

static void test_wrong_fingerprint(void **state) {
	struct nodes *t = *state;
	struct side a, b;
	char words[200];
	ask(&b, &t->pc, &t->new, false, &t->den, NULL); // told ibiza's, where den is
	ask(&a, &t->den, &t->pc, false, NULL, NULL);
	until(&t->town, b.done);
	assert_int_equal(b.why.code, OP_EPERM);
	snprintf(words, sizeof(words), "has the fingerprint %.16s…, not %.16s…",
		keys_fingerprint(t->den.keys), keys_fingerprint(t->new.keys));
	assert_non_null(strstr(b.why.sentence, words));
	assert_non_null(strstr(b.why.sentence, "box pair --fingerprint"));
	until(&t->town, a.done); // and den, who knows that this is pc, does not wait in vain
	assert_non_null(strstr(a.why.sentence, "pc says: the machine at 127.0.0.1:"));

	ask(&a, &t->den, &t->new, false, NULL, NULL); // den is told the wrong one
	ask(&b, &t->pc, &t->den, false, &t->den, NULL);
	until(&t->town, b.done);
	snprintf(words, sizeof(words), "den says: it waits for the fingerprint %.16s…, yours is %.16s…",
		keys_fingerprint(t->new.keys), keys_fingerprint(t->pc.keys));
	assert_non_null(strstr(b.why.sentence, words));
	assert_int_equal(b.why.code, OP_EPERM);
	assert_int_equal(a.done, 0); // whoever dials cannot end what waits here
	snprintf(words, sizeof(words), "a machine with the fingerprint %.16s… came, not the one with %.16s…",
		keys_fingerprint(t->pc.keys), keys_fingerprint(t->new.keys));
	assert_int_equal(a.notices, 1); // but den's person is told who came instead
	assert_non_null(strstr(a.notice.sentence, words));
	a.pair->deadline = quic_now(); // at once, and at the end
	wl_event_source_timer_update(a.pair->timer, 1);
	until(&t->town, a.done);
	snprintf(words, sizeof(words), "but one with %.16s…", keys_fingerprint(t->pc.keys));
	assert_non_null(strstr(a.why.sentence, words));
	until(&t->town, wl_list_empty(&t->den.quic->connections));
}

static void test_cancel(void **state) {
	struct nodes *t = *state;
	struct side holder, new;
	ask(&holder, &t->den, &t->new, true, NULL, NULL);
	ask(&new, &t->new, &t->den, true, &t->den, NULL);
	until(&t->town, holder.asked == 1);
	quic_pair_cancel(holder.pair);
	until(&t->town, new.done == 1);
	assert_int_equal(new.why.code, OP_EASK);
	assert_string_equal(new.why.sentence, "the pairing was given up on den");
	assert_int_equal(holder.done, 0);
	assert_null(keys_person(t->new.keys));
}

static void test_arguments(void **state) {
	struct nodes *t = *state;
	struct op_refusal why = {0};
	const char *good = keys_fingerprint(t->pc.keys);
	assert_null(quic_pair(t->den.quic, "abc", false, NULL, &pair_events, NULL, &why));
	assert_int_equal(why.code, OP_EARG);
	assert_null(quic_pair(t->den.quic, keys_fingerprint(t->den.keys), false, NULL, &pair_events,
		NULL, &why));
	assert_non_null(strstr(why.sentence, "own fingerprint"));
	assert_null(quic_pair(t->den.quic, good, false, "host:port", &pair_events, NULL, &why));
	assert_int_equal(why.code, OP_EARG);
	assert_null(quic_pair(t->new.quic, good, false, NULL, &pair_events, NULL, &why));
	assert_non_null(strstr(why.sentence, "box init --person"));
	char upper[KEYS_FINGERPRINT + 1];
	for (int i = 0; i <= KEYS_FINGERPRINT; i++) {
		upper[i] = (char)(good[i] >= 'a' && good[i] <= 'f' ? good[i] - 32 : good[i]);
	}
	struct side side = {0};
	struct quic_pair *pair = quic_pair(t->den.quic, upper, false, NULL, &pair_events, &side, &why);
	assert_non_null(pair);
	assert_null(quic_pair(t->den.quic, good, false, NULL, &pair_events, NULL, &why));
	assert_int_equal(why.code, OP_EBUSY);
	quic_pair_cancel(pair);
	assert_int_equal(side.done, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_machine_called_as_its_person),
		TEST(test_mine_new_dials),
		TEST(test_mine_holder_dials),
		TEST(test_mine_both_dial),
		TEST(test_late_signature),
		TEST(test_wrong_signature),
		TEST(test_friends),
		TEST(test_friends_both_dial),
		TEST(test_dialler_waits),
		TEST(test_same_person),
		TEST(test_new_key),
		TEST(test_new_key_on_a_full_disk),
		TEST(test_forms_differ),
		TEST(test_wrong_fingerprint),
		TEST(test_cancel),
		TEST(test_arguments),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
