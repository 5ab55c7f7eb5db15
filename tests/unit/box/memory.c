/* SPDX-License-Identifier: MIT */
/*
 * memory.c - requests carried in memory. Knows nothing of what is asked.
 */
#include "unit/box/memory.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct memory *memory_of(const struct req *req) {
	return (struct memory *)((char *)req - offsetof(struct memory, req));
}

static void carrier_head(struct req *req, const struct op_head *head) {
	struct memory *memory = memory_of(req);
	struct buf lines;
	struct op_refusal refusal;
	assert_false(memory->replied || memory->ended || memory->gone);
	memory->replied = true;
	// It must stand in a head, as on a wire.
	buf_init(&lines);
	if (op_encode(head, &lines, &refusal) != OP_OK) {
		fail_msg("a reply that cannot be sent: %s", refusal.sentence);
	}
	assert_int_equal(op_decode(&memory->reply, OP_REPLY, buf_front(&lines), lines.size,
		&refusal), OP_OK);
	buf_finish(&lines);
}

static enum op_body body_of(const struct memory *memory) {
	return memory->replied ? op_body_of(&memory->reply, NULL) : OP_BODY_NONE;
}

static void took(struct memory *memory, size_t size) {
	memory->queued += memory->slow ? size : 0;
}

static void carrier_bytes(struct req *req, const void *bytes, size_t size) {
	struct memory *memory = memory_of(req);
	assert_false(memory->ended || memory->aborted || memory->gone);
	assert_true(body_of(memory) == OP_BODY_BYTES || body_of(memory) == OP_BODY_CHUNKS);
	assert_true(size > 0);
	assert_true(body_of(memory) == OP_BODY_BYTES || size <= OP_MAX_CHUNK);
	assert_true(buf_append(&memory->bytes, bytes, size));
	memory->chunks++;
	took(memory, size);
}

static void carrier_frame(struct req *req, const struct frame *frame) {
	struct memory *memory = memory_of(req);
	assert_false(memory->ended || memory->aborted || memory->gone);
	assert_int_equal(body_of(memory), OP_BODY_FRAMES);
	assert_true(frame->kind != FRAME_END && frame->size <= OP_MAX_FRAME);
	memory->frames = realloc(memory->frames,
		(memory->frames_size + 1) * sizeof(memory->frames[0]));
	struct frame *kept = &memory->frames[memory->frames_size++].frame;
	void *payload = malloc(frame->size + 1);
	memcpy(payload, frame->size > 0 ? frame->payload : "", frame->size);
	((char *)payload)[frame->size] = '\0';
	*kept = *frame;
	kept->payload = payload;
	took(memory, frame->size + FRAME_HEADER_SIZE);
}

static void carrier_end(struct req *req, const struct op_head *trailer) {
	struct memory *memory = memory_of(req);
	uint64_t promised = 0;
	enum op_body body = op_body_of(&memory->reply, &promised);
	assert_true(memory->replied);
	assert_false(memory->ended || memory->aborted || memory->gone);
	memory->ended = true;
	if (body == OP_BODY_NONE || body == OP_BODY_BYTES) {
		assert_null(trailer);
		assert_true(memory->bytes.size == promised);
		return;
	}
	memory->has_trailer = true;
	if (trailer) {
		assert_true(op_head_copy(&memory->trailer, trailer));
	} else {
		op_head_init_reply(&memory->trailer);
	}
}

static void carrier_abort(struct req *req) {
	struct memory *memory = memory_of(req);
	assert_false(memory->ended || memory->aborted || memory->gone);
	memory->aborted = true;
}

static void carrier_pause(struct req *req, bool paused) {
	struct memory *memory = memory_of(req);
	assert_false(memory->ended || memory->aborted || memory->gone);
	memory->paused = paused;
}

static size_t carrier_queued(const struct req *req) {
	return memory_of(req)->queued;
}

static int carrier_hand_over(struct req *req, struct op_refusal *refusal) {
	struct memory *memory = memory_of(req);
	assert_false(memory->replied || memory->ended || memory->gone);
	carrier_head(req, req_reply(req));
	memory->handed = open("/dev/null", O_RDWR | O_CLOEXEC);
	memory->ended = true;
	return memory->handed;
}

static const struct req_carrier memory_carrier = {
	.head = carrier_head,
	.bytes = carrier_bytes,
	.frame = carrier_frame,
	.end = carrier_end,
	.abort = carrier_abort,
	.pause = carrier_pause,
	.queued = carrier_queued,
	.hand_over = carrier_hand_over,
};

void memory_ask(struct memory *memory, struct box_tree *tree, const char *as, const char *lines) {
	struct op_refusal refusal;
	char *text;
	*memory = (struct memory){0};
	buf_init(&memory->bytes);
	int size = asprintf(&text, "op/%d %s\n", OP_LEVEL, lines);
	assert_true(size > 0);
	if (op_decode(&memory->head, OP_REQUEST, text, (size_t)size, &refusal) != OP_OK) {
		fail_msg("the test asks wrongly: %s", refusal.sentence);
	}
	free(text);
	assert_int_equal(subject_parse(&memory->subject, as, &refusal), OP_OK);
	req_init(&memory->req, &memory_carrier, &memory->head, &memory->subject);
	box_serve(tree, &memory->req);
}

