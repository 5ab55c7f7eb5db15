/* SPDX-License-Identifier: MIT */
/*
 * test_meeting.c - how two nodes come to have one connection, keep it, lose it, or are refused one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quic/meeting.h"
#include "quic/quic_private.h"
#include "unit/quic/town.h"
#include "unit/quic/wire.h"

struct nodes {
	struct town town;
	struct persona ann, bob;
	struct node den, ibiza; // ann's
	struct node pc;         // bob's
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

/* An exchange with a word each way from a to b. */
static void talk(struct town *town, struct node *a, struct node *b, struct end **ours,
		struct end **theirs) {
	int before = wl_list_length(&b->ends);
	*ours = node_open(a, peer_of(a, b));
	end_say(*ours, "hello");
	until(town, wl_list_length(&b->ends) > before);
	*theirs = node_newest(b);
	until(town, end_heard(*theirs, "hello"));
	end_say(*theirs, "ok");
	until(town, end_heard(*ours, "ok"));
}

static void talk_shortly(struct town *town, struct node *a, struct node *b) {
	struct end *ours, *theirs;
	talk(town, a, b, &ours, &theirs);
	end_destroy(ours);
	end_destroy(theirs);
}

static struct connection *only_connection(struct node *node) {
	assert_int_equal(wl_list_length(&node->quic->connections), 1);
	struct connection *c = wl_container_of(node->quic->connections.next, c, link);
	return c;
}

/* The stream fails with that code, and the sentence begins so. */
static void expect_refusal(struct nodes *t, struct node *node, struct peer *peer,
		enum op_code code, const char *begins) {
	struct end *end = node_open(node, peer);
	end_say(end, "hello");
	until(&t->town, end->hangups == 1);
	if (end->code != code || strncmp(end->sentence, begins, strlen(begins)) != 0) {
		fail_msg("%s %s", op_code_name(end->code), end->sentence);
	}
	assert_int_equal(peer->why.code, code);
	assert_string_equal(peer->why.sentence, end->sentence);
	assert_false(peer->up);
	end_destroy(end);
}

static void test_at_once(void **state) {
	struct nodes *t = *state;
	bool den_is_smaller =
		strcmp(keys_fingerprint(t->den.keys), keys_fingerprint(t->ibiza.keys)) < 0;
	for (int round = 0; round < 10; round++) {
		befriend(&t->den, &t->ibiza);
		struct end *a = node_open(&t->den, peer_of(&t->den, &t->ibiza));
		struct end *b = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
		end_say(a, "from den");
		end_say(b, "from ibiza");
		until(&t->town, node_newest(&t->den) && node_newest(&t->ibiza));
		until(&t->town, end_heard(node_newest(&t->den), "from ibiza")
			&& end_heard(node_newest(&t->ibiza), "from den"));
		end_destroy(node_newest(&t->den));
		end_destroy(node_newest(&t->ibiza));
		until(&t->town, a->hangups == 1 && b->hangups == 1);
		end_destroy(a);
		end_destroy(b);
		until(&t->town, wl_list_length(&t->den.quic->connections) == 1
			&& wl_list_length(&t->ibiza.quic->connections) == 1);
		if (only_connection(&t->den)->dialled == only_connection(&t->ibiza)->dialled) {
			fail_msg("each keeps another connection");
		}
		// One may have come first and been enough; if there were two, the rule decided.
		if (t->den.ups > 1 && only_connection(&t->den)->contested) {
			assert_true(only_connection(&t->den)->dialled == den_is_smaller);
		}
		talk_shortly(&t->town, &t->den, &t->ibiza);
		talk_shortly(&t->town, &t->ibiza, &t->den);
		node_stop(&t->den);
		until(&t->town, wl_list_empty(&t->ibiza.quic->connections));
		node_start(&t->den, 0);
	}
}

