/* SPDX-License-Identifier: MIT */
/*
 * view_source.c - what the source says: its pictures go on in order (view_picture.c), its facts to the
 * window, and its end to the person who looks. How frames and lines are read is source.c's.
 */
#include "boxview/view_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <wayland-client.h>

#include "box-view-v1-client-protocol.h"
#include "boxview/text.h"

#define LOG_MODULE "view"
#include "base/log.h"

static void handle_video(void *data, const struct source_video *video) {
	struct view *view = data;
	view->video = *video;
	decoder_set_codec(view->decoder, video->codec);
	// It may come behind what it is about.
	window_know_scale(view->window, video->width, video->height, video->scale);
}

static void handle_frame(void *data, const struct frame *frame) {
	struct view *view = data;
	order_put(&view->order, frame, view_now());
	view_pump(view);
}

void view_set_title(struct view *view, const char *title) {
	char *whole = text_title(title, view->node);
	if (whole) {
		window_set_title(view->window, whole);
	}
	free(whole);
}

static void handle_title(void *data, const char *title) {
	view_set_title(data, title);
}

static void handle_app_id(void *data, const char *app_id) {
	struct view *view = data;
	char *clean = text_clean(app_id, 256);
	if (clean) {
		window_set_app_id(view->window, clean);
	}
	free(clean);
}

static void handle_limits(void *data, const struct source_limits *limits) {
	struct view *view = data;
	window_set_limits(view->window, limits);
}

static void handle_lock(void *data, bool locked) {
	struct view *view = data;
	seat_set_lock(view->seat, locked);
}

static void handle_stages(void *data, const struct source_stages *stages) {
	struct view *view = data;
	view->panel.stages = *stages;
	view->panel.told = true;
}

/* Dims the picture and says so. */
static void veil(struct view *view, const char *first, const char *second, const char *third) {
	char sentence[700];
	snprintf(sentence, sizeof(sentence), "%s%s%s", first, second, third);
	char *clean = text_clean(sentence, 600);
	if (clean) {
		window_set_sentence(view->window, clean);
		view->veiled = true;
	}
	free(clean);
}

/* There is no picture to write it on. */
static void tell_desktop(struct view *view, const char *why) {
	struct box_view_v1 *box_view = view->globals.box_view;
	if (!box_view || box_view_v1_get_version(box_view) < BOX_VIEW_V1_LOST_SINCE_VERSION) {
		return;
	}
	char *clean = text_clean(why, 400);
	struct wl_event_queue *queue = wl_display_create_queue(view->globals.display);
	if (clean && queue) {
		box_view_v1_lost(box_view, clean);
		wl_display_roundtrip_queue(view->globals.display, queue); // before it hears of our end
	}
	if (queue) {
		wl_event_queue_destroy(queue);
	}
	free(clean);
}

static void handle_source_ended(void *data, const char *why, bool said) {
	struct view *view = data;
	if (view->state != VIEW_RUNS) {
		view_over(view, EXIT_SUCCESS);
	} else if (!why) {
		source_end(view->source);
		view_over(view, EXIT_SUCCESS);
	} else if (!window_is_mapped(view->window)) {
		log_error("%s was lost before its first picture: %s", view->from, why);
		if (said) {
			tell_desktop(view, why);
		}
		view_over(view, 3);
	} else {
		log_error("%s was lost: %s", view->from, why);
		view->lost_at = view_now();
		seat_set_lock(view->seat, false); // a pointer held for nobody
		if (said) {
			source_end(view->source); // who said it waits for that
			veil(view, view->node, ": ", why);
		} else {
			veil(view, "lost touch with ", view->node, " — waiting for it to return");
		}
	}
}

const struct source_events view_source_events = {
	.video = handle_video,
	.frame = handle_frame,
	.title = handle_title,
	.app_id = handle_app_id,
	.limits = handle_limits,
	.lock = handle_lock,
	.stages = handle_stages,
	.ended = handle_source_ended,
};
