/* SPDX-License-Identifier: MIT */
#ifndef BOX_FRAME_H
#define BOX_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/op.h"

/*
 * Frames: the body of a stream of pictures, input, control and bytes. Header of 24 bytes,
 * big-endian: u32 payload length, u8 kind, u8 flags, u16 sub-stream, u32 sequence, u32 base, u64
 * capture_ns.
 */
#define FRAME_HEADER_SIZE 24

enum frame_flag {
	FRAME_KEY = 1 << 0, // needs no other frame
};

struct frame {
	enum op_kind kind;
	uint8_t flags;       // bits of enum frame_flag
	uint16_t sub;        // of FRAME_DATA: 0 stdin, 1 stdout, 2 stderr, 3 program
	uint32_t sequence;   // of its kind, from 1; video and tiles, which make one picture, share one
	uint32_t base;       // the oldest sequence it needs; its own when a keyframe
	uint64_t capture_ns; // sender's CLOCK_MONOTONIC, 0 if it has none
	const void *payload; // owned by whoever hands the frame around; valid during the call
	size_t size;         // at most OP_MAX_FRAME
};

void frame_header_encode(const struct frame *frame, uint8_t out[static FRAME_HEADER_SIZE]);
/* Sets all but payload. EARG: unknown kind, or an end with a payload. E2BIG: over OP_MAX_FRAME. */
enum op_code frame_header_decode(struct frame *frame, const uint8_t in[static FRAME_HEADER_SIZE],
	struct op_refusal *refusal);
/* Travels alone on QUIC: video and tiles. */
bool frame_has_own_lane(enum op_kind kind);

/* One record of an input frame. Types and codes are evdev's (linux/input-event-codes.h). */
#define INPUT_RECORD_SIZE 24
struct input_record {
	uint64_t time_ns; // the lender's CLOCK_MONOTONIC
	uint16_t type, code;
	int32_t value;
	int32_t x, y; // 16.16 fixed point; absolute in view coordinates for EV_ABS, else relative
};
void input_record_encode(const struct input_record *record, uint8_t out[static INPUT_RECORD_SIZE]);
/* The count of records in a payload and the i-th; -1: its size is no multiple. */
int input_record_count(size_t payload_size);
void input_record_decode(struct input_record *record, const void *payload, int i);

/*
 * What an ack says, 28 bytes: the newest frame decoded. A second one of the same frame says that it was
 * shown. at_ns is the frame header's capture_ns: the viewer's CLOCK_MONOTONIC when the frame was decoded,
 * and in the second when its picture was given to the screen.
 */
#define ACK_SIZE 28
struct ack {
	uint32_t sequence;
	uint64_t capture_ns;
	uint32_t waited_us;    // between arrival and decoder
	uint32_t decoding_us;
	uint64_t presented_ns; // viewer's CLOCK_MONOTONIC when it was shown, 0: not yet, or skipped
	uint64_t at_ns;        // not of the payload
};
void ack_encode(const struct ack *ack, uint8_t out[static ACK_SIZE]);
bool ack_decode(struct ack *ack, const void *payload, size_t size); // false: its size is wrong

/*
 * A control frame's lines: "WORD VALUE", escaped as in a head, no empty line behind. Walks them:
 * begin with *at = 0. false at the end, or with *bad set when a line is malformed (or for want of
 * memory). Unknown words come with word -1. value is malloc'd for the caller to free.
 */
bool control_next(const struct frame *frame, size_t *at, int *word, char **value, bool *bad);
/* Appends one line. word of enum op_control. */
bool control_append(struct buf *out, int word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
