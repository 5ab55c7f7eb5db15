/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_FLIGHT_H
#define BOXCAST_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/frame.h"

/*
 * The capture rule of op(7): when another frame may be asked for, and when a keyframe is due. It
 * bounds video at its source, so that nothing on the way holds more than what is in flight.
 *
 *     in flight = the frame asked for + frames at the encoder + frames sent and not acknowledged
 *     limit     = max(2, ceil(rtt * hz) + 1)
 *
 * A frame is asked for only while that leaves no more than `limit` in flight. If the oldest one sent
 * is unacknowledged for more than 250 ms + rtt, all are given up: a keyframe is sent, and no other
 * frame before that one is acknowledged. Before the first ack nobody knows rtt: a second is taken for it.
 *
 * Times are ns of CLOCK_MONOTONIC, given by the caller; nothing here reads a clock.
 */

#define FLIGHT_PATIENCE_NS 250000000
#define FLIGHT_UNKNOWN_NS 1000000000 // of a way whose round trip is not known
#define FLIGHT_MAX 128 // frames remembered, and an upper bound of the limit

struct flight_sent {
	uint32_t sequence;
	int64_t at; // when it was sent
	bool key;
	bool open; // counts as in flight
};

struct flight {
	uint32_t refresh_mhz;
	bool asked;       // `next` was said and its frame has not come
	uint32_t coding;  // at the encoder
	struct flight_sent sent[FLIGHT_MAX]; // ring: the newest FLIGHT_MAX frames sent
	uint32_t sent_count; // ever
	uint32_t open;       // entries of sent that are open

	bool key_wanted;  // the next frame captured is to be a keyframe
	bool key_coming;  // one was ordered from the encoder and has not been sent
	uint32_t key_awaited; // 0, or the keyframe whose ack ends a stall
	bool stalled;

	int64_t rtt_ns;   // least of the last two windows; 0: not known yet
	int64_t rtt_window[2]; // least of the current and of the one before, -1: none
	int64_t rtt_window_end;

	uint32_t stalls, keys; // counted for stats
};

void flight_init(struct flight *flight, uint32_t refresh_mhz);
/* As many frames may be in flight. */
uint32_t flight_limit(const struct flight *flight);
uint32_t flight_in_flight(const struct flight *flight);

/* Whether `next` may be said now. */
bool flight_may_ask(const struct flight *flight);
void flight_asked(struct flight *flight);
/* The frame came and went to the encoder; true: it is to be a keyframe. */
bool flight_captured(struct flight *flight);
/* The encoder gave nothing for it, or was replaced: as many frames are lost before they were sent. */
void flight_dropped(struct flight *flight, uint32_t frames);
void flight_sent(struct flight *flight, uint32_t sequence, bool key, int64_t now);

/*
 * An ack came. *latency_ns is the time since that frame was sent, -1 if it is not remembered, or was
 * acknowledged before: a second ack of a frame tells when it was presented.
 */
void flight_acked(struct flight *flight, const struct ack *ack, int64_t now, int64_t *latency_ns);

/* The viewer asks for a keyframe. One request is one keyframe: while one is on its way, none more. */
void flight_want_key(struct flight *flight, int64_t now);
/* Something else than the viewer needs one: a new encoder, a new size. */
void flight_force_key(struct flight *flight);

/* When flight_check has to be called, 0: not. */
int64_t flight_deadline(const struct flight *flight);
/* True: the oldest was too old; all are given up and a keyframe is wanted. */
bool flight_check(struct flight *flight, int64_t now);

#endif