static void test_loser_drains(void **state) {
	struct nodes *t = *state;
	struct wire wire; // so slow that both dials are under way when the other comes
	wire_init(&wire, t->town.loop, quic_port(t->ibiza.quic));
	wire.delay_ns = 30 * MS;
	introduce(&t->den, &t->ibiza, wire.port);
	struct wire wire_back;
	wire_init(&wire_back, t->town.loop, quic_port(t->den.quic));
	wire_back.delay_ns = 30 * MS;
	introduce(&t->ibiza, &t->den, wire_back.port);
	struct end *a = node_open(&t->den, peer_of(&t->den, &t->ibiza));
	struct end *b = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
	end_say(a, "from den");
	end_say(b, "from ibiza");
	until(&t->town, node_newest(&t->den) && node_newest(&t->ibiza));
	until(&t->town, wl_list_length(&t->den.quic->connections) == 2
		&& wl_list_length(&t->ibiza.quic->connections) == 2);
	end_say(node_newest(&t->den), "ok");
	end_say(node_newest(&t->ibiza), "ok");
	until(&t->town, end_heard(a, "ok") && end_heard(b, "ok"));
	bool den_is_smaller =
		strcmp(keys_fingerprint(t->den.keys), keys_fingerprint(t->ibiza.keys)) < 0;
	until(&t->town, peer_of(&t->den, &t->ibiza)->connection->dialled == den_is_smaller
		&& peer_of(&t->ibiza, &t->den)->connection->dialled != den_is_smaller);
	end_destroy(a);
	end_destroy(b);
	until(&t->town, wl_list_length(&t->den.quic->connections) == 1
		&& wl_list_length(&t->ibiza.quic->connections) == 1);
	assert_true(only_connection(&t->den)->dialled == den_is_smaller);
	assert_true(only_connection(&t->ibiza)->dialled != den_is_smaller);
	wire_finish(&wire);
	wire_finish(&wire_back);
}

static void test_friend(void **state) {
	struct nodes *t = *state;
	introduce(&t->pc, &t->den, 0);
	introduce(&t->den, &t->pc, 0);
	talk_shortly(&t->town, &t->pc, &t->den);
	struct peer *pc = peer_of(&t->den, &t->pc);
	assert_string_equal(pc->petname, "bob.pc");
	assert_string_equal(pc->subject.person, "bob");
	assert_string_equal(pc->subject.machine, "pc");
	struct node laptop; // another machine of his, which comes for the first time
	node_init(&laptop, &t->town, "laptop", &t->bob);
	introduce(&laptop, &t->den, 0);
	talk_shortly(&t->town, &laptop, &t->den);
	assert_string_equal(peer_of(&t->den, &laptop)->petname, "bob.laptop");
	assert_ptr_equal(quic_peer_by_petname(t->den.quic, "bob.laptop"), peer_of(&t->den, &laptop));
	node_stop(&t->den); // and both are still known in the next life
	node_start(&t->den, 0);
	assert_non_null(quic_peer_by_petname(t->den.quic, "bob.laptop"));
	assert_true(quic_peer_by_petname(t->den.quic, "bob.pc")->at_size > 0);
	node_finish(&laptop);
}

static void test_namesake(void **state) {
	struct nodes *t = *state;
	struct persona other; // not our ann, and never to be taken for her
	struct node pc;
	persona_init(&other, "ann");
	node_init(&pc, &t->town, "den", &other);
	introduce(&t->den, &pc, 0);
	introduce(&pc, &t->den, 0);
	talk_shortly(&t->town, &pc, &t->den);
	assert_string_equal(peer_of(&t->den, &pc)->subject.person, "ann-2");
	assert_string_equal(peer_of(&t->den, &pc)->petname, "ann-2.den");
	node_finish(&pc);
	persona_finish(&other);
}

static void test_stranger(void **state) {
	struct nodes *t = *state;
	struct peer *den = introduce(&t->pc, &t->den, 0); // den does not know bob
	expect_refusal(t, &t->pc, den, OP_EPERM, "ann.den does not know this machine: run `box pair "
		"--fingerprint ");
	assert_non_null(strstr(den->why.sentence, keys_fingerprint(t->pc.keys)));
	until(&t->town, wl_list_empty(&t->den.quic->connections));
	assert_true(wl_list_empty(&t->den.quic->peers));
	assert_int_equal(t->den.added, 0);

	struct node new; // nobody's machine
	node_init(&new, &t->town, "new", NULL);
	persona_sign(&t->bob, new.keys);
	den = introduce(&new, &t->den, 0);
	expect_refusal(t, &new, den, OP_EPERM, "ann.den does not know this machine");
	node_finish(&new);
}

