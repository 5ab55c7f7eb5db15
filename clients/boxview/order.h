/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_ORDER_H
#define BOXVIEW_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/frame.h"

/*
 * Puts frames in order before the decoder: each travels a stream of its own and may overtake. Says
 * when only a keyframe helps, and asks for one at a time. Pure: times are given by the caller.
 */

#define ORDER_KEPT 128                   // frames that wait for an earlier one: all that may be under way
#define ORDER_KEPT_BYTES (24u << 20)     // and their bytes
/*
 * An earlier one is not awaited longer. A source takes none back without a keyframe in its place, and what
 * was lost is sent again, which takes a round trip or two: to ask for a keyframe sooner makes it all worse.
 */
#define ORDER_PATIENCE_NS 1000000000
#define ORDER_ASK_NS 1000000000          // a keyframe is not asked for again sooner

struct order_frame {
	uint32_t sequence;
	enum op_kind kind; // video or tiles
	bool key;
	uint64_t capture_ns;
	int64_t came_ns;
	uint8_t *bytes; // malloc'd
	size_t size;
};

struct order {
	struct order_frame kept[ORDER_KEPT]; // by sequence
	size_t count, bytes;
	uint32_t next;     // the sequence that continues what was decoded
	uint32_t from;     // the oldest that was decoded without a gap
	bool need_key;     // nothing else can be decoded
	bool ask;          // and something came that could not be
	int64_t asked_at;  // 0: not asked since the last keyframe
	int64_t gap_since; // 0: no gap
	int64_t closed_at; // when the frame came that others had waited for
	uint32_t show_from; // what is before it need not be shown
	uint32_t dropped, asked; // counted for stats
};

void order_init(struct order *order);
void order_finish(struct order *order);

/* Copies the frame. false: no memory, or it is of no use. */
bool order_put(struct order *order, const struct frame *frame, int64_t now);
/* The next one for the decoder; out->bytes is the caller's. false: none now. */
bool order_take(struct order *order, struct order_frame *out, int64_t now);
/* A newer frame is here that waited for the same one: that alone is worth showing, for it is the youngest. */
bool order_outdated(const struct order *order, uint32_t sequence);
/* The decoder could not decode: what follows needs a keyframe. */
void order_broken(struct order *order);
/* Whether to say `key please` now; true at most once a second until a keyframe comes. */
bool order_ask_key(struct order *order, int64_t now);
/* When order_take and order_ask_key have to be looked at again; 0: not before another frame. */
int64_t order_deadline(const struct order *order);

#endif
