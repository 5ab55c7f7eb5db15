/* SPDX-License-Identifier: MIT */
/* test_train.c - frames over a simulated line: what it carries is seen, whatever else delays them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "quic/quic_private.h"
#include "quic/train.h"

#define PACKET 1400

/* So many packets over a line of rate bytes a second; one is lost and comes again after 30 ms, or none. */
static void send_frame(struct trains *trains, double rate, int packets, int lost) {
	struct train train = {0};
	double now = SECOND;
	for (int i = 1; i <= packets; i++) {
		now += PACKET / rate * SECOND;
		if (lost == 0 || i < lost) {
			train_acked(&train, (uint64_t)i * PACKET, (uint64_t)now);
		}
	}
	if (lost > 0) {
		train_acked(&train, (uint64_t)packets * PACKET, (uint64_t)now + 30 * MS);
	}
	trains_add(trains, &train);
}

static void test_few_tell_nothing(void **state) {
	struct trains trains = {0};
	for (int i = 0; i < 15; i++) {
		send_frame(&trains, 2500000, 8, 0);
		send_frame(&trains, 2500000, 2, 0); // not more than a packet behind the first
	}
	assert_true(trains_rate(&trains) == 0);
	send_frame(&trains, 2500000, 8, 0);
	assert_in_range((uint64_t)(trains_rate(&trains) * SECOND), 2499000, 2501000);
}

static void test_losses(void **state) {
	struct trains trains = {0};
	for (int i = 0; i < 60; i++) {
		send_frame(&trains, 2500000, 8, i % 3 ? 0 : 1 + i % 8);
	}
	assert_in_range((uint64_t)(trains_rate(&trains) * SECOND), 2499000, 2501000);
}

static void test_another_line(void **state) {
	struct trains trains = {0};
	for (int i = 0; i < 100; i++) {
		send_frame(&trains, 2500000, 8, 0);
	}
	for (int i = 0; i < TRAINS; i++) {
		send_frame(&trains, 1000000, 8, 0);
	}
	assert_in_range((uint64_t)(trains_rate(&trains) * SECOND), 999000, 1001000);
}

/* What one packet acknowledges at once is no rate. */
static void test_acknowledged_at_once(void **state) {
	struct trains trains = {0};
	for (int i = 0; i < 40; i++) {
		struct train train = {0};
		for (uint64_t j = 1; j <= 8; j++) {
			train_acked(&train, j * PACKET, SECOND + j * 1000);
		}
		trains_add(&trains, &train);
		trains_add(&trains, &(struct train){0}); // never acknowledged
	}
	assert_true(trains_rate(&trains) == 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_tell_nothing),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_another_line),
		cmocka_unit_test(test_acknowledged_at_once),
	};
	return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}
