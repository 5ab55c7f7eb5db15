/* SPDX-License-Identifier: MIT */
/*
 * cast_ask.c - when a frame is asked for: as the capture rule (flight.c) and the steps of a window that
 * is too much (steps.c) say, for a keyframe, and until a window at rest is exact. What is done with
 * a frame that came is cast_window.c's.
 */
#include "boxcast/cast_impl.h"

struct steps_task cast_task(const struct cast *cast, struct picture_size window) {
	return (struct steps_task){
		.window = window,
		.refresh_mhz = cast->flight.refresh_mhz,
		.rate = encoder_rate(cast->encoder, window),
	};
}

/* When another frame may be asked for, if not now: some are left out of a window that moves. */
int64_t cast_ask_at(const struct cast *cast, int64_t now) {
	const struct steps_task task = cast_task(cast, cast->picture);
	uint32_t divisor = steps_divisor(&cast->steps, &task);
	if (divisor == 1 || cast->tiled || cast->captured_at == 0 || cast->flight.asked) {
		return 0;
	}
	// in the middle between two frames, so that it is the right one that is captured
	int64_t at = cast->captured_at +
		(2 * (int64_t)divisor - 1) * INT64_C(500000000000) / task.refresh_mhz;
	return at > now ? at : 0;
}

void cast_ask(struct cast *cast) {
	struct flight *flight = &cast->flight;
	if (!cast->started || cast->state != CAST_RUNS || cast_ask_at(cast, cast_now()) != 0) {
		return;
	}
	bool ask = flight_may_ask(flight);
	// a keyframe is wanted of a window at rest too
	if (flight->key_wanted && !cast->refreshed && cast->sequence > 0 && (ask || flight->asked)) {
		cast->refreshed = true;
		window_refresh(cast->window);
	}
	if (ask) {
		flight_asked(flight);
		window_next(cast->window);
	}
}

/* A window at rest is sent until it is exact: captures of the same, of which a part goes each time. */
int64_t cast_refine_at(const struct cast *cast) {
	const struct flight *flight = &cast->flight;
	bool idle = cast->started && flight->asked && !cast->refreshed && flight->coding == 0 &&
		flight->open <= 1;
	return idle ? lossless_due(cast->lossless) : 0;
}

void cast_refine(struct cast *cast) {
	cast_accept(cast, false);
	cast->refreshed = true;
	window_refresh(cast->window);
}
