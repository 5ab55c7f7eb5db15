/* SPDX-License-Identifier: MIT */
#ifndef FRAME_CLOCK_H
#define FRAME_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

/*
 * Ticks with a phase, for what has no screen behind it that says when: a headless output, and the frame
 * callbacks of a window that is watched elsewhere. It runs only while one is wanted.
 */

struct frame_clock {
	void (*tick)(void *data); // within frame_clock_want, or from the loop
	void *data;
	int64_t at_ns, period_ns; // it ticks then, and at each period from there
	int64_t last_ns;          // it ticked
	bool armed;
	int fd; // -1: none
	struct wl_event_source *source;
};

/* Ticks at 60 Hz until it is set. false: logged; to be finished all the same. */
bool frame_clock_init(struct frame_clock *clock, struct wl_event_loop *loop,
	void (*tick)(void *data), void *data);
void frame_clock_finish(struct frame_clock *clock);

/* at_ns: CLOCK_MONOTONIC of any of its ticks. */
void frame_clock_set(struct frame_clock *clock, int64_t at_ns, int64_t period_ns);
/* One tick: the next one; or now, if the last is a period ago: who rested is not to wait. */
void frame_clock_want(struct frame_clock *clock);

#endif
