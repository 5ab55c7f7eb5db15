/* SPDX-License-Identifier: MIT */
/*
 * frame.c - headers of frames, and the payloads that have a form: input, acks, control lines. Bytes
 * only: what travels how is net/ and quic/.
 */
#include "box/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box/utf8.h"
#include "box/words.h"

void frame_header_encode(const struct frame *frame, uint8_t out[static FRAME_HEADER_SIZE]) {
	put_u32(out, (uint32_t)frame->size);
	out[4] = (uint8_t)frame->kind;
	out[5] = frame->flags;
	put_u16(out + 6, frame->sub);
	put_u32(out + 8, frame->sequence);
	put_u32(out + 12, frame->base);
	put_u64(out + 16, frame->capture_ns);
}

enum op_code frame_header_decode(struct frame *frame, const uint8_t in[static FRAME_HEADER_SIZE],
		struct op_refusal *refusal) {
	*frame = (struct frame){
		.size = get_u32(in),
		.flags = in[5],
		.sub = get_u16(in + 6),
		.sequence = get_u32(in + 8),
		.base = get_u32(in + 12),
		.capture_ns = get_u64(in + 16),
	};
	if (in[4] >= FRAME_KINDS) {
		return op_refuse(refusal, OP_EARG, "a frame of an unknown kind, %d", in[4]);
	}
	frame->kind = (enum op_kind)in[4];
	if (frame->size > OP_MAX_FRAME) {
		return op_refuse(refusal, OP_E2BIG, "a frame has at most %d bytes, not %zu",
			OP_MAX_FRAME, frame->size);
	}
	if (frame->kind == FRAME_END && frame->size > 0) {
		return op_refuse(refusal, OP_EARG, "an end has no payload, not %zu bytes",
			frame->size);
	}
	return OP_OK;
}

bool frame_has_own_lane(enum op_kind kind) {
	return words_kind_has_own_lane(kind);
}

void input_record_encode(const struct input_record *record, uint8_t out[static INPUT_RECORD_SIZE]) {
	put_u64(out, record->time_ns);
	put_u16(out + 8, record->type);
	put_u16(out + 10, record->code);
	put_u32(out + 12, (uint32_t)record->value);
	put_u32(out + 16, (uint32_t)record->x);
	put_u32(out + 20, (uint32_t)record->y);
}

int input_record_count(size_t payload_size) {
	return payload_size % INPUT_RECORD_SIZE == 0 ? (int)(payload_size / INPUT_RECORD_SIZE) : -1;
}

void input_record_decode(struct input_record *record, const void *payload, int i) {
	const uint8_t *at = (const uint8_t *)payload + (size_t)i * INPUT_RECORD_SIZE;
	*record = (struct input_record){
		.time_ns = get_u64(at),
		.type = get_u16(at + 8),
		.code = get_u16(at + 10),
		.value = (int32_t)get_u32(at + 12),
		.x = (int32_t)get_u32(at + 16),
		.y = (int32_t)get_u32(at + 20),
	};
}

void ack_encode(const struct ack *ack, uint8_t out[static ACK_SIZE]) {
	put_u32(out, ack->sequence);
	put_u64(out + 4, ack->capture_ns);
	put_u32(out + 12, ack->waited_us);
	put_u32(out + 16, ack->decoding_us);
	put_u64(out + 20, ack->presented_ns);
}

bool ack_decode(struct ack *ack, const void *payload, size_t size) {
	struct bytes bytes;
	bytes_init(&bytes, payload, size);
	*ack = (struct ack){0};
	ack->sequence = bytes_u32(&bytes);
	ack->capture_ns = bytes_u64(&bytes);
	ack->waited_us = bytes_u32(&bytes);
	ack->decoding_us = bytes_u32(&bytes);
	ack->presented_ns = bytes_u64(&bytes);
	return bytes_done(&bytes);
}

bool control_next(const struct frame *frame, size_t *at, int *word, char **value, bool *bad) {
	size_t left = frame->size - *at;
	*bad = false;
	*value = NULL;
	if (left == 0) {
		return false; // and payload may be NULL
	}
	const char *line = (const char *)frame->payload + *at;
	const char *newline = memchr(line, '\n', left);
	size_t size = newline ? (size_t)(newline - line) : 0;
	if (!newline || !utf8_plain(line, size)) {
		*bad = true;
		return false;
	}
	char *text = strndup(line, size);
	char *blank = text ? strchr(text, ' ') : NULL;
	if (!blank) {
		free(text);
		*bad = true;
		return false;
	}
	*blank = '\0';
	*word = op_control_by_name(text);
	memmove(text, blank + 1, strlen(blank + 1) + 1);
	if (!op_unescape(text)) {
		free(text);
		*bad = true;
		return false;
	}
	*value = text;
	*at += size + 1;
	return true;
}

bool control_append(struct buf *out, int word, const char *fmt, ...) {
	char *text;
	va_list args;
	va_start(args, fmt);
	int size = vasprintf(&text, fmt, args);
	va_end(args);
	if (size < 0) {
		return false;
	}
	size_t before = out->size;
	bool good = buf_printf(out, "%s ", op_control_name((enum op_control)word)) &&
		op_escape(text, out) && buf_append(out, "\n", 1);
	free(text);
	if (!good) {
		out->size = before;
	}
	return good;
}
