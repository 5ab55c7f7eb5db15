/* SPDX-License-Identifier: MIT */
/*
 * phase.c - a simulated window, way and screen: the clock is found, kept, and not hunted for.
 *
 * Real enough to fail: pictures are captured at the clock's ticks and come after a way with jitter; the
 * screen takes the newest at each of its refreshes, and its feedback takes the way back.
 */
#include "boxcast/phase.h"

#include <stdlib.h>

#include "unit/cast/check.h"

#define UNDER_WAY 64
#define AHEAD 5000000000123 // ns, the viewer's clock

struct scene {
	struct phase phase;
	// the screen
	int64_t refresh_ns, told_ns; // as it is, as it says
	// the way
	int64_t way_ns, jitter_ns, back_ns;
	// the window's clock, and how it was set
	int64_t tick_ns, period_ns, now;
	int64_t next_refresh;
	struct {
		int64_t captured, ready;
	} pictures[UNDER_WAY]; // a ring
	uint32_t drawn, taken;
	struct {
		int64_t at, captured, ready, presented; // presented 0: it was decoded
	} told[UNDER_WAY]; // feedback that is on its way
	uint32_t said, heard;
	uint32_t random;
	// counted
	int shown, lost, sets;
	int64_t moved; // ns by which the clock was set off its course, without sign
	int64_t age;
};

static int64_t jitter(struct scene *scene) {
	scene->random = scene->random * 1664525 + 1013904223; // Numerical Recipes
	return scene->jitter_ns * (int64_t)(scene->random >> 16) / 65535;
}

static struct scene scene_create(int64_t refresh_ns, int64_t way_ns) {
	struct scene scene = {
		.refresh_ns = refresh_ns,
		.told_ns = refresh_ns,
		.way_ns = way_ns,
		.jitter_ns = 2 * MS,
		.back_ns = 1 * MS,
		.tick_ns = 1000 * MS,
		.period_ns = 16666667, // the screen's where it is drawn
		.now = 1000 * MS,
		.next_refresh = 1000 * MS,
		.random = 1,
	};
	phase_init(&scene.phase);
	return scene;
}

static void draw(struct scene *scene) {
	scene->pictures[scene->drawn % UNDER_WAY].captured = scene->now;
	scene->pictures[scene->drawn % UNDER_WAY].ready = scene->now + scene->way_ns + jitter(scene);
	scene->drawn++;
	phase_captured(&scene->phase, (uint64_t)scene->now, 1);
	scene->tick_ns += scene->period_ns;
}

static void tell(struct scene *scene, uint32_t picture, int64_t presented) {
	uint32_t at = scene->said++ % UNDER_WAY;
	picture %= UNDER_WAY;
	scene->told[at].at = scene->now + scene->back_ns;
	scene->told[at].captured = scene->pictures[picture].captured;
	scene->told[at].ready = scene->pictures[picture].ready;
	scene->told[at].presented = presented;
}

/* All that came are decoded in turn; the newest is shown, and those before it never are. */
static void refresh(struct scene *scene) {
	uint32_t newest = scene->taken;
	while (newest < scene->drawn && scene->pictures[newest % UNDER_WAY].ready <= scene->now) {
		tell(scene, newest, 0);
		newest++;
	}
	if (newest > scene->taken) {
		uint32_t picture = (newest - 1) % UNDER_WAY;
		tell(scene, picture, scene->now);
		scene->lost += (int)(newest - scene->taken) - 1;
		scene->shown++;
		scene->age += scene->now - scene->pictures[picture].captured;
		scene->taken = newest;
	}
	scene->next_refresh += scene->refresh_ns;
}

