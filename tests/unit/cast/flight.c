/* SPDX-License-Identifier: MIT */
/* flight.c - the capture rule: limits, acks, stalls, keyframes. */
#include "boxcast/flight.h"

#include "unit/cast/check.h"

/* A frame asked for, captured and sent at `at`. */
static void send(struct flight *flight, uint32_t sequence, bool key, int64_t at) {
	assert_true(flight_may_ask(flight));
	flight_asked(flight);
	flight_captured(flight);
	flight_sent(flight, sequence, key, at);
}

static int64_t ack(struct flight *flight, uint32_t sequence, int64_t at, uint32_t decoding_us) {
	const struct ack said = {.sequence = sequence, .decoding_us = decoding_us};
	int64_t latency;
	flight_acked(flight, &said, at, &latency);
	return latency;
}

static void two_frames_without_rtt(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	assert_int_equal(flight_limit(&flight), 2);
	send(&flight, 1, true, 10 * MS);
	send(&flight, 2, false, 20 * MS);
	assert_int_equal(flight_in_flight(&flight), 2);
	assert_false(flight_may_ask(&flight));
	assert_int_equal(ack(&flight, 1, 21 * MS, 0), 11 * MS);
	assert_true(flight_may_ask(&flight));
}

static void the_frame_asked_for_counts(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	send(&flight, 1, true, 10 * MS);
	flight_asked(&flight);
	assert_int_equal(flight_in_flight(&flight), 2);
	assert_false(flight_may_ask(&flight));
	flight_captured(&flight);
	assert_int_equal(flight_in_flight(&flight), 2);
	assert_false(flight_may_ask(&flight)); // one is at the encoder
	flight_dropped(&flight, 1);
	assert_true(flight_may_ask(&flight));
}

static void limit_follows_rtt(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	send(&flight, 1, true, 0 + 1);
	// 40 ms, 10 of them in the decoder: 30 ms are 1.8 frames
	ack(&flight, 1, 40 * MS + 1, 10000);
	assert_int_equal(flight.rtt_ns, 30 * MS);
	assert_int_equal(flight_limit(&flight), 3);
	// exactly 2 frames at 100 Hz is no more than 2
	flight_init(&flight, 100000);
	send(&flight, 1, true, 1);
	ack(&flight, 1, 20 * MS + 1, 0);
	assert_int_equal(flight_limit(&flight), 3);
	// a bound whatever happens
	flight_init(&flight, 1000000);
	send(&flight, 1, true, 1);
	ack(&flight, 1, 10000 * MS, 0);
	assert_int_equal(flight_limit(&flight), FLIGHT_MAX);
}

static void rtt_is_the_least_of_two_windows(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	int64_t now = 1000 * MS;
	send(&flight, 1, true, now);
	ack(&flight, 1, now + 5 * MS, 0);
	send(&flight, 2, false, now + 16 * MS);
	ack(&flight, 2, now + 56 * MS, 0); // one that was held up
	assert_int_equal(flight.rtt_ns, 5 * MS);
	// the way became longer: believed when the old samples are two windows old
	uint32_t sequence = 3;
	for (now = 2000 * MS; now < 8000 * MS; now += 100 * MS) {
		send(&flight, sequence, false, now);
		ack(&flight, sequence++, now + 40 * MS, 0);
	}
	assert_int_equal(flight.rtt_ns, 40 * MS);
}

static void an_ack_covers_those_before_it(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	send(&flight, 1, true, 1 * MS);
	send(&flight, 2, false, 2 * MS);
	assert_int_equal(ack(&flight, 2, 9 * MS, 0), 7 * MS);
	assert_int_equal(flight_in_flight(&flight), 0);
	assert_int_equal(ack(&flight, 2, 12 * MS, 0), -1); // presented: measures nothing
	assert_int_equal(ack(&flight, 1, 12 * MS, 0), 11 * MS); // late; harmless
	assert_int_equal(ack(&flight, 77, 12 * MS, 0), -1); // never sent
	assert_int_equal(flight_in_flight(&flight), 0);
}

