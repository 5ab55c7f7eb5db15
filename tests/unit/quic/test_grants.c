/* SPDX-License-Identifier: MIT */
/*
 * test_grants.c - grants as they travel: signed, believed as far as a person is known, used once or as
 * often as they may; and each way in which one is not good, beside one that is.
 *
 * What a grant's lines cover is tests/unit/box/grant.c. Here ann, at den, asks; alice's loft holds the
 * grant and bob's pc is where it goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>

#include "grants.h"
#include "net/exchange.h"
#include "net/stream_pair.h"
#include "quic/revocation.h"
#include "quic/signing.h"
#include "unit/quic/town.h"

struct nodes {
	struct town town;
	struct persona ann, alice, bob;
	struct node den, loft, pc;
	struct grants at_den, at_loft, at_pc;
	struct end *here; // from loft to pc: what is connected can come with a grant
};

static int64_t ahead; // of the clock, in s

static int64_t later_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec + ahead) * 1000 + now.tv_nsec / 1000000;
}

static struct grants grants_of(struct node *node) {
	struct grants grants;
	grants_init(&grants, node->keys, node->town->loop);
	grants.quic = node->quic;
	grants.now_ms = later_ms;
	return grants;
}

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	ahead = 0;
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	persona_init(&t->alice, "alice");
	persona_init(&t->bob, "bob");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->loft, &t->town, "loft", &t->alice);
	node_init(&t->pc, &t->town, "pc", &t->bob);
	befriend(&t->den, &t->loft);
	befriend(&t->den, &t->pc);
	befriend(&t->loft, &t->pc);
	t->at_den = grants_of(&t->den);
	t->at_loft = grants_of(&t->loft);
	t->at_pc = grants_of(&t->pc);
	wl_list_init(&t->at_den.used);
	wl_list_init(&t->at_loft.used);
	wl_list_init(&t->at_pc.used);
	introduce(&t->loft, &t->pc, 0);
	t->here = node_open(&t->loft, peer_of(&t->loft, &t->pc));
	end_say(t->here, "here");
	until(&t->town, peer_of(&t->pc, &t->loft)->up);
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	end_destroy(t->here);
	grants_finish(&t->at_den);
	grants_finish(&t->at_loft);
	grants_finish(&t->at_pc);
	node_finish(&t->den);
	node_finish(&t->loft);
	node_finish(&t->pc);
	persona_finish(&t->ann);
	persona_finish(&t->alice);
	persona_finish(&t->bob);
	town_finish(&t->town);
	free(t);
	return 0;
}

// A request with a grant that somebody signed, for /x of pc.
static void sign(const struct grants *by, struct op_head *head, const char *holder, const char *to,
		enum grant_use use, uint32_t verbs, const char *renews, char *id) {
	struct op_refusal why;
	const struct grants_leave leave = {
		.holder = holder, .to = to, .use = use, .verbs = verbs, .name = "/x", .renews = renews,
	};
	op_head_init_request(head, OP_PUTMEM);
	op_set(head, OP_F_NAME, "/x");
	assert_int_equal(grants_sign(by, head, &leave, id, &why), OP_OK);
}

// Ann's, for loft.
static void make_request_for(struct nodes *t, struct op_head *head, enum grant_use use,
		uint32_t verbs) {
	sign(&t->at_den, head, keys_fingerprint(t->loft.keys), keys_fingerprint(t->pc.keys), use, verbs,
		NULL, NULL);
}

// To put something into it, once.
static void make_request(struct nodes *t, struct op_head *head) {
	make_request_for(t, head, GRANT_ONCE, 1u << OP_PUTMEM);
}

/* An exchange by which a grant comes; what it hears. */
struct going {
	struct exchange *exchange;
	struct exchange *other; // the asker's end
	enum op_code why;     // OP_OK: it goes on
};

static void going_gone(void *data, const struct op_refusal *why) {
	struct going *going = data;
	going->why = why->code;
}

static void going_init(struct nodes *t, struct going *going) {
	static const struct exchange_events events = {.gone = going_gone}, nothing = {0};
	struct stream *ends[2];
	*going = (struct going){0};
	assert_true(stream_pair_create(t->town.loop, ends));
	going->exchange = exchange_create(ends[1], OP_REQUEST, &events, going);
	going->other = exchange_create(ends[0], OP_REPLY, &nothing, NULL);
	assert_non_null(going->exchange);
	assert_non_null(going->other);
}

