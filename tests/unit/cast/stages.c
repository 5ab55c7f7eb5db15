/* SPDX-License-Identifier: MIT */
/* stages.c - a simulated way between two clocks: each stage is found, and they sum to the whole. */
#include "boxcast/stages.h"

#include <stdlib.h>

#include "unit/cast/check.h"

#define US 1000
#define AHEAD (INT64_C(86400) * 1000 * MS) // the viewer's clock before ours

/* What a frame spends where, ns. */
struct trip {
	int64_t commit, capture, encode, send, there, wait, decode, draw, show, back;
};

static const struct trip usual = {
	.commit = 2 * MS, .capture = 100 * US, .encode = 6 * MS, .send = 50 * US, .there = 10 * MS,
	.wait = 300 * US, .decode = 3 * MS, .draw = 1 * MS, .show = 7 * MS, .back = 10 * MS,
};

static int64_t whole(const struct trip *trip) {
	return trip->commit + trip->capture + trip->encode + trip->send + trip->there + trip->wait +
		trip->decode + trip->draw + trip->show;
}

/* One frame that was committed at `at`, and both its acks. */
static void travel(struct stages *stages, uint32_t sequence, int64_t at, const struct trip *trip) {
	int64_t captured = at + trip->commit, came = captured + trip->capture;
	int64_t coded = came + trip->encode, sent = coded + trip->send;
	int64_t decoded = sent + trip->there + trip->wait + trip->decode;
	int64_t shown = decoded + trip->draw + trip->show;
	stages_captured(stages, (uint64_t)captured, at);
	stages_sent(stages, sequence, (uint64_t)captured, came, coded, sent);
	struct ack ack = {
		.sequence = sequence,
		.capture_ns = (uint64_t)captured,
		.waited_us = (uint32_t)(trip->wait / US),
		.decoding_us = (uint32_t)(trip->decode / US),
		.at_ns = (uint64_t)(decoded + AHEAD),
	};
	stages_acked(stages, &ack, decoded + trip->back);
	ack.at_ns = (uint64_t)(decoded + trip->draw + AHEAD);
	ack.presented_ns = (uint64_t)(shown + AHEAD);
	stages_acked(stages, &ack, shown + 3 * trip->back); // it may be held for company
}

static int64_t frame_at(uint32_t i) {
	return 1000 * MS + (int64_t)i * 16 * MS;
}

static void each_stage_is_found(void **state) {
	struct stages stages;
	struct stages_told told[STAGES + 1];
	stages_init(&stages);
	for (uint32_t i = 1; i <= 60; i++) {
		travel(&stages, i, frame_at(i), &usual);
	}
	assert_int_equal(stages_tell(&stages, frame_at(64), told), 60);
	const int64_t asked[STAGES + 1] = {usual.commit, usual.capture, usual.encode, usual.send,
		usual.there, usual.wait, usual.decode, usual.draw, usual.show, whole(&usual)};
	for (int i = 0; i <= STAGES; i++) {
		assert_int_equal(told[i].median, asked[i] / US);
		assert_int_equal(told[i].high, asked[i] / US);
	}
}

static void the_stages_sum_to_the_whole(void **state) {
	struct stages stages;
	struct stages_told told[STAGES + 1];
	stages_init(&stages);
	int64_t sum = 0;
	srandom(7);
	for (uint32_t i = 1; i <= 100; i++) {
		struct trip trip = usual;
		trip.there += random() % 40 * MS; // jitter, one way and the other
		trip.back += random() % 40 * MS;
		trip.encode += random() % 5 * MS;
		trip.show += random() % 16 * MS;
		if (i == 1) {
			trip.there = usual.there;
			trip.back = usual.back;
		}
		sum += whole(&trip);
		travel(&stages, i, frame_at(i), &trip);
	}
	assert_int_equal(stages_tell(&stages, frame_at(101), told), 100);
	int64_t means = 0;
	for (int i = 0; i < STAGES; i++) {
		means += told[i].mean;
	}
	assert_true(llabs(means - told[STAGES].mean) <= STAGES); // each is rounded down
	assert_true(llabs(told[STAGES].mean - sum / 100 / US) < 100);
}

/* A frame is long under way on a narrow line, an ack is not. */
static void a_narrow_line_is_no_long_one(void **state) {
	struct stages stages;
	struct stages_told told[STAGES + 1];
	struct trip trip = usual;
	trip.there += 30 * MS;
	stages_init(&stages);
	stages_network(&stages, usual.there + usual.back);
	for (uint32_t i = 1; i <= 20; i++) {
		travel(&stages, i, frame_at(i), &trip);
	}
	stages_tell(&stages, frame_at(21), told);
	assert_int_equal(told[STAGE_WAY].median, trip.there / US);
	assert_int_equal(told[STAGES].median, whole(&trip) / US);
}

static void what_nobody_drew_does_not_count(void **state) {
	struct stages stages;
	struct stages_told told[STAGES + 1];
	stages_init(&stages);
	travel(&stages, 1, 0, &usual); // a capture without a commit
	assert_int_equal(stages_tell(&stages, 100 * MS, told), 0);
	assert_int_equal(told[STAGES].median, 0);
	travel(&stages, 2, frame_at(2), &usual);
	assert_int_equal(stages_tell(&stages, frame_at(4), told), 1);
	// and what is long past
	assert_int_equal(stages_tell(&stages, frame_at(8) + STAGES_KEPT_NS, told), 0);
}

static void a_viewer_that_lies_harms_nobody(void **state) {
	struct stages stages;
	struct stages_told told[STAGES + 1];
	stages_init(&stages);
	struct ack ack = {.sequence = 9, .waited_us = UINT32_MAX, .decoding_us = UINT32_MAX};
	stages_acked(&stages, &ack, MS); // never sent
	for (uint32_t i = 1; i <= 3 * STAGES_SAMPLES; i++) {
		int64_t at = frame_at(i);
		stages_captured(&stages, (uint64_t)at, at - MS);
		stages_sent(&stages, i, (uint64_t)at, at, at, at);
		ack = (struct ack){.sequence = i, .waited_us = UINT32_MAX, .decoding_us = UINT32_MAX,
			.presented_ns = UINT64_MAX, .at_ns = i % 2 ? UINT64_MAX : 1};
		stages_acked(&stages, &ack, at + MS); // shown before it was decoded
		ack.presented_ns = 0;
		stages_acked(&stages, &ack, at + MS);
		ack.presented_ns = 1;
		stages_acked(&stages, &ack, at + MS);
		stages_acked(&stages, &ack, at + MS); // once more
	}
	size_t count = stages_tell(&stages, frame_at(3 * STAGES_SAMPLES), told);
	assert_true(count > 0 && count <= STAGES_SAMPLES);
	assert_true(told[STAGE_DECODE].median <= 60000000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stage_is_found),
		cmocka_unit_test(the_stages_sum_to_the_whole),
		cmocka_unit_test(a_narrow_line_is_no_long_one),
		cmocka_unit_test(what_nobody_drew_does_not_count),
		cmocka_unit_test(a_viewer_that_lies_harms_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
