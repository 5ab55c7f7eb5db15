/* SPDX-License-Identifier: MIT */
/*
 * test_framing.c - limits at the limit and one past, and framing that is broken: what is said to
 * the listener, and what to the peer.
 */
#include <stdlib.h>

#include "memory_stream.h"
#include "net/exchange_impl.h"
#include "side.h"

struct bench {
	struct memory_stream memory;
	struct side side;
};

static void bench_init(struct bench *bench, enum op_role incoming, bool lanes) {
	memory_stream_init(&bench->memory, lanes);
	side_init_stream(&bench->side, &bench->memory.stream, incoming);
}

static void bench_finish(struct bench *bench) {
	side_finish(&bench->side);
	memory_stream_finish(&bench->memory);
}

static void feed(struct bench *bench, const void *bytes, size_t size) {
	memory_stream_feed(&bench->memory, bytes, size);
}

static void feed_text(struct bench *bench, const char *text) {
	feed(bench, text, strlen(text));
}

static void feed_u32(struct bench *bench, uint32_t number) {
	uint8_t bytes[4];
	put_u32(bytes, number);
	feed(bench, bytes, sizeof(bytes));
}

static void feed_header(struct bench *bench, uint32_t size, uint8_t kind) {
	uint8_t header[FRAME_HEADER_SIZE] = {0};
	put_u32(header, size);
	header[4] = kind;
	feed(bench, header, sizeof(header));
}

static void feed_zeros(struct bench *bench, size_t size) {
	static const uint8_t zeros[65536];
	while (size > 0) {
		size_t part = size < sizeof(zeros) ? size : sizeof(zeros);
		feed(bench, zeros, part);
		size -= part;
	}
}

static bool told(struct bench *bench, const char *text) {
	return buf_holds(&bench->memory.written, text);
}

static void feed_head_of(struct bench *bench, size_t size) {
	static const char begin[] = "op/1 kind\nname /\nx ";
	char *head = malloc(size);
	assert_non_null(head);
	memset(head, 'a', size);
	memcpy(head, begin, strlen(begin));
	memcpy(head + size - 2, "\n\n", 2);
	feed(bench, head, size);
	free(head);
}

static void test_head_limit(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REQUEST, false);
	feed_head_of(&bench, OP_MAX_HEAD);
	assert_int_equal(bench.side.ends, 1);
	assert_int_equal(bench.memory.head_size, OP_MAX_HEAD);
	bench_finish(&bench);
	bench_init(&bench, OP_REQUEST, false);
	feed_head_of(&bench, OP_MAX_HEAD + 1);
	assert_int_equal(bench.side.heads, 0);
	assert_int_equal(bench.side.why.code, OP_E2BIG);
	assert_true(told(&bench, "no E2BIG a head has at most 16384 bytes"));
	assert_false(bench.memory.aborted);
	bench_finish(&bench);
	// The same byte by byte, and without ever an end.
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 kind\nname /\nx ");
	for (int i = 0; i < OP_MAX_HEAD && bench.side.gones == 0; i++) {
		feed_text(&bench, "a");
	}
	assert_int_equal(bench.side.why.code, OP_E2BIG);
	bench_finish(&bench);
}

static void test_chunk_limit(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 putmem\nname /x\nbody chunks\n\n");
	feed_u32(&bench, OP_MAX_CHUNK);
	feed_zeros(&bench, OP_MAX_CHUNK);
	feed_u32(&bench, 0);
	feed_text(&bench, "ok\n\n");
	assert_int_equal(bench.side.ends, 1);
	assert_int_equal(bench.side.payload.size, OP_MAX_CHUNK);
	bench_finish(&bench);
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 putmem\nname /x\nbody chunks\n\n");
	feed_u32(&bench, OP_MAX_CHUNK + 1);
	assert_int_equal(bench.side.why.code, OP_E2BIG);
	assert_true(told(&bench,
		"no E2BIG a chunk of 1048577 bytes: send at most 1048576 at once"));
	bench_finish(&bench);
}

static void test_frame_limit(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 putmem\nname /x\nbody frames\n\n");
	feed_header(&bench, OP_MAX_FRAME, FRAME_DATA);
	feed_zeros(&bench, OP_MAX_FRAME - 1);
	assert_int_equal(bench.side.frames, 0);
	assert_true(bench.side.exchange->piece.capacity <= OP_MAX_FRAME);
	feed_zeros(&bench, 1);
	assert_int_equal(bench.side.frames, 1);
	assert_int_equal(bench.side.payload.size, OP_MAX_FRAME);
	assert_true(bench.side.exchange->piece.capacity < 128 * 1024); // given back
	bench_finish(&bench);
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 putmem\nname /x\nbody frames\n\n");
	feed_header(&bench, OP_MAX_FRAME + 1, FRAME_DATA);
	assert_int_equal(bench.side.why.code, OP_E2BIG);
	assert_true(told(&bench, "no E2BIG"));
	bench_finish(&bench);
}

