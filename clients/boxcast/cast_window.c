/* SPDX-License-Identifier: MIT */
/*
 * cast_window.c - what comes of the window: its captures, which go to one of the two lanes (lossless.c,
 * encoder.c), and its facts, which are passed on to the viewer.
 */
#include <stdlib.h>
#include <string.h>

#include "box/utf8.h"
#include "boxcast/cast_impl.h"

#define TITLE_MAX 1024

static void handle_start(void *data, uint32_t refresh_mhz) {
	struct cast *cast = data;
	uint32_t said_mhz = phase_refresh_mhz(&cast->phase); // a viewer that is met again may be first
	flight_init(&cast->flight, said_mhz > 0 ? said_mhz : refresh_mhz);
	encoder_set_refresh(cast->encoder, cast->flight.refresh_mhz);
	cast->started = true;
	cast_ask(cast);
}

/* A GPU's memory is for its encoder; tiles are made of memory that can be read. */
void cast_accept(struct cast *cast, bool accept) {
	uint32_t format, count = 0;
	uint64_t modifier;
	if (!accept && cast->accepting) {
		window_refuse_dmabuf(cast->window);
	}
	while (accept && !cast->accepting && encoder_dmabuf(cast->encoder, count, &format, &modifier)) {
		window_accept_dmabuf(cast->window, format, modifier);
		count++;
	}
	cast->accepting = accept && (cast->accepting || count > 0);
}

/* The encoder may still have captures of the size before. */
static void cast_note_scale(struct cast *cast, struct picture_size size, uint32_t scale) {
	struct scaled *now = &cast->scaled[0];
	if (size.width != now->size.width || size.height != now->size.height || scale != now->scale) {
		cast->scaled[1] = *now;
		*now = (struct scaled){size, scale};
	}
}

uint32_t cast_scale(const struct cast *cast, struct picture_size size) {
	const struct scaled *before = &cast->scaled[1];
	bool is_before = cast->scaled[0].size.width != size.width ||
		cast->scaled[0].size.height != size.height;
	return is_before && before->size.width == size.width && before->size.height == size.height ?
		before->scale : cast->scaled[0].scale;
}

/* false: the capture is for video. */
static bool cast_tile(struct cast *cast, const struct window_frame *frame, bool key, int64_t now) {
	uint32_t rate = cast_room(cast, frame->size);
	switch (lossless_take(cast->lossless, frame, key, cast->flight.coding > 1, rate, now,
			&cast->tiles)) {
	case LOSSLESS_VIDEO:
		return false;
	case LOSSLESS_NOTHING:
		flight_dropped(&cast->flight, 1);
		return true;
	case LOSSLESS_WROTE:
		break;
	}
	cast_say_video(cast, frame->size, frame->size);
	struct frame picture = {
		.kind = FRAME_TILES,
		.flags = key ? FRAME_KEY : 0,
		.capture_ns = frame->capture_ns,
		.payload = buf_front(&cast->tiles),
		.size = cast->tiles.size,
	};
	cast_send(cast, &picture, now, cast_now());
	buf_drop(&cast->tiles, cast->tiles.size);
	return true;
}

static void handle_frame(void *data, const struct window_frame *frame) {
	struct cast *cast = data;
	if (cast->state != CAST_RUNS) {
		window_release(cast->window, frame->serial);
		return;
	}
	int64_t now = cast_now();
	const struct steps_task task = cast_task(cast, frame->size);
	cast->input = frame->own ? "own-dmabuf" : frame->dmabuf ? "dmabuf" : "memfd";
	stages_captured(&cast->stats.stages, frame->capture_ns, frame->committed_ns);
	phase_captured(&cast->phase, frame->capture_ns, steps_divisor(&cast->steps, &task));
	cast->refreshed = false;
	cast_note_scale(cast, frame->size, frame->scale);
	bool key = flight_captured(&cast->flight);
	cast->video_key = cast->video_key || key;
	if (cast_tile(cast, frame, key, now)) {
		window_release(cast->window, frame->serial);
	} else {
		key = cast->video_key;
		cast->video_key = false;
		cast->captured_at = now;
		encoder_set_divisor(cast->encoder, steps_divisor(&cast->steps, &task));
		encoder_push(cast->encoder, frame, steps_size(&cast->steps, &task), now, key);
	}
	cast_accept(cast, lossless_moving(cast->lossless, now));
	cast_ask(cast);
}

static void say_text(struct cast *cast, int word, const char *text) {
	size_t size = utf8_cut(text, strlen(text), TITLE_MAX);
	viewer_say(cast->viewer, word, "%.*s", (int)size, text);
}

static void handle_title(void *data, const char *title) {
	say_text(data, CONTROL_TITLE, title);
}

static void handle_app_id(void *data, const char *app_id) {
	say_text(data, CONTROL_APP_ID, app_id);
}

static void handle_limits(void *data, struct picture_size min, struct picture_size max) {
	struct cast *cast = data;
	viewer_say(cast->viewer, CONTROL_LIMITS, "%dx%d %dx%d", min.width, min.height, max.width,
		max.height);
}

static void handle_lock(void *data, bool locked) {
	struct cast *cast = data;
	viewer_say(cast->viewer, CONTROL_LOCK, "%s", locked ? "on" : "off");
}

static void handle_gone(void *data, bool lost) {
	struct cast *cast = data;
	struct op_refusal why = {0};
	if (lost) {
		op_refuse(&why, OP_EIO, "the desktop of this window has ended: start it again and link");
	}
	cast_end_with(cast, lost ? &why : NULL, EXIT_SUCCESS);
}

static void handle_choked(void *data, bool choked) {
	struct cast *cast = data;
	viewer_pause(cast->viewer, choked);
}

const struct window_events cast_window_events = {
	.start = handle_start,
	.frame = handle_frame,
	.title = handle_title,
	.app_id = handle_app_id,
	.limits = handle_limits,
	.lock = handle_lock,
	.gone = handle_gone,
	.choked = handle_choked,
};