static void going_finish(struct going *going) {
	exchange_destroy(going->exchange);
	exchange_destroy(going->other);
}

// At pc, from loft, and it goes on if it was let in. head is finished.
static void expect_going(struct nodes *t, struct going *going, struct op_head *head,
		enum op_code code, const char *says) {
	struct subject subject = peer_of(&t->pc, &t->loft)->subject;
	struct op_refusal why = {0};
	going_init(t, going);
	enum op_code got = grants_admit(&t->at_pc, going->exchange, head, &subject, &why);
	if (got != code || (says && !strstr(why.sentence, says))) {
		fail_msg("%s %s, and not %s", op_code_name(got), why.sentence, says ? says : "ok");
	}
	assert_string_equal(subject.person, code == OP_OK ? "ann" : "alice");
	assert_string_equal(subject.machine, code == OP_OK ? "den" : "loft");
	assert_false(op_has(head, OP_F_GRANT));
	op_head_finish(head);
}

// Likewise, and it is over at once.
static void expect_admit(struct nodes *t, struct op_head *head, enum op_code code,
		const char *says) {
	struct going going;
	expect_going(t, &going, head, code, says);
	going_finish(&going);
}

static void test_once(void **state) {
	struct nodes *t = *state;
	struct op_head head, again;
	make_request(t, &head);
	op_head_copy(&again, &head);
	expect_admit(t, &head, OP_OK, NULL);
	expect_admit(t, &again, OP_EPERM, "used already");
	make_request(t, &head);
	expect_admit(t, &head, OP_OK, NULL);
}

static void test_kinds_are_no_use(void **state) {
	struct nodes *t = *state;
	struct op_head head, kind;
	make_request(t, &head);
	for (int i = 0; i < 2; i++) {
		size_t at = 0;
		op_head_init_request(&kind, OP_KIND);
		op_set(&kind, OP_F_NAME, "/x");
		op_add(&kind, OP_F_GRANT, op_each(&head, OP_F_GRANT, &at));
		expect_admit(t, &kind, OP_OK, NULL);
	}
	expect_admit(t, &head, OP_OK, NULL);
}

static void test_other_names_and_verbs(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	make_request(t, &head);
	op_set(&head, OP_F_NAME, "/y");
	expect_admit(t, &head, OP_EPERM, "/y");
	make_request(t, &head);
	head.verb = OP_GETMEM;
	expect_admit(t, &head, OP_EPERM, "getmem");
}

static void test_other_holder_and_target(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	const char *loft = keys_fingerprint(t->loft.keys), *pc = keys_fingerprint(t->pc.keys);
	sign(&t->at_den, &head, pc, pc, GRANT_ONCE, 1u << OP_PUTMEM, NULL, NULL);
	expect_admit(t, &head, OP_EPERM, "another machine than came");
	sign(&t->at_den, &head, loft, loft, GRANT_ONCE, 1u << OP_PUTMEM, NULL, NULL);
	expect_admit(t, &head, OP_EPERM, "for another machine");
}

static void test_from_before(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	make_request(t, &head);
	t->at_pc.started_ms += 100000; // it may have been used in the life before
	expect_admit(t, &head, OP_EPERM, "older");
}

/* The grant's text with something else in it; malloc'd. */
static char *changed(const char *text, const char *from, const char *to, bool cut) {
	gnutls_datum_t in = {.data = (unsigned char *)text, .size = (unsigned int)strlen(text)};
	gnutls_datum_t plain, coded;
	struct buf other;
	assert_true(gnutls_base64_decode2(&in, &plain) >= 0);
	char *copy = strndup((char *)plain.data, plain.size);
	char *at = strstr(copy, from);
	assert_non_null(at);
	buf_init(&other);
	buf_append(&other, copy, (size_t)(at - copy));
	buf_append(&other, to, strlen(to));
	if (!cut) {
		buf_append(&other, at + strlen(from), strlen(at + strlen(from)));
	}
	gnutls_datum_t out = {.data = buf_front(&other), .size = (unsigned int)other.size};
	assert_true(gnutls_base64_encode2(&out, &coded) >= 0);
	char *whole = strndup((char *)coded.data, coded.size);
	gnutls_free(coded.data);
	gnutls_free(plain.data);
	buf_finish(&other);
	free(copy);
	return whole;
}

