/* SPDX-License-Identifier: MIT */
/*
 * frame_clock.c - ticks with a phase, by a timer finer than the loop's milliseconds. Who wants ticks, and
 * gets them, are output.c and stream/capture.c; who moves the phase of the latter is boxcast (phase.c there).
 */
#include "frame_clock.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOG_MODULE "clock"
#include "base/log.h"

#define PERIOD_NS 16666667

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void run(struct frame_clock *clock) {
	clock->armed = false;
	clock->last_ns = now_ns();
	clock->tick(clock->data);
}

static int handle_timer(int fd, uint32_t mask, void *data) {
	struct frame_clock *clock = data;
	uint64_t count;
	if (read(fd, &count, sizeof(count)) == sizeof(count) && clock->armed) {
		run(clock);
	}
	return 0;
}

// Where the phase was moved, two ticks may be closer than a period, but not by half.
static void arm(struct frame_clock *clock) {
	int64_t least = clock->last_ns + clock->period_ns * 3 / 5 - clock->at_ns;
	int64_t turns = least / clock->period_ns + (least % clock->period_ns > 0);
	int64_t due = clock->at_ns + turns * clock->period_ns;
	const struct itimerspec timer = {
		.it_value = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000},
	};
	clock->armed = timerfd_settime(clock->fd, TFD_TIMER_ABSTIME, &timer, NULL) == 0;
}

bool frame_clock_init(struct frame_clock *clock, struct wl_event_loop *loop,
		void (*tick)(void *data), void *data) {
	*clock = (struct frame_clock){.tick = tick, .data = data, .period_ns = PERIOD_NS};
	clock->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (clock->fd >= 0) {
		clock->source =
			wl_event_loop_add_fd(loop, clock->fd, WL_EVENT_READABLE, handle_timer, clock);
	}
	if (!clock->source) {
		log_errno("no clock for frames");
	}
	return clock->source;
}

void frame_clock_finish(struct frame_clock *clock) {
	if (clock->source) {
		wl_event_source_remove(clock->source);
	}
	if (clock->fd >= 0) {
		close(clock->fd);
	}
}

void frame_clock_set(struct frame_clock *clock, int64_t at_ns, int64_t period_ns) {
	clock->at_ns = at_ns;
	clock->period_ns = period_ns;
	if (clock->armed) {
		arm(clock);
	}
}

void frame_clock_want(struct frame_clock *clock) {
	if (clock->armed) {
		return;
	}
	if (now_ns() - clock->last_ns >= clock->period_ns) {
		run(clock);
	} else {
		arm(clock);
	}
}