static void test_wrong_key(void **state) {
	struct nodes *t = *state;
	struct peer *den = introduce(&t->ibiza, &t->den, quic_port(t->pc.quic));
	char expected[600];
	snprintf(expected, sizeof(expected), "the machine at 127.0.0.1:%u is not den: its key is "
		"%.16s…, not %.16s…", quic_port(t->pc.quic), keys_fingerprint(t->pc.keys),
		keys_fingerprint(t->den.keys));
	expect_refusal(t, &t->ibiza, den, OP_EPERM, expected);
}

static void test_addresses(void **state) {
	struct nodes *t = *state;
	char at[64];
	struct peer *den = introduce(&t->ibiza, &t->den, 0);
	quic_peer_hint(t->ibiza.quic, den, "127.0.0.1:1"); // nobody there; the next one is tried
	snprintf(at, sizeof(at), "localhost:%u", quic_port(t->den.quic));
	quic_peer_hint(t->ibiza.quic, den, at);
	quic_peer_hint(t->ibiza.quic, den, "nowhere.invalid:7447");
	quic_peer_hint(t->ibiza.quic, den, "no address: at all");
	assert_int_equal(den->at_size, 4);
	uint64_t begin = now_ms();
	talk_shortly(&t->town, &t->ibiza, &t->den);
	assert_true(now_ms() - begin < 5000);
	snprintf(at, sizeof(at), "127.0.0.1:%u", quic_port(t->den.quic));
	assert_string_equal(den->at[0], at); // what was right comes first
}

static void test_no_answer(void **state) {
	struct nodes *t = *state;
	struct wire wire;
	wire_init(&wire, t->town.loop, quic_port(t->den.quic));
	wire.cut = true;
	struct peer *den = introduce(&t->ibiza, &t->den, wire.port);
	uint64_t begin = now_ms();
	char expected[128];
	snprintf(expected, sizeof(expected), "den does not answer at 127.0.0.1:%u: is it on", wire.port);
	expect_refusal(t, &t->ibiza, den, OP_EUNREACH, expected);
	assert_true(now_ms() - begin < 7000);
	assert_true(wl_list_empty(&t->ibiza.quic->connections));
	wire_finish(&wire); // its port is nobody's now

	node_stop(&t->den);
	begin = now_ms();
	den->at_size = 1;
	expect_refusal(t, &t->ibiza, den, OP_EUNREACH, "nothing listens at 127.0.0.1:");
	assert_true(now_ms() - begin < 1000);
	node_start(&t->den, 0);

	struct peer *pc = peer_of(&t->den, &t->pc); // and of whom no address is known
	assert_null(pc);
	introduce(&t->den, &t->pc, 0);
	pc = peer_of(&t->den, &t->pc);
	pc->at_size = 0;
	expect_refusal(t, &t->den, pc, OP_EUNREACH, "no address of bob.pc is known");
}

static void test_silence(void **state) {
	struct nodes *t = *state;
	struct wire wire;
	struct end *ours, *theirs;
	wire_init(&wire, t->town.loop, quic_port(t->den.quic));
	introduce(&t->ibiza, &t->den, wire.port);
	talk(&t->town, &t->ibiza, &t->den, &ours, &theirs);
	town_pass(&t->town, 5000); // kept alive meanwhile
	assert_int_equal(ours->hangups + theirs->hangups, 0);
	theirs->stream->hangup_cancels = true;
	theirs->stream->impl->pause(theirs->stream, true); // it is told all the same
	wire.cut = true;
	uint64_t begin = now_ms();
	until(&t->town, ours->hangups == 1 && theirs->hangups == 1);
	assert_true(now_ms() - begin < 4200);
	assert_int_equal(ours->code, OP_ELOST);
	assert_string_equal(ours->sentence,
		"den has not answered for 4 s: is it on, and on the network?");
	assert_int_equal(theirs->code, OP_ELOST);
	assert_false(peer_of(&t->ibiza, &t->den)->up);
	wire.cut = false;
	end_destroy(ours);
	end_destroy(theirs);
	talk_shortly(&t->town, &t->ibiza, &t->den);
	wire_finish(&wire);
}

