/* SPDX-License-Identifier: MIT */
/* again.c - frames are sent twice where packets are lost on a long way that has room, and only there. */
#include "boxcast/again.h"

#include "unit/cast/check.h"

#define ENOUGH 700000

struct way {
	struct line_path path;
	uint64_t carries;
	int64_t now;
};

/* So many seconds with 400 packets in each, of which so many are lost. */
static void go(struct again *again, struct way *way, int seconds, int lost) {
	for (int i = 0; i < seconds * 10; i++) {
		way->now += 100 * MS;
		way->path.sent += 40;
		way->path.lost += i % 10 == 0 ? (uint64_t)lost : 0;
		again_path(again, &way->path, way->carries, ENOUGH, way->now);
	}
}

static struct way bad(void) {
	return (struct way){.path = {.rtt_ns = 100 * MS, .least_ns = 90 * MS}, .carries = 7000000, .now = MS};
}

static void losses_on_a_long_way(void **state) {
	struct again again;
	struct way way = bad();
	again_init(&again);
	go(&again, &way, 5, 0);
	assert_false(again.on);
	go(&again, &way, 2, 12);
	assert_true(again.on);
	go(&again, &way, 5, 3); // fewer than it begins with
	assert_true(again.on);
	go(&again, &way, 2, 0); // they come in bursts
	assert_true(again.on);
	go(&again, &way, 10, 0);
	assert_false(again.on);
	go(&again, &way, 5, 3);
	assert_false(again.on);
}

static void a_short_way_or_one_without_room(void **state) {
	struct again again;
	struct way way = bad();
	again_init(&again);
	way.path.least_ns = 20 * MS;
	go(&again, &way, 5, 12);
	assert_false(again.on);
	way = bad();
	way.carries = 1500000; // 0.6 of it for one of the two
	go(&again, &way, 5, 12);
	assert_false(again.on);
	assert_int_equal(again_share(7000000), 2800000);
}

/* Of frames of n packets n times the loss lack one: they are to be fewer where more are lost. */
static void frames_are_short_where_much_is_lost(void **state) {
	struct again again;
	struct way way = bad();
	again_init(&again);
	go(&again, &way, 4, 12); // 3 of 100
	assert_true(again.on);
	uint32_t bits = again_short(&again, 60000);
	assert_in_range(bits / 60 / 8, 2 * 1300, 3 * 1300);
	assert_int_equal(again_short(&again, 30000), bits / 2);
	go(&again, &way, 8, 4); // 1 of 100
	assert_in_range(again_short(&again, 60000) / 60 / 8, 6 * 1300, 10 * 1300);
	again_init(&again);
	assert_true(again_short(&again, 60000) > 0); // nothing is lost: no matter
}

/* The room may be somewhat less than it began with: what a connection is said to carry goes up and down. */
static void room_that_varies(void **state) {
	struct again again;
	struct way way = bad();
	again_init(&again);
	go(&again, &way, 4, 12);
	way.carries = 1500000; // too little to begin
	go(&again, &way, 4, 12);
	assert_true(again.on);
	way.carries = 1200000;
	go(&again, &way, 4, 12);
	assert_false(again.on);
}

/* Counts begin anew with each connection, and after a rest. */
static void other_connections(void **state) {
	struct again again;
	struct way way = bad();
	again_init(&again);
	go(&again, &way, 3, 12);
	assert_true(again.on);
	way.path.sent = way.path.lost = 0;
	go(&again, &way, 1, 0);
	assert_true(again.on);
	go(&again, &way, 12, 0);
	assert_false(again.on);
	way.now += 60000 * MS;
	way.path.lost += 1000; // of somebody else, while this window was at rest
	go(&again, &way, 1, 0);
	assert_false(again.on);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_on_a_long_way),
		cmocka_unit_test(a_short_way_or_one_without_room),
		cmocka_unit_test(frames_are_short_where_much_is_lost),
		cmocka_unit_test(room_that_varies),
		cmocka_unit_test(other_connections),
	};
	return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
