/* SPDX-License-Identifier: MIT */
/*
 * test_revoked.c - machines that their person takes back: who may say so, and what follows at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/pair.h"
#include "quic/quic_private.h"
#include "quic/revocation.h"
#include "quic/revoked.h"
#include "unit/quic/town.h"

struct nodes {
	struct town town;
	struct persona ann, bob;
	struct node den, ibiza, pc; // ann's two, and bob's
};

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	persona_init(&t->bob, "bob");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->ibiza, &t->town, "ibiza", &t->ann);
	node_init(&t->pc, &t->town, "pc", &t->bob);
	befriend(&t->den, &t->ibiza);
	befriend(&t->den, &t->pc);
	befriend(&t->ibiza, &t->pc);
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	node_finish(&t->den);
	node_finish(&t->ibiza);
	node_finish(&t->pc);
	persona_finish(&t->ann);
	persona_finish(&t->bob);
	town_finish(&t->town);
	free(t);
	return 0;
}

/* A list that a person signs, as it is said to others. NULL keys are left out. */
static void sign(struct op_head *head, struct persona *signer, uint64_t serial, const char *one,
		const char *other) {
	struct op_refusal why = {0};
	struct revocation list = {.serial = serial};
	assert_int_equal(one ? revocation_add(&list, one, &why) : OP_OK, OP_OK);
	assert_int_equal(other ? revocation_add(&list, other, &why) : OP_OK, OP_OK);
	assert_int_equal(revocation_sign(&list, signer->key, &why), OP_OK);
	op_head_init_entry(head);
	op_set_number(head, OP_F_SERIAL, serial);
	for (int i = 0; i < list.size; i++) {
		op_add(head, OP_F_REVOKED, list.revoked[i]);
	}
	op_set(head, OP_F_SIGNATURE, list.signature);
	revocation_finish(&list);
}

/* Finishes the head. */
static enum op_code tell(struct node *node, struct persona *whose, struct op_head *head) {
	struct op_refusal why = {0};
	enum op_code code = quic_revoke(node->quic, whose->fingerprint, head, &why);
	op_head_finish(head);
	return code;
}

static void talk(struct nodes *t, struct node *from, struct node *to, struct end **ours,
		struct end **theirs) {
	int before = wl_list_length(&to->ends);
	*ours = node_open(from, peer_of(from, to));
	end_say(*ours, "hello");
	until(&t->town, wl_list_length(&to->ends) > before && end_heard(node_newest(to), "hello"));
	*theirs = node_newest(to);
}

/* What runs is cut, on both sides, and nothing begins again, in this life or the next. */
static void test_cut(void **state) {
	struct nodes *t = *state;
	struct end *ours, *theirs;
	struct op_head head;
	const struct subject ibiza = {"ann", "ibiza"};
	talk(t, &t->ibiza, &t->den, &ours, &theirs);
	sign(&head, &t->ann, 1, keys_fingerprint(t->ibiza.keys), NULL);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_OK);
	until(&t->town, ours->hangups == 1 && theirs->hangups == 1);
	assert_int_equal(ours->code, OP_EPERM);
	assert_non_null(strstr(ours->sentence, "this machine is revoked by its person"));
	assert_int_equal(t->den.gone, 1);
	assert_null(peer_of(&t->den, &t->ibiza));
	assert_true(quic_is_gone(t->den.quic, &ibiza));
	end_destroy(ours);
	end_destroy(theirs);
	for (int life = 0; life < 2; life++) {
		struct peer *den = introduce(&t->ibiza, &t->den, 0);
		ours = node_open(&t->ibiza, den);
		until(&t->town, ours->hangups == 1);
		assert_int_equal(ours->code, OP_EPERM);
		assert_non_null(strstr(ours->sentence, "revoked"));
		assert_null(peer_of(&t->den, &t->ibiza));
		end_destroy(ours);
		node_stop(&t->den);
		node_start(&t->den, 0);
	}
	introduce(&t->den, &t->ibiza, 0); // nor are we the ones who dial
	ours = node_open(&t->den, peer_of(&t->den, &t->ibiza));
	until(&t->town, ours->hangups == 1);
	assert_non_null(strstr(ours->sentence, "ibiza is revoked by ann"));
	end_destroy(ours);
}

/* A friend's machine is cut likewise; the friend is known on, though it was the last one. */
static void test_friends(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	sign(&head, &t->ann, 7, keys_fingerprint(t->ibiza.keys), keys_fingerprint(t->den.keys));
	assert_int_equal(tell(&t->pc, &t->ann, &head), OP_OK);
	assert_true(wl_list_empty(&t->pc.quic->peers));
	assert_string_equal(quic_person_name(t->pc.quic, t->ann.fingerprint), "ann");
	node_stop(&t->pc); // a thread has it: it is on the disk when boxd has ended
	node_start(&t->pc, 0);
	assert_true(revoked_has(t->pc.quic, t->ann.fingerprint, keys_fingerprint(t->ibiza.keys)));
}