static void test_replaced(void **state) {
	struct nodes *t = *state;
	struct wire wire;
	struct end *ours, *theirs;
	wire_init(&wire, t->town.loop, quic_port(t->den.quic));
	introduce(&t->ibiza, &t->den, wire.port);
	talk(&t->town, &t->ibiza, &t->den, &ours, &theirs);
	wire.cut = true; // ibiza loses its power
	end_destroy(ours);
	node_stop(&t->ibiza);
	uint64_t begin = now_ms();
	town_pass(&t->town, 2100);
	assert_int_equal(theirs->hangups, 0);
	node_start(&t->ibiza, 0);
	introduce(&t->ibiza, &t->den, 0);
	struct end *again, *again_there;
	talk(&t->town, &t->ibiza, &t->den, &again, &again_there);
	assert_int_equal(theirs->hangups, 1);
	assert_true(now_ms() - begin < 3500);
	assert_int_equal(theirs->code, OP_ELOST);
	assert_string_equal(theirs->sentence,
		"ibiza was started anew, or has come back from elsewhere: ask again");
	assert_int_equal(again_there->hangups, 0);
	assert_ptr_not_equal(only_connection(&t->den), NULL);
	end_destroy(theirs);
	end_destroy(again);
	end_destroy(again_there);
	wire_finish(&wire);
}

static void test_started_anew(void **state) {
	struct nodes *t = *state;
	struct wire wire;
	struct end *ours, *theirs;
	uint16_t port = quic_port(t->den.quic);
	wire_init(&wire, t->town.loop, port);
	introduce(&t->ibiza, &t->den, wire.port);
	talk(&t->town, &t->ibiza, &t->den, &ours, &theirs);
	wire.cut = true; // den is killed, and started again
	end_destroy(theirs);
	node_stop(&t->den);
	until(&t->town, wire.lost > 0); // its goodbye
	node_start(&t->den, port);
	assert_int_equal(quic_port(t->den.quic), port);
	wire.cut = false;
	uint64_t begin = now_ms();
	until(&t->town, ours->hangups == 1); // at the next word, it says that it knows of nothing
	assert_true(now_ms() - begin < 2500);
	assert_int_equal(ours->code, OP_ELOST);
	assert_string_equal(ours->sentence, "den was started anew and knows nothing of this: ask again");
	end_destroy(ours);
	talk_shortly(&t->town, &t->ibiza, &t->den);
	wire_finish(&wire);
}

static void test_idle(void **state) {
	struct nodes *t = *state;
	introduce(&t->ibiza, &t->den, 0);
	talk_shortly(&t->town, &t->ibiza, &t->den);
	struct peer *den = peer_of(&t->ibiza, &t->den);
	until(&t->town, den->connection->busy_since == 0);
	int ups = t->ibiza.ups;
	den->connection->idle_since -= IDLE_LIMIT;
	until(&t->town, !den->up && wl_list_empty(&t->den.quic->connections));
	assert_int_equal(den->why.code, OP_OK); // nothing is wrong with it
	talk_shortly(&t->town, &t->ibiza, &t->den);
	assert_int_equal(t->ibiza.ups, ups + 1);
}

static void test_idle_crosses_request(void **state) {
	struct nodes *t = *state;
	struct op_refusal why = {.code = OP_ELOST, .sentence = "idle"};
	introduce(&t->ibiza, &t->den, 0);
	talk_shortly(&t->town, &t->ibiza, &t->den);
	until(&t->town, only_connection(&t->den)->busy_since == 0);
	struct end *ours = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
	end_say(ours, "hello");
	connection_close(only_connection(&t->den), CLOSE_IDLE, &why); // before it has seen this
	until(&t->town, node_newest(&t->den) && end_heard(node_newest(&t->den), "hello"));
	assert_int_equal(ours->hangups, 0);
	end_say(node_newest(&t->den), "ok");
	until(&t->town, end_heard(ours, "ok"));
	end_destroy(ours);
}