static void silence_gives_all_up_for_one_keyframe(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	send(&flight, 1, true, 100 * MS);
	send(&flight, 2, false, 116 * MS);
	// a second is as good as any round trip, until one is known
	assert_int_equal(flight_deadline(&flight), 1350 * MS);
	ack(&flight, 1, 200 * MS, 0);
	send(&flight, 3, false, 210 * MS);
	assert_int_equal(flight_deadline(&flight), 116 * MS + FLIGHT_PATIENCE_NS + 100 * MS);
	int64_t now = flight_deadline(&flight);
	assert_false(flight_check(&flight, now - 1));
	assert_true(flight_check(&flight, now));
	assert_int_equal(flight.stalls, 1);
	assert_int_equal(flight_in_flight(&flight), 0);
	assert_int_equal(flight_deadline(&flight), 0);
	// the keyframe, and nothing else before its ack
	assert_true(flight_may_ask(&flight));
	flight_asked(&flight);
	assert_true(flight_captured(&flight));
	assert_false(flight_may_ask(&flight));
	flight_sent(&flight, 4, true, now + 10 * MS);
	assert_false(flight_may_ask(&flight));
	assert_false(flight_check(&flight, 9000 * MS)); // no keyframe upon a keyframe
	// acks of what was given up end nothing, but tell how long the way is
	ack(&flight, 3, 9010 * MS, 0);
	assert_int_equal(flight.rtt_ns, 8800 * MS);
	assert_false(flight_may_ask(&flight));
	ack(&flight, 4, now + 10 * MS + 600 * MS, 0);
	assert_true(flight_may_ask(&flight));
	assert_int_equal(flight_limit(&flight), 37);
}

static void a_stall_with_frames_on_the_way_to_the_encoder(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	send(&flight, 1, true, 100 * MS);
	flight_asked(&flight); // said, the window is at rest
	assert_true(flight_check(&flight, 100 * MS + FLIGHT_PATIENCE_NS + FLIGHT_UNKNOWN_NS));
	assert_true(flight.key_wanted);
	assert_false(flight_may_ask(&flight)); // its frame becomes the keyframe
	assert_true(flight_captured(&flight));
	flight_sent(&flight, 2, true, 1410 * MS);
	ack(&flight, 2, 1420 * MS, 0);
	assert_true(flight_may_ask(&flight));
}

static void one_request_is_one_keyframe(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	send(&flight, 1, true, 100 * MS);
	ack(&flight, 1, 130 * MS, 0); // rtt 30 ms
	assert_false(flight.key_wanted);
	flight_want_key(&flight, 140 * MS);
	flight_want_key(&flight, 140 * MS);
	assert_true(flight.key_wanted);
	flight_asked(&flight);
	assert_true(flight_captured(&flight));
	flight_want_key(&flight, 141 * MS); // it is at the encoder
	assert_false(flight.key_wanted);
	flight_sent(&flight, 2, true, 145 * MS);
	flight_want_key(&flight, 160 * MS); // said before it can have arrived
	assert_false(flight.key_wanted);
	flight_want_key(&flight, 180 * MS); // that very one was of no use
	assert_true(flight.key_wanted);
}

static void a_lost_keyframe_is_wanted_again(void **state) {
	struct flight flight;
	flight_init(&flight, 60000);
	assert_true(flight.key_wanted); // nobody has anything
	flight_asked(&flight);
	assert_true(flight_captured(&flight));
	flight_dropped(&flight, 1);
	assert_true(flight.key_wanted);
	assert_true(flight_may_ask(&flight));
}

static void many_frames_do_not_overflow(void **state) {
	struct flight flight;
	flight_init(&flight, 240000);
	send(&flight, 1, true, 1);
	ack(&flight, 1, 2000 * MS, 0);
	uint32_t sequence = 2;
	while (flight_may_ask(&flight)) {
		send(&flight, sequence++, false, 2000 * MS);
		assert_true(sequence < 1000);
	}
	assert_int_equal(flight_in_flight(&flight), FLIGHT_MAX);
	// and across the end of the numbers
	flight_init(&flight, 60000);
	send(&flight, UINT32_MAX, true, 1 * MS);
	send(&flight, 0, false, 2 * MS);
	assert_int_equal(ack(&flight, 0, 3 * MS, 0), 1 * MS);
	assert_int_equal(flight_in_flight(&flight), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_frames_without_rtt),
		cmocka_unit_test(the_frame_asked_for_counts),
		cmocka_unit_test(limit_follows_rtt),
		cmocka_unit_test(rtt_is_the_least_of_two_windows),
		cmocka_unit_test(an_ack_covers_those_before_it),
		cmocka_unit_test(silence_gives_all_up_for_one_keyframe),
		cmocka_unit_test(a_stall_with_frames_on_the_way_to_the_encoder),
		cmocka_unit_test(one_request_is_one_keyframe),
		cmocka_unit_test(a_lost_keyframe_is_wanted_again),
		cmocka_unit_test(many_frames_do_not_overflow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
