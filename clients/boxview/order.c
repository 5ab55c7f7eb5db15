/* SPDX-License-Identifier: MIT */
/*
 * order.c - frames in order, and the need of keyframes. What a frame holds is not looked at.
 */
#include "boxview/order.h"

#include <stdlib.h>
#include <string.h>

void order_init(struct order *order) {
	*order = (struct order){.need_key = true};
}

/* Lets go of the first n frames. */
static void drop_first(struct order *order, size_t n) {
	for (size_t i = 0; i < n; i++) {
		order->bytes -= order->kept[i].size;
		free(order->kept[i].bytes);
	}
	order->count -= n;
	order->dropped += (uint32_t)n;
	memmove(order->kept, order->kept + n, order->count * sizeof(order->kept[0]));
}

void order_finish(struct order *order) {
	drop_first(order, order->count);
}

/* Sequences are compared as a circle: they may wrap. */
static bool before(uint32_t a, uint32_t b) {
	return (int32_t)(a - b) < 0;
}

/* What waits can be of use no more, but for a keyframe and those behind it. */
static void give_up(struct order *order) {
	size_t n = 0;
	while (n < order->count && !order->kept[n].key) {
		n++;
	}
	drop_first(order, n);
	order->gap_since = 0;
	if (order->count == 0) {
		order->need_key = true;
		order->ask = true;
	}
}

void order_broken(struct order *order) {
	order->need_key = true;
	give_up(order);
}

bool order_put(struct order *order, const struct frame *frame, int64_t now) {
	bool key = frame->flags & FRAME_KEY;
	if (frame->size == 0 || frame->size > ORDER_KEPT_BYTES) {
		order->dropped++;
		return false;
	}
	// late: it was given up, or a newer keyframe has taken its place
	if (!order->need_key && before(frame->sequence, order->next)) {
		order->dropped++;
		return false;
	}
	// a keyframe that is here already takes its place
	if (!key && order->count > 0 && order->kept[0].key &&
			before(frame->sequence, order->kept[0].sequence)) {
		order->dropped++;
		return false;
	}
	// needs what is not here and will not come
	if (!key && (order->need_key ? order->count == 0 :
			before(frame->base, order->from) || before(frame->sequence, frame->base))) {
		order->dropped++;
		order_broken(order);
		return false;
	}
	if (order->count == ORDER_KEPT || order->bytes > ORDER_KEPT_BYTES - frame->size) {
		give_up(order);
		if (order->count > 0 && !key) {
			drop_first(order, order->count);
			order_broken(order);
		}
		if (!key) {
			order->dropped++;
			return false;
		}
	}
	if (key) { // what was before it is not needed
		size_t n = 0;
		while (n < order->count && before(order->kept[n].sequence, frame->sequence)) {
			n++;
		}
		drop_first(order, n);
		// older than all that wait, of which the first is a keyframe as well
		if (order->count == ORDER_KEPT || order->bytes > ORDER_KEPT_BYTES - frame->size) {
			order->dropped++;
			return false;
		}
	}
	size_t i = order->count;
	while (i > 0 && before(frame->sequence, order->kept[i - 1].sequence)) {
		i--;
	}
	bool twice = i > 0 && order->kept[i - 1].sequence == frame->sequence;
	uint8_t *bytes = twice ? NULL : malloc(frame->size);
	if (!bytes) {
		order->dropped++;
		return false;
	}
	memcpy(bytes, frame->payload, frame->size);
	memmove(order->kept + i + 1, order->kept + i, (order->count - i) * sizeof(order->kept[0]));
	order->kept[i] = (struct order_frame){
		.sequence = frame->sequence,
		.kind = frame->kind,
		.key = key,
		.capture_ns = frame->capture_ns,
		.came_ns = now,
		.bytes = bytes,
		.size = frame->size,
	};
	order->count++;
	order->bytes += frame->size;
	return true;
}

/* A frame is taken, and this is the next. */
static void look_for_newer(struct order *order, const struct order_frame *taken) {
	const struct order_frame *next = &order->kept[0];
	if (order->count == 0 || next->sequence != taken->sequence + 1) {
		return;
	}
	if (next->came_ns < taken->came_ns && taken->came_ns > order->closed_at) {
		order->closed_at = taken->came_ns;
	}
	// each set of tiles is a part of the picture
	if (next->came_ns <= order->closed_at && taken->kind == FRAME_VIDEO && next->kind == FRAME_VIDEO) {
		order->show_from = next->sequence;
	}
}

bool order_outdated(const struct order *order, uint32_t sequence) {
	return before(sequence, order->show_from);
}

bool order_take(struct order *order, struct order_frame *out, int64_t now) {
	if (order->count == 0) {
		return false;
	}
	if (!order->kept[0].key && (order->need_key || order->kept[0].sequence != order->next)) {
		if (order->gap_since == 0) {
			order->gap_since = now;
		}
		if (now - order->gap_since < ORDER_PATIENCE_NS) {
			return false;
		}
		give_up(order);
		if (order->count == 0) {
			return false;
		}
	}
	*out = order->kept[0];
	order->count--;
	order->bytes -= out->size;
	memmove(order->kept, order->kept + 1, order->count * sizeof(order->kept[0]));
	if (out->key) {
		order->from = out->sequence;
		order->need_key = false;
		order->ask = false;
		order->asked_at = 0;
	}
	order->next = out->sequence + 1;
	order->gap_since = 0;
	look_for_newer(order, out);
	return true;
}

bool order_ask_key(struct order *order, int64_t now) {
	if (!order->ask || (order->asked_at != 0 && now - order->asked_at < ORDER_ASK_NS)) {
		return false;
	}
	order->asked_at = now;
	order->asked++;
	return true;
}

int64_t order_deadline(const struct order *order) {
	int64_t deadline = order->gap_since ? order->gap_since + ORDER_PATIENCE_NS : 0;
	if (order->ask && order->asked_at != 0) {
		int64_t again = order->asked_at + ORDER_ASK_NS;
		deadline = deadline == 0 || again < deadline ? again : deadline;
	}
	return deadline;
}