static void test_forget(void **state) {
	struct nodes *t = *state;
	struct end *ours, *theirs;
	introduce(&t->den, &t->pc, 0);
	introduce(&t->pc, &t->den, 0);
	talk(&t->town, &t->pc, &t->den, &ours, &theirs);
	quic_peer_forget(t->den.quic, peer_of(&t->den, &t->pc));
	assert_int_equal(t->den.gone, 1);
	until(&t->town, ours->hangups == 1 && theirs->hangups == 1);
	assert_int_equal(ours->code, OP_EPERM);
	assert_null(peer_of(&t->den, &t->pc));
	end_destroy(ours);
	end_destroy(theirs);
	expect_refusal(t, &t->pc, peer_of(&t->pc, &t->den), OP_EPERM, "ann.den does not know");
	node_stop(&t->den); // for good
	node_start(&t->den, 0);
	assert_null(peer_of(&t->den, &t->pc));
	assert_true(wl_list_empty(&t->den.quic->persons));
}

static int handshakes_of(const struct node *node) {
	const struct connection *c;
	int count = 0;
	wl_list_for_each(c, &node->quic->connections, link) {
		count += c->state == CONNECTION_HANDSHAKE;
	}
	return count;
}

// A peer gets no more room by making more connections: the oldest go.
static void test_many_at_once(void **state) {
	struct nodes *t = *state;
	struct op_refusal why = {0};
	struct address den;
	befriend(&t->pc, &t->den);
	struct peer_entry *entry = peer_entry_from(peer_of(&t->pc, &t->den));
	struct peer_entry *pc = peer_entry_from(peer_of(&t->den, &t->pc));
	assert_true(address_parse(&den, "127.0.0.1", quic_port(t->den.quic)));
	for (int i = 0; i < 12; i++) {
		assert_non_null(connection_dial(t->pc.quic, &den, false, &meeting_user, entry, &why));
	}
	int most = 0;
	uint64_t deadline = 0;
	while (handshakes_of(&t->pc) > 0 && town_step(&t->town, &deadline)) {
		int now = wl_list_length(&pc->connections);
		most = now > most ? now : most;
	}
	assert_int_equal(handshakes_of(&t->pc), 0);
	assert_in_range(most, 2, 4);
	talk_shortly(&t->town, &t->pc, &t->den);
}

// The certificate of a machine that was lost is still good; it stays out all the same.
static void test_forgotten_stays_out(void **state) {
	struct nodes *t = *state;
	befriend(&t->ibiza, &t->den);
	talk_shortly(&t->town, &t->ibiza, &t->den);
	quic_peer_forget(t->den.quic, peer_of(&t->den, &t->ibiza));
	until(&t->town, !peer_of(&t->ibiza, &t->den)->up);
	expect_refusal(t, &t->ibiza, peer_of(&t->ibiza, &t->den), OP_EPERM, "den does not know");
	node_stop(&t->den);
	node_start(&t->den, 0);
	introduce(&t->ibiza, &t->den, 0); // at its new port
	expect_refusal(t, &t->ibiza, peer_of(&t->ibiza, &t->den), OP_EPERM, "den does not know");
	assert_null(peer_of(&t->den, &t->ibiza));
	const struct subject ibiza = {"ann", "ibiza"}, pc = {"bob", "pc"};
	assert_true(quic_is_gone(t->den.quic, &ibiza)); // written down by name too
	assert_false(quic_is_gone(t->den.quic, &pc));
	introduce(&t->den, &t->ibiza, 0); // as pairing does
	assert_false(quic_is_gone(t->den.quic, &ibiza));
	talk_shortly(&t->town, &t->ibiza, &t->den);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_at_once),
		TEST(test_loser_drains),
		TEST(test_friend),
		TEST(test_namesake),
		TEST(test_stranger),
		TEST(test_wrong_key),
		TEST(test_addresses),
		TEST(test_no_answer),
		TEST(test_silence),
		TEST(test_replaced),
		TEST(test_started_anew),
		TEST(test_idle),
		TEST(test_idle_crosses_request),
		TEST(test_forget),
		TEST(test_forgotten_stays_out),
		TEST(test_many_at_once),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