// A length alone costs nothing.
static void test_announced_is_not_held(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 putmem\nname /x\nbody frames\n\n");
	feed_header(&bench, OP_MAX_FRAME, FRAME_DATA);
	feed_zeros(&bench, 1000);
	assert_true(bench.side.exchange->piece.capacity <= 4096);
	bench_finish(&bench);
}

static void test_broken_framing(void **state) {
	static const struct {
		const char *request;
		const char *text; // behind it
		const uint8_t bytes[32];
		size_t size;
		enum op_code code;
		const char *told;
	} cases[] = {
		{"op/1 fly\nname /\n\n", NULL, {0}, 0, OP_EUNSUPP, "no EUNSUPP "},
		{"op/2 kind\nname /\n\n", NULL, {0}, 0, OP_EUNSUPP, "no EUNSUPP op/1 is spoken here"},
		{"\n\n", NULL, {0}, 0, OP_EARG, "no EARG "},
		{"op/1 kind\nname /a/../b\n\n", NULL, {0}, 0, OP_EARG, "no EARG "},
		{"op/1 kind\nname /a\\x01b\n\n", NULL, {0}, 0, OP_EARG, "no EARG "},
		{"op/1 kind\nname /\n\n", "x", {0}, 0, OP_EARG, "bytes follow the end of the request"},
		{"op/1 putmem\nname /x\nbody 3\n\n", "four", {0}, 0, OP_EARG, "bytes follow"},
		{"op/1 putmem\nname /x\nbody 0\n\n", "f", {0}, 0, OP_EARG, "bytes follow"},
		{"op/1 putmem\nname /x\nbody chunks\n\n", NULL, {0xff, 0xff, 0xff, 0xff}, 4, OP_E2BIG,
			"no E2BIG a chunk"},
		{"op/1 putmem\nname /x\nbody chunks\n\n", NULL, {0, 0, 0, 0, 'h', 'm', '\n', '\n'}, 8,
			OP_EARG, "no EARG "},
		{"op/1 putmem\nname /x\nbody chunks\n\n", NULL,
			{0, 0, 0, 0, 'o', 'k', '\n', '\n', '!'}, 9, OP_EARG, "bytes follow"},
		{"op/1 putmem\nname /x\nbody chunks\n\n", NULL,
			{0, 0, 0, 0, 'n', 'o', ' ', 'E', 'I', 'O', ' ', 'x', '\n', '\n'}, 14, OP_EIO,
			"no EIO the request's body was broken off: x"},
		{"op/1 putmem\nname /x\nbody frames\n\n", NULL, {0, 0, 0, 0, 99, [23] = 0}, 24, OP_EARG,
			"no EARG a frame of an unknown kind"},
		{"op/1 putmem\nname /x\nbody frames\n\n", NULL, {0, 0, 0, 1, FRAME_END, [23] = 0}, 24,
			OP_EARG, "no EARG "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench bench;
		struct buf all;
		buf_init(&all);
		buf_append(&all, cases[i].request, strlen(cases[i].request));
		if (cases[i].text) {
			buf_append(&all, cases[i].text, strlen(cases[i].text));
		}
		buf_append(&all, cases[i].bytes, cases[i].size);
		bench_init(&bench, OP_REQUEST, false);
		feed(&bench, buf_front(&all), all.size);
		if (bench.side.gones != 1 || bench.side.why.code != cases[i].code ||
				!told(&bench, cases[i].told)) {
			buf_append(&bench.memory.written, "", 1);
			fail_msg("case %zu: %s %s; told: %s", i, op_code_name(bench.side.why.code),
				bench.side.why.sentence, (const char *)buf_front(&bench.memory.written));
		}
		assert_int_equal(bench.side.ends, 0);
		assert_int_equal(bench.side.payload.size, 0);
		assert_true(bench.memory.ended); // the refusal is whole, and is not broken off
		assert_false(bench.memory.aborted);
		bench_finish(&bench);
		buf_finish(&all);
	}
}

// Once an answer has begun there is no other; and who asked has nobody to refuse.
static void test_broken_without_refusal(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 putmem\nname /x\nbody chunks\n\n");
	side_send_head(&bench.side, "ok", OP_BODY_CHUNKS, 0);
	size_t written = bench.memory.written.size;
	feed_u32(&bench, OP_MAX_CHUNK + 1);
	assert_int_equal(bench.side.why.code, OP_E2BIG);
	assert_int_equal(bench.memory.written.size, written);
	assert_true(bench.memory.aborted);
	bench_finish(&bench);
	bench_init(&bench, OP_REPLY, false);
	side_send(&bench.side, "getmem", OP_BODY_NONE, 0);
	written = bench.memory.written.size;
	feed_text(&bench, "HTTP/1.1 200 OK\n\n");
	assert_int_equal(bench.side.why.code, OP_EARG);
	assert_int_equal(bench.memory.written.size, written);
	assert_true(bench.memory.aborted);
	bench_finish(&bench);
}

static void feed_picture(struct bench *bench, uint32_t sequence) {
	uint8_t payload[1] = {(uint8_t)sequence};
	const struct frame frame = {
		.kind = FRAME_VIDEO, .sequence = sequence, .payload = payload, .size = 1};
	memory_stream_feed_frame(&bench->memory, &frame);
}

static void test_lanes(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REPLY, true);
	side_send_head(&bench.side, "putmem", OP_BODY_FRAMES, 0);
	// Pictures leave by their lanes, all else in order on the stream.
	size_t written = bench.memory.written.size;
	const struct frame picture = {.kind = FRAME_VIDEO, .payload = "x", .size = 1};
	const struct frame bytes = {.kind = FRAME_DATA, .payload = "x", .size = 1};
	exchange_send_frame(bench.side.exchange, &picture);
	assert_int_equal(bench.memory.frames, 1);
	assert_int_equal(bench.memory.written.size, written);
	exchange_send_frame(bench.side.exchange, &bytes);
	assert_int_equal(bench.memory.frames, 1);
	assert_int_equal(bench.memory.written.size, written + FRAME_HEADER_SIZE + 1);
	// Those that overtake the head wait for it, in order.
	for (uint32_t i = 1; i <= OP_MAX_EARLY_FRAMES; i++) {
		feed_picture(&bench, i);
	}
	assert_int_equal(bench.side.frames, 0);
	feed_text(&bench, "ok\nbody frames\n\n");
	assert_int_equal(bench.side.frames, OP_MAX_EARLY_FRAMES);
	assert_memory_equal(buf_front(&bench.side.payload), "\1\2\3\4", 4);
	feed_picture(&bench, 5);
	assert_int_equal(bench.side.frames, OP_MAX_EARLY_FRAMES + 1);
	// One that comes behind the end is nobody's.
	feed_header(&bench, 0, FRAME_END);
	feed_text(&bench, "ok\n\n");
	assert_int_equal(bench.side.ends, 1);
	feed_picture(&bench, 6);
	assert_int_equal(bench.side.frames, OP_MAX_EARLY_FRAMES + 1);
	assert_int_equal(bench.side.gones, 0);
	bench_finish(&bench);
}

