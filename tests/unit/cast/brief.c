/* SPDX-License-Identifier: MIT */
/* brief.c - simulated ways: what is told holds where frames agree with it. */
#include "boxcast/brief.h"

#include "unit/cast/check.h"

#define FRAME (MS * 1000 / 60)
#define ENOUGH 2875000
#define MBIT 1000000

struct way {
	uint64_t carries; // bits a second
	int64_t noise_ns; // at most so much later, for other reasons
	int lost;         // one frame in so many waits for a packet to be sent again; 0: none
	uint32_t sequence;
	uint32_t seed;
};

/* Of [0, below), the same each time. */
static uint32_t draw(struct way *way, uint32_t below) {
	way->seed = way->seed * 1664525 + 1013904223;
	return (way->seed >> 8) % below;
}

/* A game for so long, whose frames differ by a quarter. */
static void play(struct brief *brief, struct way *way, int64_t *now, int64_t ns) {
	for (int64_t end = *now + ns; *now < end; *now += FRAME) {
		size_t bytes = 12000 + draw(way, 6000);
		int64_t way_ns = 20 * MS + (int64_t)(bytes * 8 * 1000000000 / way->carries) +
			(way->noise_ns ? draw(way, (uint32_t)way->noise_ns) : 0);
		if (way->lost && draw(way, (uint32_t)way->lost) == 0) {
			way_ns += 25 * MS;
		}
		brief_sent(brief, ++way->sequence, bytes);
		brief_acked(brief, way->sequence, way_ns, *now);
	}
}

static void nothing_told_bounds_nothing(void **state) {
	struct brief brief;
	brief_init(&brief);
	struct way way = {.carries = 8 * MBIT};
	int64_t now = MS;
	play(&brief, &way, &now, 5000 * MS);
	assert_int_equal(brief_limit(&brief, 0, ENOUGH, now), 0);
	assert_int_equal(brief_limit(&brief, 8 * MBIT, 0, now), 0); // and no picture
}

static void a_fifth_is_used_and_never_too_little(void **state) {
	struct brief brief;
	brief_init(&brief);
	assert_int_equal(brief_limit(&brief, 20 * MBIT, ENOUGH, MS), 4 * MBIT);
	assert_int_equal(brief_limit(&brief, 8 * MBIT, ENOUGH, MS), ENOUGH);
	assert_int_equal(brief_limit(&brief, 0, ENOUGH, MS), ENOUGH); // the same way, after a rest
	assert_int_equal(brief_limit(&brief, UINT64_MAX / 16, ENOUGH, MS), UINT32_MAX);
}

static void small_changes_are_none(void **state) {
	struct brief brief;
	brief_init(&brief);
	assert_int_equal(brief_limit(&brief, 20 * MBIT, ENOUGH, MS), 4 * MBIT);
	for (uint64_t told = 18 * MBIT; told <= 22 * MBIT; told += MBIT) {
		assert_int_equal(brief_limit(&brief, told, ENOUGH, MS), 4 * MBIT);
	}
	assert_int_equal(brief_limit(&brief, 25 * MBIT, ENOUGH, MS), 5 * MBIT);
	assert_int_equal(brief_limit(&brief, 20 * MBIT, ENOUGH, MS), 4 * MBIT);
}

/* Frames wait for much else, and some for lost packets: then what was told is not doubted. */
static void noise_doubts_nothing(void **state) {
	struct brief brief;
	brief_init(&brief);
	struct way way = {.carries = 20 * MBIT, .noise_ns = 8 * MS, .lost = 7};
	int64_t now = MS;
	for (int i = 0; i < 200; i++) {
		play(&brief, &way, &now, 100 * MS);
		assert_in_range(brief_carries(&brief, 20 * MBIT, now), 14 * MBIT, 28 * MBIT);
	}
}

/* A congestion window that was never filled says too little; the frames show it. */
static void too_little_told_is_raised(void **state) {
	struct brief brief;
	brief_init(&brief);
	struct way way = {.carries = 80 * MBIT, .noise_ns = 3 * MS, .lost = 14};
	int64_t now = MS;
	assert_int_equal(brief_carries(&brief, 6 * MBIT, now), 6 * MBIT);
	play(&brief, &way, &now, 4000 * MS);
	assert_true(brief_carries(&brief, 6 * MBIT, now) > 24 * MBIT);
}

/* A way that became narrow, while boxd remembers what it was: within two seconds. */
static void too_much_told_is_lowered(void **state) {
	struct brief brief;
	brief_init(&brief);
	struct way way = {.carries = 8 * MBIT, .noise_ns = 3 * MS, .lost = 14};
	int64_t now = MS;
	play(&brief, &way, &now, 2000 * MS);
	assert_in_range(brief_carries(&brief, 20 * MBIT, now), 6 * MBIT, 13 * MBIT);
	// on a fast network frames wait for processors in turn
	assert_true(brief_carries(&brief, 1000 * MBIT, now) >= 250 * MBIT - 1);
}

static void what_was_seen_grows_old(void **state) {
	struct brief brief;
	brief_init(&brief);
	struct way way = {.carries = 8 * MBIT};
	int64_t now = MS;
	play(&brief, &way, &now, 4000 * MS);
	assert_in_range(brief_carries(&brief, 20 * MBIT, now), 7900000, 8100000);
	assert_int_equal(brief_carries(&brief, 20 * MBIT, now + 8000 * MS), 20 * MBIT);
}

/* Frames of one size tell nothing of it, nor acks of what was never sent. */
static void equal_frames_tell_nothing(void **state) {
	struct brief brief;
	brief_init(&brief);
	for (uint32_t i = 1; i < 500; i++) {
		brief_sent(&brief, i, 9000 + i % 2 * 1000);
		brief_acked(&brief, i, (20 + i % 7) * MS, i * FRAME);
		brief_acked(&brief, i, 900 * MS, i * FRAME); // again
		brief_acked(&brief, i + BRIEF_SENT, 900 * MS, i * FRAME);
	}
	assert_int_equal(brief_carries(&brief, 20 * MBIT, 500 * FRAME), 20 * MBIT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_told_bounds_nothing),
		cmocka_unit_test(a_fifth_is_used_and_never_too_little),
		cmocka_unit_test(small_changes_are_none),
		cmocka_unit_test(noise_doubts_nothing),
		cmocka_unit_test(too_little_told_is_raised),
		cmocka_unit_test(too_much_told_is_lowered),
		cmocka_unit_test(what_was_seen_grows_old),
		cmocka_unit_test(equal_frames_tell_nothing),
	};
	return cmocka_run_group_tests_name("brief", tests, NULL, NULL);
}
