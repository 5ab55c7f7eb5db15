/* SPDX-License-Identifier: MIT */
/*
 * window_feedback.c - asks the compositor when a picture was on the screen, and hands on what it says.
 */
#include "boxview/window_impl.h"

#include <stdlib.h>
#include <time.h>
#include <wayland-client.h>

#include "presentation-time-client-protocol.h"

#define FEEDBACKS_MAX 16 // asked for and not answered: a hidden window's are not

struct feedback {
	struct wl_list link; // window.feedbacks
	struct window *window;
	struct wp_presentation_feedback *object;
	struct window_shown shown;
};

static void feedback_destroy(struct feedback *feedback) {
	wl_list_remove(&feedback->link);
	feedback->window->feedback_count--;
	wp_presentation_feedback_destroy(feedback->object);
	free(feedback);
}

static void feedback_sync_output(void *data, struct wp_presentation_feedback *object,
		struct wl_output *output) {
	struct feedback *feedback = data;
	feedback->shown.refresh_ns = screens_refresh_ns(&feedback->window->globals->screens, output);
}

static void feedback_presented(void *data, struct wp_presentation_feedback *object,
		uint32_t seconds_hi, uint32_t seconds_lo, uint32_t ns, uint32_t refresh,
		uint32_t sequence_hi, uint32_t sequence_lo, uint32_t flags) {
	struct feedback *feedback = data;
	struct window *window = feedback->window;
	int64_t at = (int64_t)((uint64_t)seconds_hi << 32 | seconds_lo) * 1000000000 + ns;
	if (window->globals->presentation_clock != CLOCK_MONOTONIC) {
		at = window_now();
	}
	struct window_shown shown = feedback->shown;
	shown.at_ns = at;
	shown.refresh_ns = refresh > 0 ? refresh : shown.refresh_ns;
	feedback_destroy(feedback);
	window->events->presented(window->data, &shown);
}

static void feedback_discarded(void *data, struct wp_presentation_feedback *object) {
	struct feedback *feedback = data;
	struct window *window = feedback->window;
	const struct window_shown shown = feedback->shown;
	feedback_destroy(feedback);
	window->events->presented(window->data, &shown);
}

static const struct wp_presentation_feedback_listener feedback_listener = {
	.sync_output = feedback_sync_output,
	.presented = feedback_presented,
	.discarded = feedback_discarded,
};

struct window_shown *window_ask_feedback(struct window *window, const struct picture *picture) {
	if (!window->globals->presentation || window->feedback_count == FEEDBACKS_MAX) {
		return NULL;
	}
	struct feedback *feedback = calloc(1, sizeof(*feedback));
	if (!feedback) {
		return NULL;
	}
	feedback->window = window;
	feedback->shown.sequence = picture->sequence;
	feedback->shown.capture_ns = picture->capture_ns;
	feedback->shown.decoded_ns = picture->decoded_ns;
	feedback->object = wp_presentation_feedback(window->globals->presentation, window->video);
	wp_presentation_feedback_add_listener(feedback->object, &feedback_listener, feedback);
	wl_list_insert(&window->feedbacks, &feedback->link);
	window->feedback_count++;
	return &feedback->shown;
}

void window_forget_feedback(struct window *window) {
	struct feedback *feedback, *next;
	wl_list_for_each_safe(feedback, next, &window->feedbacks, link) {
		feedback_destroy(feedback);
	}
}
