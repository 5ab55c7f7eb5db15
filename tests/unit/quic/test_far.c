/* SPDX-License-Identifier: MIT */
/*
 * test_far.c - two nodes and a meeting point: what it forwards and what not, and which way is taken.
 *
 * Who may be told of whom is boxes/meet.c's; NATs are in tests/e2e/test_far.py.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "quic/detour.h"
#include "quic/envelope.h"
#include "quic/forward.h"
#include "quic/quic_private.h"
#include "quic/roam.h"
#include "unit/quic/town.h"

#define RATE (100 * 1000 * 1000)

struct nodes {
	struct town town;
	struct persona ann, bob;
	struct node den, ibiza; // ann's
	struct node vps;        // bob's: the meeting point
	struct forward *forward;
	struct end *feeds[2];   // that keep the two connected to it
};

static void keep_connected(struct nodes *t, struct node *node, int i) {
	befriend(node, &t->vps);
	int before = wl_list_length(&t->vps.ends);
	t->feeds[i] = node_open(node, peer_of(node, &t->vps));
	end_say(t->feeds[i], "hello");
	until(&t->town, wl_list_length(&t->vps.ends) > before);
}

static int set_up(void **state) {
	struct nodes *t = calloc(1, sizeof(*t));
	assert_non_null(t);
	town_init(&t->town);
	persona_init(&t->ann, "ann");
	persona_init(&t->bob, "bob");
	node_init(&t->den, &t->town, "den", &t->ann);
	node_init(&t->ibiza, &t->town, "ibiza", &t->ann);
	node_init(&t->vps, &t->town, "vps", &t->bob);
	keep_connected(t, &t->den, 0);
	keep_connected(t, &t->ibiza, 1);
	befriend(&t->den, &t->ibiza);
	peer_of(&t->den, &t->ibiza)->at_size = peer_of(&t->ibiza, &t->den)->at_size = 0;
	*state = t;
	return 0;
}

static int tear_down(void **state) {
	struct nodes *t = *state;
	end_destroy(t->feeds[0]);
	end_destroy(t->feeds[1]);
	if (t->forward) {
		forward_destroy(t->forward);
	}
	node_finish(&t->den);
	node_finish(&t->ibiza);
	node_finish(&t->vps);
	persona_finish(&t->ann);
	persona_finish(&t->bob);
	town_finish(&t->town);
	free(t);
	return 0;
}

static uint64_t allot(struct nodes *t, uint64_t rate) {
	t->forward = forward_create(t->vps.quic, peer_of(&t->vps, &t->den),
		peer_of(&t->vps, &t->ibiza), rate);
	assert_non_null(t->forward);
	return forward_id(t->forward);
}

static void told(struct nodes *t, struct node *node, struct node *other, uint64_t id,
		uint16_t port) {
	char at[1][64];
	snprintf(at[0], sizeof(at[0]), "127.0.0.1:%u", port);
	quic_met(node->quic, peer_of(node, other), peer_of(node, &t->vps), id, at, port != 0);
}

/* ibiza asks den for something; the meeting point has told both, but they only reach it. */
static struct end *talk_through(struct nodes *t, uint64_t id, struct end **theirs) {
	struct end *ours = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
	told(t, &t->ibiza, &t->den, id, 0);
	told(t, &t->den, &t->ibiza, id, 0);
	end_say(ours, "hello");
	until(&t->town, node_newest(&t->den) && end_heard(node_newest(&t->den), "hello"));
	*theirs = node_newest(&t->den);
	return ours;
}

