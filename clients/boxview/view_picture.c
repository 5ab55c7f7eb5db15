/* SPDX-License-Identifier: MIT */
/*
 * view_picture.c - frames on their way to the window: put in order (order.c), decoded (decoder.c) or
 * laid on the canvas (canvas.c), and acknowledged. What the window does with them is window_draw.c's.
 */
#include "boxview/view_impl.h"

#include <stdlib.h>

#include "boxview/visible.h"

#define LOG_MODULE "view"
#include "base/log.h"

/* A picture is here: it counts as decoded, and is to be shown. */
static void view_picture(struct view *view, struct picture *picture) {
	const struct ack ack = {
		.sequence = picture->sequence,
		.capture_ns = picture->capture_ns,
		.waited_us = picture->waited_us,
		.decoding_us = picture->decoding_us,
		.at_ns = (uint64_t)picture->decoded_ns,
	};
	source_ack(view->source, &ack);
	view->decoded++;
	times_add(&view->wait, (int64_t)picture->waited_us * 1000);
	times_add(&view->decode, (int64_t)picture->decoding_us * 1000);
	if (view->stats_since == 0) {
		view->stats_since = view_now();
	}
	view->tiled = picture->canvas;
	source_set_drawn(view->source, decoder_name(view->decoder), window_path(view->window));
	if (order_outdated(&view->order, picture->sequence) && window_is_mapped(view->window)) {
		view->unseen++;
		picture_unref(picture);
	} else {
		window_show(view->window, picture);
	}
}

void view_forget_waiting(struct view *view) {
	free(view->waiting.bytes);
	view->waiting = (struct order_frame){0};
}

static void view_tiles(struct view *view, const struct order_frame *frame) {
	const char *why;
	int64_t begin = view_now();
	struct picture *picture = canvas_apply(&view->canvas, frame, &why);
	if (!picture) {
		log_debug("tiles %u are no use: %s", frame->sequence, why);
		order_broken(&view->order);
		return;
	}
	picture->scale = view->video.scale;
	picture->decoded_ns = view_now();
	picture->waited_us = (uint32_t)((begin - frame->came_ns) / 1000);
	picture->decoding_us = (uint32_t)((picture->decoded_ns - begin) / 1000);
	view_picture(view, picture);
}

/* The next frame that may be taken now. */
static bool view_next(struct view *view, struct order_frame *frame) {
	if (view->waiting.bytes) {
		if (decoder_inside(view->decoder) > 0) {
			return false;
		}
		*frame = view->waiting;
		view->waiting = (struct order_frame){0};
		return true;
	}
	return decoder_inside(view->decoder) < DECODER_INSIDE_MAX &&
		order_take(&view->order, frame, view_now());
}

void view_pump(struct view *view) {
	struct order_frame frame;
	while (view_next(view, &frame)) {
		if (frame.kind == FRAME_VIDEO) {
			decoder_push(view->decoder, frame.sequence, frame.key, frame.capture_ns, frame.came_ns,
				frame.bytes, frame.size);
		} else if (decoder_inside(view->decoder) > 0) {
			view->waiting = frame;
		} else {
			view_tiles(view, &frame);
			free(frame.bytes);
		}
	}
	if (order_ask_key(&view->order, view_now())) {
		source_key(view->source);
	}
}

/* What is to be seen of it, and how large. */
static void set_visible_part(const struct view *view, struct picture *picture) {
	visible_set(picture, &view->video);
	picture->colour = view->video.colour;
}

static void handle_picture(void *data, struct picture *picture) {
	struct view *view = data;
	set_visible_part(view, picture);
	canvas_set_video(&view->canvas, picture);
	view_picture(view, picture);
	view_pump(view);
}

static void handle_broken(void *data) {
	struct view *view = data;
	order_broken(&view->order);
	view_forget_waiting(view);
	// asked in view_prepare: this may be in the middle of a push
}

static void handle_takes(void *data) {
	struct view *view = data;
	source_set_takes(view->source, decoder_takes(view->decoder));
}

const struct decoder_events view_decoder_events = {
	.takes = handle_takes,
	.picture = handle_picture,
	.broken = handle_broken,
};