static void test_who_may(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	const char *ibiza = keys_fingerprint(t->ibiza.keys), *pc = keys_fingerprint(t->pc.keys);
	// Bob signs for Ann.
	sign(&head, &t->bob, 1, ibiza, NULL);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_EPERM);
	// Bob lists Ann's machine as one of his: that is nobody's loss.
	sign(&head, &t->bob, 1, ibiza, NULL);
	assert_int_equal(tell(&t->den, &t->bob, &head), OP_OK);
	assert_non_null(peer_of(&t->den, &t->ibiza));
	assert_false(revoked_has(t->den.quic, t->ann.fingerprint, ibiza));
	// What Ann signed, and was changed on the way: a serial, a machine.
	sign(&head, &t->ann, 1, ibiza, NULL);
	op_set_number(&head, OP_F_SERIAL, 2);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_EPERM);
	sign(&head, &t->ann, 1, ibiza, NULL);
	op_add(&head, OP_F_REVOKED, pc);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_EPERM);
	sign(&head, &t->ann, 1, ibiza, pc);
	op_set(&head, OP_F_SIGNATURE, "AAAA");
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_EPERM);
	// What is no list.
	sign(&head, &t->ann, 1, ibiza, NULL);
	op_unset(&head, OP_F_SERIAL);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_EARG);
	op_head_init_entry(&head);
	op_set_number(&head, OP_F_SERIAL, 1);
	op_set(&head, OP_F_SIGNATURE, "AAAA");
	op_add(&head, OP_F_REVOKED, "ABC");
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_EARG);
	// Whom nobody knows here.
	struct persona carl;
	persona_init(&carl, "carl");
	sign(&head, &carl, 1, ibiza, NULL);
	assert_int_equal(tell(&t->den, &carl, &head), OP_ENOENT);
	persona_finish(&carl);
	assert_non_null(peer_of(&t->den, &t->ibiza));
}

/* The higher serial holds, whatever comes behind it. */
static void test_serials(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	const char *ibiza = keys_fingerprint(t->ibiza.keys), *pc = keys_fingerprint(t->pc.keys);
	sign(&head, &t->ann, 3, ibiza, pc);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_OK);
	sign(&head, &t->ann, 2, pc, NULL); // an old one, by somebody who would rather have that
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_ESTALE);
	sign(&head, &t->ann, 3, ibiza, pc);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_OK);
	assert_true(revoked_has(t->den.quic, t->ann.fingerprint, ibiza));
	node_stop(&t->den);
	node_start(&t->den, 0);
	assert_true(revoked_has(t->den.quic, t->ann.fingerprint, ibiza));
	sign(&head, &t->ann, 2, pc, NULL);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_ESTALE);
	sign(&head, &t->ann, 4, NULL, NULL); // she may take it back, too
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_OK);
	assert_false(revoked_has(t->den.quic, t->ann.fingerprint, ibiza));
	op_head_init_entry(&head);
	assert_true(quic_revoked(t->den.quic, t->ann.fingerprint, &head));
	assert_int_equal(op_get_number(&head, OP_F_SERIAL, 0), 4);
	op_head_finish(&head);
}

/* A list on the disk that is not what was signed lets nobody in: boxd does not start. */
static void test_spoilt_file(void **state) {
	struct nodes *t = *state;
	struct op_refusal why = {0};
	struct op_head head;
	char path[300];
	sign(&head, &t->ann, 1, keys_fingerprint(t->ibiza.keys), NULL);
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_OK);
	node_stop(&t->den);
	snprintf(path, sizeof(path), "%s/revoked/%s", t->den.dir, t->ann.fingerprint);
	FILE *file = fopen(path, "r+e");
	assert_non_null(file);
	fputs("serial 2", file);
	fclose(file);
	struct quic_options options = {.loop = t->town.loop, .keys = t->den.keys, .dir = t->den.dir,
		.address = "127.0.0.1"};
	static const struct quic_events nothing = {0};
	assert_null(quic_create(&options, &nothing, NULL, &why));
	assert_non_null(strstr(why.sentence, path));
	assert_non_null(strstr(why.sentence, "did not sign"));
}

static void handle_digits(void *data, const char *digits, const char *machine,
		const char *person) {
	fail_msg("a revoked machine gets as far as digits");
}

static void handle_signature(void *data, const char *spki, const char *machine) {
	fail_msg("a revoked machine would be signed");
}

static void handle_notice(void *data, const struct op_refusal *why) {
	*(struct op_refusal *)data = *why;
}

static void handle_done(void *data, struct peer *peer, const struct op_refusal *why) {
	*(struct op_refusal *)data = *why;
}

static const struct quic_pair_events pair_events = {
	.digits = handle_digits,
	.signature = handle_signature,
	.notice = handle_notice,
	.done = handle_done,
};

/* Pairing is no way around it: the key is burnt, with or without its certificates. */
static void test_no_pairing(void **state) {
	struct nodes *t = *state;
	struct op_refusal here = {0}, there = {0}, why = {0};
	struct node bare;
	struct op_head head;
	char at[64];
	node_init(&bare, &t->town, "bare", NULL);
	struct node *nodes[] = {&t->ibiza, &bare};
	sign(&head, &t->ann, 1, keys_fingerprint(t->ibiza.keys), keys_fingerprint(bare.keys));
	assert_int_equal(tell(&t->den, &t->ann, &head), OP_OK);
	for (int i = 0; i < 4; i++) {
		struct node *node = nodes[i / 2];
		snprintf(at, sizeof(at), "127.0.0.1:%u", quic_port(t->den.quic));
		here = there = (struct op_refusal){0};
		const char *key = i % 2 ? keys_fingerprint(node->keys) : NULL;
		struct quic_pair *pair = quic_pair(t->den.quic, key, true, NULL, &pair_events, &here, &why);
		assert_non_null(pair);
		assert_non_null(quic_pair(node->quic, key ? keys_fingerprint(t->den.keys) : NULL, true, at,
			&pair_events, &there, &why));
		until(&t->town, here.code != OP_OK && there.code != OP_OK);
		assert_non_null(strstr(here.sentence, "is revoked: it needs a new one"));
		if (!key) { // it may have been anybody
			quic_pair_cancel(pair);
		}
	}
	assert_null(peer_of(&t->den, &t->ibiza));
	node_finish(&bare);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_cut),
		TEST(test_friends),
		TEST(test_who_may),
		TEST(test_serials),
		TEST(test_spoilt_file),
		TEST(test_no_pairing),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