static void test_envelope(void **state) {
	struct envelope envelope;
	uint8_t bytes[ENVELOPE_SIZE + 2] = {0};
	envelope_write(bytes, 0x0123456789abcdef);
	bytes[ENVELOPE_SIZE] = 0x40;
	assert_true(envelope_is(bytes, sizeof(bytes)));
	assert_true(envelope_open(bytes, sizeof(bytes), &envelope));
	assert_true(envelope.id == 0x0123456789abcdef);
	assert_ptr_equal(envelope.packet, bytes + ENVELOPE_SIZE);
	assert_int_equal(envelope.size, 2);
	assert_true(envelope_open(bytes, ENVELOPE_SIZE + 1, &envelope));
	for (size_t size = 0; size <= ENVELOPE_SIZE; size++) { // an empty one, or less
		assert_false(envelope_open(bytes, size, &envelope));
	}
	bytes[ENVELOPE_SIZE] = bytes[0]; // one in another
	assert_false(envelope_open(bytes, sizeof(bytes), &envelope));
	bytes[ENVELOPE_SIZE] = 0x80;
	assert_true(envelope_open(bytes, sizeof(bytes), &envelope));
	envelope_write(bytes, 0);
	assert_false(envelope_open(bytes, sizeof(bytes), &envelope));
	for (int first = 0; first < 256; first++) {
		assert_int_equal(envelope_is(&(uint8_t){(uint8_t)first}, 1), first < 0x40);
	}
	assert_false(envelope_is(bytes, 0));
}

static void test_forwarded(void **state) {
	struct nodes *t = *state;
	struct end *theirs, *ours = talk_through(t, allot(t, RATE), &theirs);
	struct peer *den = peer_of(&t->ibiza, &t->den), *ibiza = peer_of(&t->den, &t->ibiza);
	assert_string_equal(den->through, "bob.vps");
	assert_string_equal(ibiza->through, "bob.vps");
	assert_int_equal(den->at_size, 0); // the meeting point's address is not den's
	char *text = malloc(1024 * 1024);
	memset(text, 'x', 1024 * 1024);
	ours->stream->impl->write(ours->stream, text, 1024 * 1024);
	until(&t->town, theirs->taken == 1024 * 1024 + 5);
	free(text);
	assert_in_range(forward_bytes(t->forward), 1024 * 1024, 1200 * 1024);
	assert_int_equal(wl_list_length(&t->vps.ends), 2); // it had no part in this
	assert_in_range(forward_idle_ms(t->forward), 0, 1000);
	end_destroy(ours);
}

static void test_point_is_gone(void **state) {
	struct nodes *t = *state;
	struct end *theirs, *ours = talk_through(t, allot(t, RATE), &theirs);
	forward_destroy(t->forward);
	t->forward = NULL;
	until(&t->town, ours->hangups == 1 && theirs->hangups == 1);
	assert_int_equal(ours->code, OP_ELOST);
	assert_string_equal(ours->sentence, "den has not answered for 4 s through the meeting point "
		"bob.vps: are both on, and on the network?");
	assert_string_equal(peer_of(&t->ibiza, &t->den)->through, "");
	end_destroy(ours);
}

/* Who knows the id, but is not at an address of the two, has nothing sent anywhere. */
static void test_others_get_nothing_forwarded(void **state) {
	struct nodes *t = *state;
	uint8_t bytes[64] = {0};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(quic_port(t->vps.quic))};
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	envelope_write(bytes, allot(t, RATE));
	bytes[ENVELOPE_SIZE] = 0x40;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)),
			sizeof(bytes));
	}
	struct end *theirs, *ours = talk_through(t, forward_id(t->forward), &theirs); // later packets
	uint64_t carried = forward_bytes(t->forward);
	assert_in_range(carried, 1200, 40000);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), -1); // and no answer at all
	// A node takes an envelope only from the meeting point that told it of the id.
	uint8_t version[1300] = {[ENVELOPE_SIZE] = 0xc0, 0x0a, 0x0a, 0x0a, 0x0a}; // asks which we speak
	to.sin_port = htons(quic_port(t->den.quic));
	envelope_write(version, forward_id(t->forward));
	t->den.quic->stateless_sent = 0;
	for (int i = 0; i < 3; i++) {
		sendto(fd, version, sizeof(version), 0, (struct sockaddr *)&to, sizeof(to));
		sendto(fd, version + ENVELOPE_SIZE, sizeof(version) - ENVELOPE_SIZE, 0,
			(struct sockaddr *)&to, sizeof(to)); // without one anybody may ask
	}
	until(&t->town, recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	town_pass(&t->town, 100);
	assert_in_range(t->den.quic->stateless_sent, 0, 3); // 0 when a second begins
	close(fd);
	end_destroy(ours);
}

