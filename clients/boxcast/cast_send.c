/* SPDX-License-Identifier: MIT */
/*
 * cast_send.c - what is sent: pictures of both lanes, numbered, the line that says of what kind they
 * are, frames sent again; and what comes out of the encoder for that.
 */
#include <stdio.h>
#include <string.h>

#include "boxcast/cast_impl.h"

#define LOG_MODULE "cast"
#include "base/log.h"

void cast_say_video(struct cast *cast, struct picture_size picture, struct picture_size coded) {
	char line[sizeof(cast->said_video)], smaller[40] = "", scaled[24] = "";
	uint32_t scale = cast_scale(cast, picture);
	if (scale != 120) {
		snprintf(scaled, sizeof(scaled), " scale=%u", scale);
	}
	if (coded.width != picture.width || coded.height != picture.height) {
		snprintf(smaller, sizeof(smaller), " coded=%dx%d", coded.width, coded.height);
	}
	snprintf(line, sizeof(line), "codec=%s size=%dx%d%s%s colour=%s", codec_name(cast->codec),
		picture.width, picture.height, smaller, scaled, cast->colour);
	if (strcmp(line, cast->said_video) != 0) {
		memcpy(cast->said_video, line, sizeof(line));
		cast->picture = picture;
		cast->coded = coded;
		viewer_say(cast->viewer, CONTROL_VIDEO, "%s", line);
	}
}

/* What was kept is sent a second time, and this video frame is kept. */
static void cast_again(struct cast *cast, const struct frame *frame) {
	bool key = frame->flags & FRAME_KEY;
	if (cast->again_frame.size > 0 && !key) {
		cast->again_frame.payload = buf_front(&cast->again_bytes);
		viewer_send_picture(cast->viewer, &cast->again_frame);
		pace_sent(&cast->pace, cast->again_frame.size);
		stats_again(&cast->stats, cast->again_frame.size);
	}
	cast->again_frame.size = 0;
	buf_drop(&cast->again_bytes, cast->again_bytes.size);
	// a keyframe is large, and what was before it is of no use any more
	if (cast->again.on && frame->kind == FRAME_VIDEO && !key &&
			buf_append(&cast->again_bytes, frame->payload, frame->size)) {
		cast->again_frame = *frame;
	}
}

void cast_send(struct cast *cast, struct frame *frame, int64_t came_ns, int64_t coded_ns) {
	bool key = frame->flags & FRAME_KEY;
	frame->sequence = ++cast->sequence;
	if (key) {
		cast->whole = cast->sequence;
	}
	if (key && frame->kind == FRAME_VIDEO) {
		cast->key_sequence = cast->sequence;
	}
	frame->base = frame->kind == FRAME_VIDEO ? cast->key_sequence : cast->whole;
	viewer_send_picture(cast->viewer, frame);
	cast_again(cast, frame);
	cast->tiled = frame->kind == FRAME_TILES;
	int64_t now = cast_now();
	flight_sent(&cast->flight, cast->sequence, key, now);
	stages_sent(&cast->stats.stages, frame->sequence, frame->capture_ns, came_ns, coded_ns, now);
	stats_frame(&cast->stats, frame->size, key);
	pace_sent(&cast->pace, frame->size);
	if (frame->kind == FRAME_VIDEO) {
		brief_sent(&cast->brief, frame->sequence, frame->size);
	}
}

/* Whether the encoder, the viewer's decoder and the rate suffice for what is coded. */
static void cast_step(struct cast *cast, const struct pipeline_coded *coded) {
	int64_t began = coded->came_ns > cast->coded_at ? coded->came_ns : cast->coded_at;
	steps_encoded(&cast->steps, coded->coded_ns - began, coded->came_ns - cast->came_at);
	cast->coded_at = coded->coded_ns;
	cast->came_at = coded->came_ns;
	const struct steps_task task = cast_task(cast, coded->picture);
	if (steps_look(&cast->steps, &task, cast_now())) {
		struct picture_size size = steps_size(&cast->steps, &task);
		log_info("coding %dx%d of %dx%d, of one frame in %u from now on: %s", size.width, size.height,
			task.window.width, task.window.height, steps_divisor(&cast->steps, &task),
			cast->steps.why);
	}
}

static void handle_coded(void *data, const struct pipeline_coded *coded) {
	struct cast *cast = data;
	if (cast->state != CAST_RUNS) {
		return;
	}
	if (cast->key_sequence == 0 && !coded->key) {
		flight_dropped(&cast->flight, 1); // nobody could decode it
		flight_force_key(&cast->flight);
		cast_ask(cast);
		return;
	}
	cast->codec = coded->codec;
	cast->colour = coded->colour;
	cast_say_video(cast, coded->picture, coded->coded);
	struct frame picture = {
		.kind = FRAME_VIDEO,
		.flags = coded->key ? FRAME_KEY : 0,
		.capture_ns = coded->capture_ns,
		.payload = coded->bytes,
		.size = coded->size,
	};
	cast_send(cast, &picture, coded->came_ns, coded->coded_ns);
	cast_step(cast, coded);
	cast_ask(cast);
}

static void handle_released(void *data, uint32_t serial) {
	struct cast *cast = data;
	window_release(cast->window, serial);
}

static void handle_dropped(void *data, uint32_t frames) {
	struct cast *cast = data;
	flight_dropped(&cast->flight, frames);
	flight_force_key(&cast->flight);
	cast_ask(cast);
}

static void handle_refuse_dmabuf(void *data) {
	struct cast *cast = data;
	cast_accept(cast, false);
}

static void handle_failed(void *data, const char *why) {
	struct cast *cast = data;
	struct op_refusal refusal = {0};
	op_refuse(&refusal, OP_EIO, "%s", why);
	log_error("%s", why);
	cast_end_with(cast, &refusal, encoder_may_recover(cast->encoder) ? 5 : 4);
}

const struct encoder_events cast_encoder_events = {
	.coded = handle_coded,
	.released = handle_released,
	.dropped = handle_dropped,
	.refuse_dmabuf = handle_refuse_dmabuf,
	.failed = handle_failed,
};