static void hear(struct scene *scene) {
	uint32_t at = scene->heard++ % UNDER_WAY;
	struct phase *phase = &scene->phase;
	bool other = phase_set_refresh(phase, scene->told_ns, scene->now);
	uint64_t captured = (uint64_t)scene->told[at].captured, ready = (uint64_t)scene->told[at].ready;
	bool set = false;
	if (scene->told[at].presented != 0) {
		phase_shown(phase, captured, AHEAD + ready, AHEAD + (uint64_t)scene->told[at].presented);
	} else {
		set = phase_decoded(phase, captured, AHEAD + ready, scene->now);
	}
	if (!set && !other) {
		return;
	}
	int64_t off = (phase->tick_ns - scene->tick_ns) % phase->period_ns;
	off = off > phase->period_ns / 2 ? off - phase->period_ns : off;
	off = off < -phase->period_ns / 2 ? off + phase->period_ns : off;
	scene->moved += llabs(off);
	scene->sets++;
	scene->period_ns = phase->period_ns;
	scene->tick_ns += off;
	if (scene->tick_ns < scene->now) {
		scene->tick_ns += scene->period_ns;
	}
}

static void play(struct scene *scene, int64_t ns) {
	scene->shown = scene->lost = scene->sets = 0;
	scene->moved = scene->age = 0;
	for (int64_t end = scene->now + ns;;) {
		int64_t heard = scene->heard < scene->said ?
			scene->told[scene->heard % UNDER_WAY].at : INT64_MAX;
		int64_t next = scene->tick_ns < scene->next_refresh ? scene->tick_ns : scene->next_refresh;
		scene->now = heard < next ? heard : next;
		if (scene->now >= end) {
			return;
		}
		if (heard <= next) {
			hear(scene);
		} else if (next == scene->tick_ns) {
			draw(scene);
		} else {
			refresh(scene);
		}
	}
}

static int refreshes(const struct scene *scene, int64_t ns) {
	return (int)(ns / scene->refresh_ns);
}

/* Nearly each refresh has a picture of its own, no older than the way, its jitter and the margin. */
static void assert_locked(struct scene *scene, int64_t ns) {
	play(scene, ns);
	assert_in_range(scene->shown, refreshes(scene, ns) * 98 / 100, refreshes(scene, ns) + 1);
	assert_in_range(scene->age / scene->shown, scene->way_ns,
		scene->way_ns + scene->jitter_ns * 5 / 2 + PHASE_MARGIN_NS + MS);
	// and the clock runs evenly: of each second less than half a millisecond is taken, or added
	assert_in_range(scene->moved, 0, ns / 2000);
}

static void any_phase_is_found(void **state) {
	for (int way = 4; way < 21; way++) {
		struct scene scene = scene_create(16666667, way * MS);
		play(&scene, 3000 * MS);
		assert_locked(&scene, 5000 * MS);
	}
}

static void a_far_viewer_is_followed(void **state) {
	struct scene scene = scene_create(16666667, 60 * MS);
	scene.back_ns = 50 * MS;
	play(&scene, 5000 * MS);
	assert_locked(&scene, 5000 * MS);
}

static void the_rate_is_the_screens(void **state) {
	static const int64_t periods[] = {33333333, 16683350 /* 59.94 Hz */, 13333333, 6944444};
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct scene scene = scene_create(periods[i], 10 * MS);
		scene.jitter_ns = MS;
		play(&scene, 3000 * MS);
		assert_locked(&scene, 20000 * MS);
	}
}

static void a_screen_that_runs_otherwise_than_it_says(void **state) {
	static const int64_t periods[] = {16200000, 16500000, 16650000, 16800000, 17200000};
	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++) {
		struct scene scene = scene_create(periods[i], 10 * MS);
		scene.told_ns = 16666667;
		play(&scene, 5000 * MS);
		assert_locked(&scene, 20000 * MS);
		assert_in_range(scene.phase.period_ns, periods[i] - 20000, periods[i] + 20000);
	}
}

static void another_screen_is_another_clock(void **state) {
	struct scene scene = scene_create(16666667, 10 * MS);
	play(&scene, 3000 * MS);
	scene.refresh_ns = scene.told_ns = 13333333;
	play(&scene, 3000 * MS);
	assert_locked(&scene, 5000 * MS);
	assert_int_equal(phase_refresh_mhz(&scene.phase), 75000);
}