static void test_rate(void **state) {
	struct nodes *t = *state;
	enum { SLOW = 200 * 1000 };
	struct end *theirs, *ours = talk_through(t, allot(t, SLOW), &theirs);
	char *text = malloc(1024 * 1024);
	memset(text, 'x', 1024 * 1024);
	uint64_t begin = now_ms(), before = forward_bytes(t->forward);
	ours->stream->impl->write(ours->stream, text, 1024 * 1024);
	town_pass(&t->town, 1000);
	uint64_t carried = forward_bytes(t->forward) - before, ms = now_ms() - begin;
	assert_in_range(carried, SLOW / 4, SLOW / 4 + SLOW * ms / 1000);
	free(text);
	end_destroy(ours);
}

/* Told of each other, both dial at once; one connection stays, and the detour is not needed. */
static void test_direct(void **state) {
	struct nodes *t = *state;
	uint64_t id = allot(t, RATE);
	struct end *ours = node_open(&t->ibiza, peer_of(&t->ibiza, &t->den));
	told(t, &t->ibiza, &t->den, id, quic_port(t->den.quic));
	told(t, &t->den, &t->ibiza, id, quic_port(t->ibiza.quic));
	end_say(ours, "hello");
	until(&t->town, node_newest(&t->den) && end_heard(node_newest(&t->den), "hello"));
	assert_int_equal(ours->hangups, 0);
	end_destroy(ours);
	end_destroy(node_newest(&t->den));
	until(&t->town, wl_list_length(&t->ibiza.quic->connections) == 2 // to vps and den
		&& wl_list_length(&t->den.quic->connections) == 2);
	assert_string_equal(peer_of(&t->ibiza, &t->den)->through, "");
	assert_true(peer_of(&t->ibiza, &t->den)->up && peer_of(&t->den, &t->ibiza)->up);
	assert_int_equal(forward_bytes(t->forward), 0);
}

/* A direct connection that is dialled at the same time as a detour is the one. */
static void test_direct_before_detour(void **state) {
	struct nodes *t = *state;
	struct end *theirs, *ours = talk_through(t, allot(t, RATE), &theirs);
	struct peer *den = peer_of(&t->ibiza, &t->den), *ibiza = peer_of(&t->den, &t->ibiza);
	told(t, &t->den, &t->ibiza, 0, quic_port(t->ibiza.quic));
	until(&t->town, !den->through[0] && !ibiza->through[0]);
	assert_true(den->up && ibiza->up);
	end_say(ours, "!"); // what is under way stays where it is
	until(&t->town, end_heard(theirs, "hello!"));
	assert_int_equal(ours->hangups, 0);
	end_destroy(ours);
}

/* One of the two is somewhere now where it can be dialled. */
static void test_becomes_direct(void **state) {
	struct nodes *t = *state;
	char at[64];
	struct end *theirs, *ours = talk_through(t, allot(t, RATE), &theirs);
	struct peer *den = peer_of(&t->ibiza, &t->den), *ibiza = peer_of(&t->den, &t->ibiza);
	assert_true(roam_try_direct(t->ibiza.quic->roam)); // nowhere yet
	until(&t->town, !peer_entry_from(den)->dial);
	assert_string_equal(den->through, "bob.vps");
	assert_true(den->up && den->why.code == OP_OK);
	snprintf(at, sizeof(at), "127.0.0.1:%u", quic_port(t->den.quic));
	quic_peer_hint(t->ibiza.quic, den, at);
	quic_peer_hint(t->ibiza.quic, den, "127.0.0.1:1"); // tried first
	assert_true(roam_try_direct(t->ibiza.quic->roam));
	until(&t->town, !den->through[0] && !ibiza->through[0]);
	assert_true(den->up && ibiza->up);
	uint64_t before = forward_bytes(t->forward);
	struct end *direct = node_open(&t->ibiza, den);
	end_say(direct, "direct");
	until(&t->town, end_heard(node_newest(&t->den), "direct"));
	assert_in_range(forward_bytes(t->forward) - before, 0, 500); // keep-alive of the other
	assert_int_equal(ours->hangups, 0);
	assert_false(roam_try_direct(t->ibiza.quic->roam));
	end_destroy(direct);
	end_destroy(ours);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope),
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_forwarded),
		TEST(test_point_is_gone),
		TEST(test_others_get_nothing_forwarded),
		TEST(test_rate),
		TEST(test_direct),
		TEST(test_direct_before_detour),
		TEST(test_becomes_direct),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
