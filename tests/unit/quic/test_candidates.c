/* SPDX-License-Identifier: MIT */
/*
 * test_candidates.c - which nodes any is: all that are known, and what is said of what was seen there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "candidates.h"
#include "quic/peers.h"
#include "unit/quic/town.h"

#define MANY 100

struct world {
	struct town town;
	struct persona ann;
	struct node den;
	struct route route;
	struct subject subject;
};

static int set_up(void **state) {
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	town_init(&w->town);
	persona_init(&w->ann, "ann");
	node_init(&w->den, &w->town, "den", &w->ann);
	w->route = (struct route){
		.loop = w->town.loop, .keys = w->den.keys, .quic = w->den.quic,
	};
	w->subject = (struct subject){"ann", "den"};
	*state = w;
	return 0;
}

static int tear_down(void **state) {
	struct world *w = *state;
	node_finish(&w->den);
	persona_finish(&w->ann);
	town_finish(&w->town);
	free(w);
	return 0;
}

static struct peer *meet(struct world *w, int i) {
	char key[KEYS_FINGERPRINT + 1], name[16];
	snprintf(key, sizeof(key), "%064x", i + 1);
	snprintf(name, sizeof(name), "pi-%03d", i);
	struct peer_entry *entry = peers_meet(w->den.quic, key, "ann", name);
	assert_non_null(entry);
	return &entry->peer;
}

static void test_the_nearest_of_many(void **state) {
	struct world *w = *state;
	int count;
	struct peer *last = NULL, *first = NULL;
	for (int i = 0; i < MANY; i++) {
		last = meet(w, i);
		first = first ? first : last;
	}
	first->up = last->up = true;
	first->rtt_ms = 9;
	last->rtt_ms = 1;
	struct peer **peers = candidate_peers(&w->route, &w->subject, &count);
	assert_non_null(peers);
	assert_int_equal(count, MANY);
	assert_ptr_equal(peers[0], last);
	assert_ptr_equal(peers[1], first);
	free(peers);
	first->up = last->up = false;
}

static void test_what_was_seen(void **state) {
	struct world *w = *state;
	struct candidate list[3] = {{.name = "/n/ibiza/proc"}, {.name = "/n/attic/proc"}, {.name = "/proc"}};
	struct candidates all = {.route = &w->route, .list = list, .count = 3};
	char out[80];
	strcpy(list[0].type, "proc!arm64");
	list[1].asked = true;
	list[1].why.code = OP_EPERM;
	assert_int_equal(candidates_print(&all, out, sizeof(out)), 1);
	assert_string_equal(out, "ibiza proc!arm64, attic EPERM, den no answer");
	assert_int_equal(candidates_print(&all, out, 54), 1);
	assert_string_equal(out, "ibiza proc!arm64, attic EPERM, den no answer");
	assert_int_equal(candidates_print(&all, out, 53), 1);
	assert_string_equal(out, "ibiza proc!arm64 and 2 more");
	assert_int_equal(candidates_print(&all, out, 40), 1);
	assert_string_equal(out, "3 more");
	assert_int_equal(candidates_print(&all, out, 24), 1);
	assert_string_equal(out, "3 more");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_nearest_of_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_seen, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
