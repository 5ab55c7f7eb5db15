/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame.c - frame headers and the payloads that have a form: control lines, input records,
 * acks. The first byte chooses.
 */
#include <string.h>

#include "box/frame.h"
#include "fuzz.h"

static void header(const uint8_t *bytes, size_t size) {
	struct frame frame;
	struct op_refusal refusal;
	uint8_t again[FRAME_HEADER_SIZE];
	if (size < FRAME_HEADER_SIZE) {
		return;
	}
	if (frame_header_decode(&frame, bytes, &refusal) == OP_OK) {
		must(frame.size <= OP_MAX_FRAME && frame.kind < FRAME_KINDS);
		frame_header_encode(&frame, again);
		must(memcmp(again, bytes, sizeof(again)) == 0);
	} else {
		must(refusal.code != OP_OK && refusal.sentence[0]);
	}
}

static void control(const uint8_t *bytes, size_t size) {
	const struct frame frame = {.kind = FRAME_CONTROL, .payload = bytes, .size = size};
	struct buf lines;
	size_t at = 0;
	int word;
	char *value;
	bool bad = false;
	buf_init(&lines);
	while (control_next(&frame, &at, &word, &value, &bad)) {
		must(at <= size && word < CONTROLS);
		if (word >= 0) {
			must(control_append(&lines, word, "%s", value));
		}
		free(value);
	}
	must(bad || at == size);
	// What was understood says the same again.
	const struct frame second = {
		.kind = FRAME_CONTROL, .payload = buf_front(&lines), .size = lines.size};
	at = 0;
	bad = false;
	while (control_next(&second, &at, &word, &value, &bad)) {
		must(word >= 0);
		free(value);
	}
	must(!bad && at == lines.size);
	buf_finish(&lines);
}

static void input(const uint8_t *bytes, size_t size) {
	int count = input_record_count(size);
	must(count < 0 || (size_t)count * INPUT_RECORD_SIZE == size);
	for (int i = 0; i < count; i++) {
		struct input_record record;
		uint8_t again[INPUT_RECORD_SIZE];
		input_record_decode(&record, bytes, i);
		input_record_encode(&record, again);
		must(memcmp(again, bytes + i * INPUT_RECORD_SIZE, sizeof(again)) == 0);
	}
}

static void ack(const uint8_t *bytes, size_t size) {
	struct ack ack;
	uint8_t again[ACK_SIZE];
	bool good = ack_decode(&ack, bytes, size);
	must(good == (size == ACK_SIZE));
	if (good) {
		ack_encode(&ack, again);
		must(memcmp(again, bytes, sizeof(again)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static void (*const parsers[])(const uint8_t *, size_t) = {header, control, input, ack};
	if (size > 0) {
		parsers[bytes[0] % 4](bytes + 1, size - 1);
	}
	return 0;
}