static void test_too_many_early_frames(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REPLY, true);
	side_send_head(&bench.side, "putmem", OP_BODY_FRAMES, 0);
	for (uint32_t i = 1; i <= OP_MAX_EARLY_FRAMES + 1; i++) {
		feed_picture(&bench, i);
	}
	assert_int_equal(bench.side.gones, 1);
	assert_int_equal(bench.side.why.code, OP_E2BIG);
	bench_finish(&bench);
	// And some for an answer that turns out to have no frames.
	bench_init(&bench, OP_REPLY, true);
	side_send_head(&bench.side, "putmem", OP_BODY_FRAMES, 0);
	feed_picture(&bench, 1);
	feed_text(&bench, "ok\nbody chunks\n\n");
	assert_int_equal(bench.side.gones, 1);
	assert_int_equal(bench.side.why.code, OP_EARG);
	bench_finish(&bench);
	// Who asks sends none before it has read its ok: nothing is held for it.
	bench_init(&bench, OP_REQUEST, true);
	feed_picture(&bench, 1);
	assert_int_equal(bench.side.gones, 1);
	assert_int_equal(bench.side.why.code, OP_EARG);
	bench_finish(&bench);
}

static void test_hangup_is_one_gone(void **state) {
	struct bench bench;
	bench_init(&bench, OP_REQUEST, false);
	assert_true(bench.memory.stream.hangup_cancels);
	feed_text(&bench, "op/1 kind\nname /\n\n");
	memory_stream_eof(&bench.memory);
	assert_int_equal(bench.side.gones, 0);
	memory_stream_hangup(&bench.memory);
	assert_int_equal(bench.side.gones, 1);
	bench_finish(&bench);
	// Answered whole: nobody waits, nothing is lost.
	bench_init(&bench, OP_REQUEST, false);
	feed_text(&bench, "op/1 kind\nname /\n\n");
	side_send(&bench.side, "ok", OP_BODY_NONE, 0);
	assert_false(bench.memory.stream.hangup_cancels);
	memory_stream_hangup(&bench.memory);
	assert_int_equal(bench.side.gones, 0);
	bench_finish(&bench);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head_limit),
		cmocka_unit_test(test_chunk_limit),
		cmocka_unit_test(test_frame_limit),
		cmocka_unit_test(test_announced_is_not_held),
		cmocka_unit_test(test_broken_framing),
		cmocka_unit_test(test_broken_without_refusal),
		cmocka_unit_test(test_lanes),
		cmocka_unit_test(test_too_many_early_frames),
		cmocka_unit_test(test_hangup_is_one_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
