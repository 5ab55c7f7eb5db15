/* SPDX-License-Identifier: MIT */
/*
 * view_window.c - what comes of the window: its size and whether it is seen go to the source, and so
 * does when a picture was on the screen. Input does not pass here (seat.c).
 */
#include "boxview/view_impl.h"

#include <stdlib.h>

#define SIZE_NS 16000000 // one size a frame while a border is dragged

void view_say_size(struct view *view, int64_t now) {
	if (view->wanted_width > 0 && now - view->size_said_at >= SIZE_NS) {
		source_set_size(view->source, view->wanted_width, view->wanted_height);
		view->wanted_width = 0;
		view->size_said_at = now;
	}
}

int64_t view_size_at(const struct view *view) {
	return view->wanted_width > 0 ? view->size_said_at + SIZE_NS : 0;
}

static void handle_size(void *data, int width, int height) {
	struct view *view = data;
	view->wanted_width = width;
	view->wanted_height = height;
	view_say_size(view, view_now());
}

static void handle_scale(void *data, uint32_t scale) {
	struct view *view = data;
	source_set_scale(view->source, scale < 120 ? 120 : scale);
}

static void handle_visible(void *data, bool visible) {
	struct view *view = data;
	source_set_visible(view->source, visible);
}

static void handle_close(void *data) {
	struct view *view = data;
	if (source_is_attached(view->source)) {
		source_close(view->source); // the application decides
	} else {
		view_over(view, EXIT_SUCCESS);
	}
}

static void handle_chord(void *data) {
	struct view *view = data;
	view->panel.on = !view->panel.on;
	source_set_tell(view->source, view->panel.on);
	if (view->panel.on) {
		view->panel.told = false;
		view->panel.said_at = 0;
		view_say_panel(view, view_now());
	} else {
		window_set_panel(view->window, NULL);
	}
}

static void handle_drawn(void *data, const struct picture *picture) {
	struct view *view = data;
	view->drawn++;
	view->shown_capture_ns = picture->capture_ns;
	if (view->veiled && view->lost_at == 0) {
		view->veiled = false;
		window_set_sentence(view->window, NULL);
	}
}

static void handle_presented(void *data, const struct window_shown *shown) {
	struct view *view = data;
	if (shown->at_ns == 0) {
		view->unseen++;
		return;
	}
	if (shown->refresh_ns > 0) {
		source_set_refresh(view->source, (uint32_t)(shown->refresh_ns / 1000));
	}
	times_add(&view->draw, shown->drawn_ns - shown->decoded_ns);
	times_add(&view->present, shown->at_ns - shown->drawn_ns);
	const struct ack ack = {
		.sequence = shown->sequence,
		.capture_ns = shown->capture_ns,
		.presented_ns = (uint64_t)shown->at_ns,
		.at_ns = (uint64_t)shown->drawn_ns,
	};
	source_ack(view->source, &ack);
}

static void handle_failed(void *data) {
	struct view *view = data;
	view_end(view);
}

const struct window_events view_window_events = {
	.size = handle_size,
	.scale = handle_scale,
	.visible = handle_visible,
	.close = handle_close,
	.chord = handle_chord,
	.drawn = handle_drawn,
	.presented = handle_presented,
	.failed = handle_failed,
};