static void expect_changed(struct nodes *t, const char *from, const char *to, bool cut,
		enum op_code code, const char *says) {
	struct op_head head;
	size_t at = 0;
	make_request(t, &head);
	char *text = changed(op_each(&head, OP_F_GRANT, &at), from, to, cut);
	op_unset(&head, OP_F_GRANT);
	op_add(&head, OP_F_GRANT, text);
	free(text);
	expect_admit(t, &head, code, says);
}

static void test_changed_on_the_way(void **state) {
	struct nodes *t = *state;
	expect_changed(t, "name /x", "name /x", false, OP_OK, NULL);
	expect_changed(t, "verbs kind putmem", "verbs getmem putmem", false, OP_EPERM, "signature");
	expect_changed(t, "use once", "use link", false, OP_EPERM, "signature");
	expect_changed(t, "cert ", "", true, OP_EARG, "certificates");
	expect_changed(t, "signature ", "", true, OP_EARG, "signature");
	expect_changed(t, "\nuse", "", true, OP_EARG, "lines");
	expect_changed(t, "signature ", "signature AAAA", false, OP_EPERM, "signature");
}

// Alice's node cannot give itself what ann did not: not in ann's name, and in its own it is alice's.
static void test_signed_by_another(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	size_t at = 0;
	sign(&t->at_loft, &head, keys_fingerprint(t->loft.keys), keys_fingerprint(t->pc.keys),
		GRANT_ONCE, 1u << OP_PUTMEM, NULL, NULL);
	char *text = changed(op_each(&head, OP_F_GRANT, &at), keys_person_fingerprint(t->loft.keys),
		keys_person_fingerprint(t->den.keys), false);
	op_unset(&head, OP_F_GRANT);
	op_add(&head, OP_F_GRANT, text);
	free(text);
	expect_admit(t, &head, OP_EPERM, "not signed by whom");
}

static void test_signer_unknown(void **state) {
	struct nodes *t = *state;
	struct persona eve;
	struct node her;
	struct op_head head;
	persona_init(&eve, "ann"); // the name alone is nothing
	node_init(&her, &t->town, "den", &eve);
	struct grants grants = grants_of(&her);
	sign(&grants, &head, keys_fingerprint(t->loft.keys), keys_fingerprint(t->pc.keys), GRANT_ONCE,
		1u << OP_PUTMEM, NULL, NULL);
	expect_admit(t, &head, OP_EPERM, "not known here");
	node_finish(&her);
	persona_finish(&eve);
}

static void test_signer_forgotten(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	make_request(t, &head);
	quic_peer_forget(t->pc.quic, peer_of(&t->pc, &t->den));
	expect_admit(t, &head, OP_EPERM, NULL);
}

// Ann takes her den back, and pc hears of it.
static void revoke_den(struct nodes *t) {
	struct revocation list = {.serial = 1};
	struct op_head said;
	struct op_refusal why = {0};
	assert_int_equal(revocation_add(&list, keys_fingerprint(t->den.keys), &why), OP_OK);
	assert_int_equal(revocation_sign(&list, t->ann.key, &why), OP_OK);
	op_head_init_entry(&said);
	op_set_number(&said, OP_F_SERIAL, list.serial);
	op_add(&said, OP_F_REVOKED, list.revoked[0]);
	op_set(&said, OP_F_SIGNATURE, list.signature);
	assert_int_equal(quic_revoke(t->pc.quic, t->ann.fingerprint, &said, &why), OP_OK);
	op_head_finish(&said);
	revocation_finish(&list);
}

// Its person took it back, between the signing and the use.
static void test_signer_revoked(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	make_request(t, &head);
	revoke_den(t);
	expect_admit(t, &head, OP_EPERM, "revoked");
}

