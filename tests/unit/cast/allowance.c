/* SPDX-License-Identifier: MIT */
/*
 * allowance.c - promises of boxcast/allowance.h.
 */
#include "boxcast/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define BEGIN (1000 * SECOND)

static void test_burst(void **state) {
	struct allowance allowance;
	allowance_init(&allowance);
	assert_true(allowance_free_at(&allowance) <= BEGIN);
	allowance_take(&allowance, ALLOWANCE_BURST, BEGIN);
	assert_true(allowance_free_at(&allowance) <= BEGIN);
	allowance_take(&allowance, 1, BEGIN);
	int64_t free_at = allowance_free_at(&allowance);
	assert_true(free_at > BEGIN && free_at <= BEGIN + SECOND / ALLOWANCE_RATE);
}

/* A mouse of 8 kHz never waits; what comes twice as fast as is allowed gets through at the rate. */
static void test_rate(void **state) {
	struct allowance allowance;
	allowance_init(&allowance);
	int64_t now = BEGIN;
	for (int i = 0; i < 8000 * 20; i++, now += SECOND / 8000) {
		allowance_take(&allowance, 1, now);
		assert_true(allowance_free_at(&allowance) <= now);
	}
	now += 10 * SECOND;
	int64_t begin = now;
	for (int i = 0; i < ALLOWANCE_RATE * 20; i++) {
		int64_t free_at = allowance_free_at(&allowance);
		now = (free_at > now ? free_at : now) + SECOND / ALLOWANCE_RATE / 2;
		allowance_take(&allowance, 1, now);
	}
	assert_true(now - begin > 19 * SECOND && now - begin < 21 * SECOND);
}

/* A frame is taken whole, however much is in it, and then paid for. */
static void test_debt(void **state) {
	struct allowance allowance;
	allowance_init(&allowance);
	allowance_take(&allowance, ALLOWANCE_BURST + 3 * ALLOWANCE_RATE, BEGIN);
	assert_true(allowance_free_at(&allowance) == BEGIN + 3 * SECOND);
	allowance_init(&allowance);
	allowance_take(&allowance, UINT32_MAX, BEGIN);
	assert_true(allowance_free_at(&allowance) > BEGIN);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_debt),
	};
	return cmocka_run_group_tests_name("allowance", tests, NULL, NULL);
}
