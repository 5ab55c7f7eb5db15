/* SPDX-License-Identifier: MIT */
/*
 * side.c - one end of an exchange that writes down what it hears.
 */
#include "side.h"

#include <stdlib.h>

#include "net/stream_unix.h"

#define FRAME_PART 1000 // payloads of the frames a body is cut into, unless it is large
#define LARGE (1024 * 1024)

uint8_t pattern(size_t at) {
	return (uint8_t)(at * 131 + (at >> 8) * 7);
}

static void hear_head(void *data, const struct op_head *head) {
	struct side *side = data;
	char line[512];
	side->heads++;
	buf_printf(&side->heard, "head: %s\n", op_print(head, line, sizeof(line)));
	if (side->pause_at_head) {
		exchange_pause(side->exchange, true);
	}
}

static void hear_bytes(void *data, const void *bytes, size_t size) {
	struct side *side = data;
	buf_append(&side->payload, bytes, size);
	if (side->pause_always) {
		exchange_pause(side->exchange, true);
	}
}

static void hear_frame(void *data, const struct frame *frame) {
	struct side *side = data;
	side->frames++;
	buf_append(&side->payload, frame->payload, frame->size);
	if (side->pause_always) {
		exchange_pause(side->exchange, true);
	}
}

static void hear_end(void *data, const struct op_head *trailer) {
	struct side *side = data;
	char line[512];
	side->ends++;
	const char *said = trailer ? op_print(trailer, line, sizeof(line)) : "-";
	buf_printf(&side->heard, "end: %s\n", said);
}

static void hear_gone(void *data, const struct op_refusal *why) {
	struct side *side = data;
	side->gones++;
	side->why = *why;
	buf_printf(&side->heard, "gone: %s\n", op_code_name(why->code));
	exchange_destroy(side->exchange);
	side->exchange = NULL;
}

static void hear_drained(void *data) {
	struct side *side = data;
	side->drains++;
}

static const struct exchange_events events = {
	.head = hear_head,
	.bytes = hear_bytes,
	.frame = hear_frame,
	.end = hear_end,
	.gone = hear_gone,
	.drained = hear_drained,
};

void side_init_stream(struct side *side, struct stream *stream, enum op_role incoming) {
	*side = (struct side){0};
	assert_non_null(stream);
	side->exchange = exchange_create(stream, incoming, &events, side);
	assert_non_null(side->exchange);
}

void side_init(struct side *side, struct wl_event_loop *loop, int fd, enum op_role incoming) {
	side_init_stream(side, stream_unix_create(loop, fd), incoming);
}

void side_adopt(struct side *side, struct wl_event_loop *loop, int fd) {
	*side = (struct side){0};
	side->exchange = exchange_adopt(stream_unix_create(loop, fd), &events, side);
	assert_non_null(side->exchange);
}

void side_finish(struct side *side) {
	exchange_destroy(side->exchange);
	buf_finish(&side->heard);
	buf_finish(&side->payload);
}

void side_send_head(struct side *side, const char *first, enum op_body body, size_t size) {
	struct op_head head;
	struct op_refusal refusal;
	int verb = op_verb_by_name(first);
	if (verb >= 0) {
		op_head_init_request(&head, (enum op_verb)verb);
		op_set(&head, OP_F_NAME, "/chan/1");
	} else {
		op_head_init_reply(&head);
	}
	op_set_body(&head, body, size);
	assert_int_equal(exchange_send_head(side->exchange, &head, &refusal), OP_OK);
	op_head_finish(&head);
}

void side_send_body(struct side *side, enum op_body body, size_t at, size_t size) {
	uint8_t *bytes = malloc(size + 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++) {
		bytes[i] = pattern(at + i);
	}
	if (body != OP_BODY_FRAMES) {
		exchange_send_bytes(side->exchange, bytes, size);
	}
	for (size_t i = 0; i < size && body == OP_BODY_FRAMES;) {
		size_t part = size > LARGE ? LARGE : FRAME_PART;
		part = part < size - i ? part : size - i;
		const struct frame frame = {.kind = FRAME_DATA, .payload = bytes + i, .size = part};
		exchange_send_frame(side->exchange, &frame);
		i += part;
	}
	free(bytes);
}

void side_send_end(struct side *side, enum op_body body) {
	if (body == OP_BODY_CHUNKS || body == OP_BODY_FRAMES) {
		struct op_head trailer;
		op_head_init_reply(&trailer);
		op_set(&trailer, OP_F_LEGACY, "exit 0");
		exchange_send_end(side->exchange, &trailer);
		op_head_finish(&trailer);
	} else {
		exchange_send_end(side->exchange, NULL);
	}
}

void side_send(struct side *side, const char *first, enum op_body body, size_t size) {
	side_send_head(side, first, body, size);
	if (body != OP_BODY_NONE) {
		side_send_body(side, body, 0, size);
	}
	side_send_end(side, body);
}

void side_check_payload(struct side *side, size_t size) {
	assert_int_equal(side->payload.size, size);
	const uint8_t *bytes = buf_front(&side->payload);
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != pattern(i)) {
			fail_msg("byte %zu is %d, not %d", i, bytes[i], pattern(i));
		}
	}
}

const char *side_heard(struct side *side) {
	assert_true(buf_append(&side->heard, "", 1));
	side->heard.size--;
	return (const char *)buf_front(&side->heard);
}