static void test_no_grant(void **state) {
	struct nodes *t = *state;
	static const char *const texts[] = {"", "x", "Z3JhbnQvMQo=", "AAAA", "grant/1"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct op_head head;
		op_head_init_request(&head, OP_PUTMEM);
		op_set(&head, OP_F_NAME, "/x");
		op_add(&head, OP_F_GRANT, texts[i]);
		expect_admit(t, &head, OP_EARG, "no grant");
	}
}

/* At the holder: what may go on, and for whom. */
static void test_goes_on(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	struct op_refusal why;
	struct subject ann = peer_of(&t->loft, &t->den)->subject, eve = ann;
	const struct peer *pc = peer_of(&t->loft, &t->pc), *den = peer_of(&t->loft, &t->den);
	strcpy(eve.person, "eve");
	make_request(t, &head);
	struct grants *at = &t->at_loft;
	assert_int_equal(grants_let(at, &head, &ann, pc, OP_PUTMEM, "/x", &why), OP_OK);
	assert_int_equal(grants_let(at, &head, &ann, pc, OP_PUTMEM, "/y", &why), OP_EPERM);
	assert_int_equal(grants_let(at, &head, &ann, pc, OP_GETMEM, "/x", &why), OP_EPERM);
	assert_int_equal(grants_let(at, &head, &ann, den, OP_PUTMEM, "/x", &why), OP_EPERM);
	assert_int_equal(grants_let(at, &head, &eve, pc, OP_PUTMEM, "/x", &why), OP_EPERM);
	assert_int_equal(grants_let(&t->at_pc, &head, &ann, pc, OP_PUTMEM, "/x", &why), OP_EPERM);
	op_head_finish(&head);
}

static void test_only_so_many_of_a_person(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	for (int i = 0; i < 256; i++) {
		make_request(t, &head);
		expect_admit(t, &head, OP_OK, NULL);
	}
	make_request(t, &head);
	expect_admit(t, &head, OP_EQUOTA, "remembered");
}

/* For a day: one exchange at a time, or several. */

static void test_link(void **state) {
	struct nodes *t = *state;
	struct op_head first, head;
	struct going going;
	make_request_for(t, &first, GRANT_LINK, 1u << OP_PUTMEM);
	for (int i = 0; i < 2; i++) { // one behind the other
		op_head_copy(&head, &first);
		expect_going(t, &going, &head, OP_OK, NULL);
		op_head_copy(&head, &first);
		expect_admit(t, &head, OP_EBUSY, "in use");
		op_head_copy(&head, &first);
		head.verb = OP_KIND;
		expect_admit(t, &head, OP_OK, NULL); // a look is no use
		going_finish(&going);
	}
	op_head_copy(&head, &first);
	head.verb = OP_SELECTORS;
	expect_admit(t, &head, OP_EPERM, "selectors");
	op_head_copy(&head, &first);
	ahead = 86400 + 301;
	expect_admit(t, &head, OP_EPERM, "ran out");
	op_head_finish(&first);
}

static void test_ns(void **state) {
	struct nodes *t = *state;
	struct op_head first, head;
	struct going going[GRANTS_AT_ONCE];
	make_request_for(t, &first, GRANT_NS, 1u << OP_PUTMEM | 1u << OP_SELECTORS | 1u << OP_MAKE);
	for (int i = 0; i < GRANTS_AT_ONCE; i++) {
		op_head_copy(&head, &first);
		head.verb = i % 2 ? OP_PUTMEM : OP_SELECTORS;
		expect_going(t, &going[i], &head, OP_OK, NULL);
	}
	op_head_copy(&head, &first);
	expect_admit(t, &head, OP_EQUOTA, "16 exchanges");
	going_finish(&going[0]);
	op_head_copy(&head, &first);
	expect_going(t, &going[0], &head, OP_OK, NULL);
	for (int i = 0; i < GRANTS_AT_ONCE; i++) {
		going_finish(&going[i]);
	}
	op_head_copy(&head, &first);
	head.verb = OP_MAKE;
	expect_admit(t, &head, OP_EPERM, "make");
	op_head_finish(&first);
}

