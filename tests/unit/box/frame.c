/* SPDX-License-Identifier: MIT */
/*
 * frame.c - promises of box/frame.h.
 */
#include "box/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_header(void **state) {
	static const uint8_t bytes[FRAME_HEADER_SIZE] = {
		0, 0, 1, 2, 2, 1, 0, 3, 0, 0, 0, 9, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
	};
	const struct frame frame = {
		.kind = FRAME_VIDEO,
		.flags = FRAME_KEY,
		.sub = 3,
		.sequence = 9,
		.base = 8,
		.capture_ns = 0x0102030405060708,
		.size = 0x102,
	};
	uint8_t out[FRAME_HEADER_SIZE];
	frame_header_encode(&frame, out);
	assert_memory_equal(out, bytes, sizeof(bytes));
	struct frame in;
	assert_int_equal(frame_header_decode(&in, bytes, NULL), OP_OK);
	assert_int_equal(in.kind, FRAME_VIDEO);
	assert_int_equal(in.flags, FRAME_KEY);
	assert_int_equal(in.sub, 3);
	assert_int_equal(in.sequence, 9);
	assert_int_equal(in.base, 8);
	assert_int_equal(in.capture_ns, 0x0102030405060708);
	assert_int_equal(in.size, 0x102);
}

static enum op_code decode_with(enum op_kind kind, size_t size) {
	const struct frame frame = {.kind = kind, .size = size};
	uint8_t out[FRAME_HEADER_SIZE];
	struct frame in;
	struct op_refusal refusal = {0};
	frame_header_encode(&frame, out);
	enum op_code code = frame_header_decode(&in, out, &refusal);
	assert_int_equal(refusal.code, code);
	return code;
}

static void test_limits(void **state) {
	assert_int_equal(decode_with(FRAME_DATA, OP_MAX_FRAME), OP_OK);
	assert_int_equal(decode_with(FRAME_DATA, OP_MAX_FRAME + 1), OP_E2BIG);
	assert_int_equal(decode_with(FRAME_DATA, UINT32_MAX), OP_E2BIG);
	assert_int_equal(decode_with(FRAME_KINDS, 0), OP_EARG);
	assert_int_equal(decode_with((enum op_kind)255, 0), OP_EARG);
	assert_int_equal(decode_with(FRAME_END, 0), OP_OK);
	assert_int_equal(decode_with(FRAME_END, 1), OP_EARG);
}

static void test_lanes(void **state) {
	for (int kind = 0; kind < FRAME_KINDS; kind++) {
		assert_int_equal(frame_has_own_lane((enum op_kind)kind),
			kind == FRAME_VIDEO || kind == FRAME_TILES);
	}
}

static void test_input(void **state) {
	static const uint8_t bytes[INPUT_RECORD_SIZE] = {
		0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 30, 255, 255, 255, 255,
		0, 1, 0x80, 0, 255, 255, 0, 0,
	};
	const struct input_record record = {
		.time_ns = 256,
		.type = 1,
		.code = 30,
		.value = -1,
		.x = 0x18000,
		.y = -0x10000,
	};
	uint8_t out[2 * INPUT_RECORD_SIZE] = {0};
	struct input_record in;
	input_record_encode(&record, out + INPUT_RECORD_SIZE);
	assert_memory_equal(out + INPUT_RECORD_SIZE, bytes, sizeof(bytes));
	input_record_decode(&in, out, 1);
	assert_memory_equal(&in, &record, sizeof(in));
	assert_int_equal(input_record_count(0), 0);
	assert_int_equal(input_record_count(48), 2);
	assert_int_equal(input_record_count(47), -1);
	assert_int_equal(input_record_count(49), -1);
}

static void test_ack(void **state) {
	static const uint8_t bytes[ACK_SIZE] = {
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5,
	};
	const struct ack ack = {1, 2, 3, 4, 5};
	uint8_t out[ACK_SIZE];
	struct ack in;
	ack_encode(&ack, out);
	assert_memory_equal(out, bytes, sizeof(bytes));
	assert_true(ack_decode(&in, bytes, sizeof(bytes)));
	assert_true(in.sequence == 1 && in.capture_ns == 2 && in.waited_us == 3 &&
		in.decoding_us == 4 && in.presented_ns == 5);
	assert_false(ack_decode(&in, bytes, sizeof(bytes) - 1));
	uint8_t more[ACK_SIZE + 1] = {0};
	assert_false(ack_decode(&in, more, sizeof(more)));
}

static void test_control(void **state) {
	struct buf lines;
	buf_init(&lines);
	assert_true(control_append(&lines, CONTROL_RESIZE, "%dx%d", 24, 80));
	assert_true(control_append(&lines, CONTROL_TITLE, "a\nb\\"));
	assert_true(control_append(&lines, CONTROL_TITLE, "%s", ""));
	assert_true(buf_printf(&lines, "later word\n"));
	const char *expected = "resize 24x80\ntitle a\\nb\\\\\ntitle \nlater word\n";
	assert_int_equal(lines.size, strlen(expected));
	assert_memory_equal(buf_front(&lines), expected, lines.size);
	const struct frame frame = {.payload = buf_front(&lines), .size = lines.size};
	static const struct {
		int word;
		const char *value;
	} cases[] = {
		{CONTROL_RESIZE, "24x80"},
		{CONTROL_TITLE, "a\nb\\"},
		{CONTROL_TITLE, ""},
		{-1, "word"},
	};
	size_t at = 0;
	int word;
	char *value;
	bool bad;
	for (int i = 0; i < 4; i++) {
		assert_true(control_next(&frame, &at, &word, &value, &bad));
		assert_int_equal(word, cases[i].word);
		assert_string_equal(value, cases[i].value);
		free(value);
	}
	assert_false(control_next(&frame, &at, &word, &value, &bad));
	assert_false(bad);
	buf_finish(&lines);
}

static void test_control_malformed(void **state) {
	static const char *const wrong[] = {"resize 24x80", "resize\n", "\n", "title \\q\n",
		"title \x01\n", "title \xff\n", "title \\x00\n"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct frame frame = {.payload = wrong[i], .size = strlen(wrong[i])};
		size_t at = 0;
		int word;
		char *value;
		bool bad;
		assert_false(control_next(&frame, &at, &word, &value, &bad));
		assert_true(bad);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_control_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