/* Pictures that come within three quarters of a period, as over a bad way: all can be in time. */
static void much_jitter_has_a_middle(void **state) {
	for (int way = 4; way < 21; way += 2) {
		struct scene scene = scene_create(16666667, way * MS);
		scene.jitter_ns = 12 * MS;
		play(&scene, 5000 * MS);
		play(&scene, 20000 * MS);
		// at any phase: the way, half of the jitter, half of a period
		int64_t at_random = scene.way_ns + scene.jitter_ns / 2 + scene.refresh_ns / 2;
		assert_in_range(scene.age / scene.shown, scene.way_ns, at_random);
		assert_in_range(scene.shown, 1200 * 95 / 100, 1201);
	}
}

static void no_phase_is_no_reason_to_move(void **state) {
	struct scene scene = scene_create(16666667, 10 * MS);
	scene.jitter_ns = 40 * MS;
	play(&scene, 10000 * MS);
	assert_in_range(scene.sets, 0, 3); // by accident
}

static void a_viewer_that_falls_silent(void **state) {
	struct scene scene = scene_create(16666667, 14 * MS);
	play(&scene, 3000 * MS);
	// nothing comes for a while; the window draws on
	for (int i = 0; i < 600; i++) {
		scene.now = scene.tick_ns;
		draw(&scene);
	}
	scene.taken = scene.drawn;
	while (scene.next_refresh < scene.now) {
		scene.next_refresh += scene.refresh_ns;
	}
	play(&scene, 2000 * MS);
	assert_locked(&scene, 5000 * MS);
}

static void a_window_of_its_own_rate_moves_nothing(void **state) {
	struct scene scene = scene_create(16666667, 10 * MS);
	play(&scene, 3000 * MS);
	struct phase *phase = &scene.phase;
	int64_t captured = scene.now;
	for (int i = 0; i < 350; i++) { // a film, a game of 35 Hz
		captured += 28571429;
		phase_captured(phase, (uint64_t)captured, 1);
		uint64_t decoded = (uint64_t)(captured + i % 16 * MS);
		assert_false(phase_decoded(phase, (uint64_t)captured, decoded, captured + 20 * MS));
		phase_shown(phase, (uint64_t)captured, decoded + MS, (uint64_t)captured + 20 * MS);
	}
}

static void strangers_say_anything(void **state) {
	struct phase phase;
	phase_init(&phase);
	assert_false(phase_decoded(&phase, 0, 0, MS));
	phase_shown(&phase, 0, 0, 0);
	assert_false(phase_set_refresh(&phase, 0, MS));
	assert_false(phase_set_refresh(&phase, PHASE_FASTEST_NS - 1, MS));
	assert_false(phase_set_refresh(&phase, PHASE_SLOWEST_NS + 1, MS));
	assert_int_equal(phase_refresh_mhz(&phase), 0);
	static const uint64_t says[] = {0, 1, (uint64_t)INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	int64_t now = 1000 * MS;
	for (int i = 0; i < 2000; i++) {
		now += 16666667;
		phase_captured(&phase, (uint64_t)now, 1);
		phase_set_refresh(&phase, i % 500 ? 16666667 : PHASE_SLOWEST_NS, now);
		uint64_t captured = i % 7 ? (uint64_t)now : UINT64_MAX;
		bool sane = i % 3;
		bool set = phase_decoded(&phase, captured, sane ? captured + 3 * MS : says[i % 5], now);
		phase_shown(&phase, captured, sane ? captured + 4 * MS : says[i % 4],
			sane ? captured + (uint64_t)(i % 16) * MS : says[i * 7 % 5]);
		if (set) {
			assert_in_range(phase.period_ns, PHASE_FASTEST_NS, PHASE_SLOWEST_NS * 21 / 20);
			assert_in_range(phase.tick_ns, now - 60 * MS, now + 120 * MS);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_phase_is_found),
		cmocka_unit_test(a_far_viewer_is_followed),
		cmocka_unit_test(the_rate_is_the_screens),
		cmocka_unit_test(a_screen_that_runs_otherwise_than_it_says),
		cmocka_unit_test(another_screen_is_another_clock),
		cmocka_unit_test(much_jitter_has_a_middle),
		cmocka_unit_test(no_phase_is_no_reason_to_move),
		cmocka_unit_test(a_viewer_that_falls_silent),
		cmocka_unit_test(a_window_of_its_own_rate_moves_nothing),
		cmocka_unit_test(strangers_say_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