void memory_askf(struct memory *memory, struct box_tree *tree, const char *as, const char *fmt,
		...) {
	char *lines;
	va_list args;
	va_start(args, fmt);
	assert_true(vasprintf(&lines, fmt, args) >= 0);
	va_end(args);
	memory_ask(memory, tree, as, lines);
	free(lines);
}

static bool is_open(const struct memory *memory) {
	return !memory->ended && !memory->aborted && !memory->gone;
}

void memory_finish(struct memory *memory) {
	memory_hang_up(memory);
	req_finish(&memory->req);
	op_head_finish(&memory->head);
	op_head_finish(&memory->reply);
	op_head_finish(&memory->trailer);
	buf_finish(&memory->bytes);
	for (size_t i = 0; i < memory->frames_size; i++) {
		free((void *)memory->frames[i].frame.payload);
	}
	free(memory->frames);
	*memory = (struct memory){.gone = true};
}

static const struct req_events *listening(struct memory *memory) {
	static const struct req_events none = {0};
	assert_false(memory->paused);
	assert_false(memory->sent_end);
	return is_open(memory) && memory->req.events ? memory->req.events : &none;
}

void memory_send(struct memory *memory, const void *bytes, size_t size) {
	const struct req_events *events = listening(memory);
	enum op_body body = op_body_of(&memory->head, NULL);
	assert_true(body == OP_BODY_BYTES || body == OP_BODY_CHUNKS);
	if (events->data) {
		// A copy, so that a handler that keeps the pointer is seen.
		void *copy = malloc(size);
		memcpy(copy, bytes, size);
		events->data(&memory->req, copy, size);
		free(copy);
	}
}

void memory_send_text(struct memory *memory, const char *text) {
	memory_send(memory, text, strlen(text));
}

void memory_send_frame(struct memory *memory, enum op_kind kind, unsigned int sub,
		const void *bytes, size_t size) {
	const struct req_events *events = listening(memory);
	assert_int_equal(op_body_of(&memory->head, NULL), OP_BODY_FRAMES);
	if (events->frame) {
		void *copy = malloc(size + 1);
		memcpy(copy, bytes, size);
		const struct frame frame = {
			.kind = kind,
			.sub = (uint16_t)sub,
			.payload = copy,
			.size = size,
		};
		events->frame(&memory->req, &frame);
		free(copy);
	}
}

void memory_send_end(struct memory *memory) {
	const struct req_events *events = listening(memory);
	assert_int_not_equal(op_body_of(&memory->head, NULL), OP_BODY_NONE);
	memory->sent_end = true;
	if (events->end) {
		events->end(&memory->req);
	}
}

void memory_drain(struct memory *memory) {
	memory->queued = 0;
	if (is_open(memory) && memory->req.events && memory->req.events->drained) {
		memory->req.events->drained(&memory->req);
	}
}

void memory_hang_up(struct memory *memory) {
	if (is_open(memory)) {
		memory->gone = true;
		req_gone(&memory->req);
	}
}

bool memory_ok(const struct memory *memory) {
	return memory->ended && memory->reply.refusal.code == OP_OK &&
		(!memory->has_trailer || memory->trailer.refusal.code == OP_OK);
}

enum op_code memory_code(const struct memory *memory) {
	assert_true(memory->replied);
	enum op_code code = memory->reply.refusal.code;
	return code == OP_OK && memory->has_trailer ? memory->trailer.refusal.code : code;
}

const char *memory_text(struct memory *memory) {
	uint8_t *room = buf_room(&memory->bytes, 1);
	assert_non_null(room);
	*room = '\0';
	return (const char *)buf_front(&memory->bytes);
}

bool memory_entry(struct memory *memory, size_t *at, struct op_head *entry) {
	struct op_refusal refusal;
	if (*at == memory->bytes.size) {
		return false;
	}
	const uint8_t *bytes = buf_front(&memory->bytes) + *at;
	size_t size = op_head_size(bytes, memory->bytes.size - *at, &refusal);
	assert_true(size > 0);
	assert_int_equal(op_decode(entry, OP_ENTRY, bytes, size, &refusal), OP_OK);
	*at += size;
	return true;
}

char *memory_names(struct memory *memory) {
	struct buf names;
	struct op_head entry;
	buf_init(&names);
	for (size_t at = 0; memory_entry(memory, &at, &entry);) {
		buf_printf(&names, "%s%s", names.size > 0 ? " " : "", op_get(&entry, OP_F_NAME));
		op_head_finish(&entry);
	}
	char *text = strndup(names.size > 0 ? (char *)buf_front(&names) : "", names.size);
	buf_finish(&names);
	return text;
}