// Of several the one for just that is found, and its own fault is what is said.
static void test_among_others(void **state) {
	struct nodes *t = *state;
	struct op_head head, other, again;
	struct op_refusal why;
	const char *loft = keys_fingerprint(t->loft.keys), *pc = keys_fingerprint(t->pc.keys);
	sign(&t->at_den, &head, pc, pc, GRANT_ONCE, 1u << OP_PUTMEM, NULL, NULL);
	for (int i = 0; i < 4; i++) {
		const struct grants_leave leave = {
			.holder = loft, .to = pc, .use = GRANT_NS, .verbs = 1u << OP_PUTMEM,
			.name = i == 3 ? "/x" : "/y",
		};
		assert_int_equal(grants_sign(&t->at_den, &head, &leave, NULL, &why), OP_OK);
	}
	op_head_copy(&again, &head);
	expect_admit(t, &head, OP_OK, NULL);
	op_unset(&again, OP_F_GRANT);
	size_t at = 0;
	make_request(t, &other);
	char *bad = changed(op_each(&other, OP_F_GRANT, &at), "signature ", "signature AAAA", false);
	op_add(&again, OP_F_GRANT, bad);
	sign(&t->at_den, &head, pc, pc, GRANT_ONCE, 1u << OP_PUTMEM, NULL, NULL);
	at = 0;
	op_add(&again, OP_F_GRANT, op_each(&head, OP_F_GRANT, &at));
	expect_admit(t, &again, OP_EPERM, "signature");
	free(bad);
	op_head_finish(&head);
	op_head_finish(&other);
}

// What goes on when the day is over is cut, and so is what nobody gave for the next.
static void test_runs_out(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	struct going going, renewed;
	char id[GRANT_ID + 1];
	const char *loft = keys_fingerprint(t->loft.keys), *pc = keys_fingerprint(t->pc.keys);
	make_request_for(t, &head, GRANT_LINK, 1u << OP_PUTMEM);
	expect_going(t, &going, &head, OP_OK, NULL);
	sign(&t->at_den, &head, loft, pc, GRANT_LINK, 1u << OP_PUTMEM, NULL, id);
	expect_going(t, &renewed, &head, OP_OK, NULL);
	ahead = 86400;
	grants_check(&t->at_pc);
	town_pass(&t->town, 10);
	assert_int_equal(going.why, OP_OK); // clocks may differ by so much
	sign(&t->at_den, &head, loft, pc, GRANT_LINK, 1u << OP_PUTMEM, id, NULL);
	head.verb = OP_KIND; // who holds it looks, with the new one
	expect_admit(t, &head, OP_OK, NULL);
	ahead = 86400 + 301;
	grants_check(&t->at_pc);
	until(&t->town, going.why == OP_EPERM);
	assert_int_equal(renewed.why, OP_OK);
	sign(&t->at_den, &head, loft, pc, GRANT_LINK, 1u << OP_PUTMEM, id, NULL);
	expect_admit(t, &head, OP_EBUSY, "in use"); // the same grant, newer
	ahead = 2 * 86400 + 301;
	grants_check(&t->at_pc);
	until(&t->town, renewed.why == OP_EPERM);
	going_finish(&going);
	going_finish(&renewed);
}

static void test_cut_when_the_signer_is_revoked(void **state) {
	struct nodes *t = *state;
	struct op_head head;
	struct going going[3];
	static const enum grant_use uses[] = {GRANT_ONCE, GRANT_LINK, GRANT_NS};
	for (int i = 0; i < 3; i++) {
		make_request_for(t, &head, uses[i], 1u << OP_PUTMEM);
		expect_going(t, &going[i], &head, OP_OK, NULL);
	}
	grants_check(&t->at_pc);
	town_pass(&t->town, 10);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(going[i].why, OP_OK);
	}
	revoke_den(t);
	grants_check(&t->at_pc);
	until(&t->town, going[0].why == OP_EPERM && going[1].why == OP_EPERM &&
		going[2].why == OP_EPERM);
	for (int i = 0; i < 3; i++) {
		going_finish(&going[i]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kinds_are_no_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_names_and_verbs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_holder_and_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_from_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed_on_the_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signed_by_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signer_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signer_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signer_revoked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_grant, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_so_many_of_a_person, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_among_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_runs_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_when_the_signer_is_revoked, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
