/* SPDX-License-Identifier: MIT */
/*
 * buf.c - promises of base/buf.h.
 */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_queue(void **state) {
	struct buf buf;
	buf_init(&buf);
	assert_null(buf_front(&buf));
	assert_true(buf_append(&buf, NULL, 0));
	assert_int_equal(buf.size, 0);
	assert_true(buf_append(&buf, "abc", 3));
	assert_true(buf_append(&buf, "defg", 4));
	assert_int_equal(buf.size, 7);
	assert_memory_equal(buf_front(&buf), "abcdefg", 7);
	buf_drop(&buf, 2);
	assert_int_equal(buf.size, 5);
	assert_memory_equal(buf_front(&buf), "cdefg", 5);
	assert_true(buf_printf(&buf, "%d-%s", 42, "x"));
	assert_int_equal(buf.size, 9);
	assert_memory_equal(buf_front(&buf), "cdefg42-x", 9);
	buf_drop(&buf, 9);
	assert_int_equal(buf.size, 0);
	buf_finish(&buf);
}

// Against a model: bytes come out as they went in, whatever the pieces.
static void test_order(void **state) {
	struct buf buf;
	uint8_t in = 0, out = 0, piece[997];
	unsigned int seed = 12345;
	buf_init(&buf);
	for (int i = 0; i < 4000; i++) {
		seed = seed * 1103515245 + 12345;
		size_t size = (seed >> 16) % sizeof(piece);
		for (size_t j = 0; j < size; j++) {
			piece[j] = in++;
		}
		assert_true(buf_append(&buf, piece, size));
		seed = seed * 1103515245 + 12345;
		size_t drop = (seed >> 16) % (sizeof(piece) + 40);
		drop = drop < buf.size ? drop : buf.size;
		for (size_t j = 0; j < drop; j++) {
			assert_int_equal(buf_front(&buf)[j], out++);
		}
		buf_drop(&buf, drop);
	}
	buf_finish(&buf);
}

static void test_bounded_when_followed(void **state) {
	struct buf buf;
	uint8_t piece[100] = {0};
	buf_init(&buf);
	for (int i = 0; i < 100000; i++) {
		assert_true(buf_append(&buf, piece, sizeof(piece)));
		if (i > 10) {
			buf_drop(&buf, sizeof(piece)); // never empty
		}
	}
	assert_true(buf.capacity < 64 * 1024);
	buf_finish(&buf);
}

static void test_memory_is_given_back(void **state) {
	struct buf buf;
	buf_init(&buf);
	assert_non_null(buf_room(&buf, 1 << 21));
	memset(buf_room(&buf, 1 << 21), 1, 1 << 21);
	buf_grew(&buf, 1 << 21);
	buf_drop(&buf, (1 << 21) - 1);
	assert_int_equal(buf_front(&buf)[0], 1);
	assert_true(buf.capacity >= 1 << 21);
	buf_drop(&buf, 1);
	assert_int_equal(buf.capacity, 0);
	assert_true(buf_append(&buf, "x", 1));
	buf_drop(&buf, 1);
	assert_true(buf.capacity > 0); // small: kept
	buf_finish(&buf);
}

static void test_impossible_size(void **state) {
	struct buf buf;
	buf_init(&buf);
	assert_true(buf_append(&buf, "abc", 3));
	assert_null(buf_room(&buf, SIZE_MAX - 1));
	assert_null(buf_room(&buf, SIZE_MAX / 2));
	assert_int_equal(buf.size, 3);
	assert_memory_equal(buf_front(&buf), "abc", 3);
	buf_finish(&buf);
}

static void test_numbers(void **state) {
	uint8_t bytes[8];
	put_u16(bytes, 0x1234);
	assert_memory_equal(bytes, "\x12\x34", 2);
	assert_int_equal(get_u16(bytes), 0x1234);
	put_u32(bytes, 0xfedcba98);
	assert_memory_equal(bytes, "\xfe\xdc\xba\x98", 4);
	assert_int_equal(get_u32(bytes), 0xfedcba98);
	put_u64(bytes, 0x8001020304050607);
	assert_memory_equal(bytes, "\x80\x01\x02\x03\x04\x05\x06\x07", 8);
	assert_int_equal(get_u64(bytes), 0x8001020304050607);
}

static void test_bytes(void **state) {
	static const uint8_t given[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'x'};
	struct bytes bytes;
	bytes_init(&bytes, given, sizeof(given));
	assert_int_equal(bytes_u8(&bytes), 1);
	assert_int_equal(bytes_u16(&bytes), 0x0203);
	assert_int_equal(bytes_u32(&bytes), 0x04050607);
	assert_int_equal(bytes_u64(&bytes), 0x08090a0b0c0d0e0f);
	assert_false(bytes_done(&bytes)); // a byte trails
	assert_int_equal(*bytes_take(&bytes, 1), 'x');
	assert_true(bytes_done(&bytes));
	assert_non_null(bytes_take(&bytes, 0));
	assert_true(bytes_done(&bytes));
}

static void test_bytes_stay_bad(void **state) {
	static const uint8_t given[] = {1, 2, 3};
	struct bytes bytes;
	bytes_init(&bytes, given, sizeof(given));
	assert_int_equal(bytes_u32(&bytes), 0);
	assert_true(bytes.bad);
	assert_int_equal(bytes_u8(&bytes), 0); // though there is one
	assert_null(bytes_take(&bytes, 1));
	assert_null(bytes_take(&bytes, SIZE_MAX));
	assert_false(bytes_done(&bytes));
	bytes_init(&bytes, NULL, 0);
	assert_true(bytes_done(&bytes));
	assert_int_equal(bytes_u8(&bytes), 0);
	assert_false(bytes_done(&bytes));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bounded_when_followed),
		cmocka_unit_test(test_memory_is_given_back),
		cmocka_unit_test(test_impossible_size),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bytes_stay_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
