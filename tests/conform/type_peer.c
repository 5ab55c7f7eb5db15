/* SPDX-License-Identifier: MIT */
/*
 * type_peer.c - /peer and /n as far as they go without a network. Pairing and forgetting act on the
 * network door; they are tried end to end.
 */
#include <stdio.h>
#include <string.h>

#include "boxes/peer.h"
#include "conform.h"
#include "quic/quic.h"

static struct peer pc = {.petname = "carl.pc", .subject = {"carl", "pc"}, .net = "lan", .rtt_ms = 0.5};

static void prepare(struct world *world) {
	memset(pc.key, 'a', KEYS_FINGERPRINT);
	pc.up = false;
	pc.why.code = OP_OK;
	peer_box_changed(&world->env, &pc);
}

static void test_node_tells_how_near_it_is(void **state) {
	struct world *world = *state;
	struct asked asked;
	prepare(world);
	ask(&asked, world, OWNER, "kind", "/n/carl.pc", "want node!*!lan!rtt<1\n");
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_STATE), "idle");
	assert_string_equal(op_get(&asked.reply, OP_F_PERSON), "carl");
	asked_finish(&asked);
	pc.rtt_ms = 20;
	peer_box_changed(&world->env, &pc);
	expect(world, OWNER, OP_EMATCH, "kind", "/n/carl.pc", "want node!*!lan!rtt<1\n");
	pc.rtt_ms = 0.5;
}

static void test_state_is_followed(void **state) {
	struct world *world = *state;
	struct asked asked, list;
	char lines[64];
	prepare(world);
	ask(&asked, world, OWNER, "kind", "/n/carl.pc", "");
	expect_code(&asked, OP_OK);
	snprintf(lines, sizeof(lines), "since %s\n", op_get(&asked.reply, OP_F_VERSION));
	asked_finish(&asked);
	ask(&list, world, OWNER, "selectors", "/n", "");
	expect_code(&list, OP_OK);
	char list_lines[64];
	snprintf(list_lines, sizeof(list_lines), "since %s\n", op_get(&list.reply, OP_F_VERSION));
	asked_finish(&list);
	ask(&asked, world, OWNER, "kind", "/n/carl.pc", lines);
	ask(&list, world, OWNER, "selectors", "/n", list_lines);
	op_refuse(&pc.why, OP_EUNREACH, "carl.pc does not answer at 10.0.0.2:7447");
	peer_box_changed(&world->env, &pc);
	expect_code(&asked, OP_OK);
	assert_string_equal(op_get(&asked.reply, OP_F_STATE),
		"down EUNREACH carl.pc does not answer at 10.0.0.2:7447");
	expect_code(&list, OP_OK);
	asked_finish(&asked);
	asked_finish(&list);
	peer_box_gone(&world->env, &pc);
	assert_false(world_has(world, "/n/carl.pc"));
	assert_false(world_has(world, "/peer/carl.pc"));
}

static void test_no_pairing_without_network(void **state) {
	struct world *world = *state;
	struct asked asked;
	ask(&asked, world, OWNER, "make", "/peer/new", "key 00\nbody chunks\n");
	expect_code(&asked, OP_EUNREACH);
	assert_non_null(strstr(asked.reply.refusal.sentence, "network no"));
	asked_finish(&asked);
	expect(world, OWNER, OP_OK, "chinfo", "/peer", "acl bob km\n");
	expect(world, STRANGER, OP_EPERM, "make", "/peer/new", "key 00\nbody chunks\n");
}

static const char *const roots[] = {"/peer", "/n", NULL};
static const struct CMUnitTest tests[] = {
	TEST(test_node_tells_how_near_it_is),
	TEST(test_state_is_followed),
	TEST(test_no_pairing_without_network),
};
const struct conform conform_peer = {
	.roots = roots,
	.prepare = prepare,
	.owner_only = 1 << OP_MAKE | 1 << OP_CHINFO, // what is signed proves itself
	.not_here = 1 << OP_DELETE,
	TESTS(tests),
};
