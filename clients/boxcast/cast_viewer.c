/* SPDX-License-Identifier: MIT */
/*
 * cast_viewer.c - what the viewer asks and tells: acks, keyframes, what it takes and what the way
 * carries, for the encoder; sizes, focus and input, for the window.
 */
#include <stdlib.h>

#include "boxcast/cast_impl.h"
#include "media/media.h"

#define LOG_MODULE "cast"
#include "base/log.h"

uint32_t cast_rate(const struct cast *cast) {
	return encoder_rate(cast->encoder, cast->picture) * (cast->again.on ? 2 : 1);
}

uint32_t cast_room(const struct cast *cast, struct picture_size size) {
	uint32_t most = encoder_most(cast->encoder, size);
	return cast->carried > 0 && cast->carried < most ? cast->carried : most;
}

void cast_limit(struct cast *cast) {
	uint32_t limit = cast->pace.limit;
	int64_t now = cast_now();
	uint64_t told = pace_carries(&cast->pace, now);
	const struct steps_task task = cast_task(cast, cast->picture);
	if (cast->again.on) {
		uint32_t share = again_share(told);
		uint32_t enough = steps_enough(&task), most = again_short(&cast->again,
			task.refresh_mhz / steps_divisor(&cast->steps, &task));
		most = most > enough ? most : enough;
		most = most < share ? most : share;
		limit = limit == 0 || limit / 2 > most ? most : limit / 2;
	}
	cast->carried = limit;
	uint32_t brief = brief_limit(&cast->brief, told, steps_good(&task), now);
	encoder_set_limit(cast->encoder, brief > 0 && (limit == 0 || brief < limit) ? brief : limit);
}

/* A frame was so long on its way and back. */
static void cast_pace(struct cast *cast, int64_t way_ns, int64_t now) {
	int64_t wait = way_ns - cast->flight.rtt_ns;
	uint32_t most = encoder_most(cast->encoder, cast->picture) * (cast->again.on ? 2 : 1);
	pace_acked(&cast->pace, wait > 0 ? wait : 0, cast->flight.rtt_ns, cast_rate(cast), most, now);
	cast_limit(cast);
}

static void cast_set_clock(struct cast *cast) {
	window_set_clock(cast->window, cast->phase.tick_ns, cast->phase.period_ns);
}

static void handle_ack(void *data, const struct ack *ack) {
	struct cast *cast = data;
	int64_t now = cast_now(), latency;
	stages_acked(&cast->stats.stages, ack, now);
	flight_acked(&cast->flight, ack, now, &latency);
	if (latency >= 0) {
		if (!cast->tiled) {
			steps_decoded(&cast->steps, (int64_t)ack->decoding_us * 1000);
		}
		int64_t way_ns = latency - ((int64_t)ack->waited_us + ack->decoding_us) * 1000;
		brief_acked(&cast->brief, ack->sequence, way_ns, now);
		cast_pace(cast, way_ns, now);
	}
	if (ack->presented_ns != 0) {
		phase_shown(&cast->phase, ack->capture_ns, ack->at_ns, ack->presented_ns);
	} else if (phase_decoded(&cast->phase, ack->capture_ns, ack->at_ns, now)) {
		cast_set_clock(cast);
	}
	cast_ask(cast);
}

static void handle_key(void *data) {
	struct cast *cast = data;
	flight_want_key(&cast->flight, cast_now());
	cast_ask(cast);
}

static void handle_rate(void *data, uint32_t bits) {
	struct cast *cast = data;
	encoder_set_rate(cast->encoder, bits);
}

static void handle_path(void *data, const struct line_path *path) {
	struct cast *cast = data;
	cast->path = *path;
	stages_network(&cast->stats.stages, path->least_ns);
	int64_t now = cast_now();
	pace_path(&cast->pace, path, cast_rate(cast), now);
	const struct steps_task task = cast_task(cast, cast->picture);
	bool was = cast->again.on;
	again_path(&cast->again, path, pace_carries(&cast->pace, now), steps_enough(&task), now);
	if (was != cast->again.on) {
		log_info("each frame is sent %s from now on", was ? "once" : "twice: packets are lost on a long way");
	}
	cast_limit(cast);
}

static void handle_takes(void *data, const struct codec_list *takes) {
	struct cast *cast = data;
	static const char *const more[] = {"x265", "aom", NULL};
	if (codec_list_place(takes, CODEC_H264) == CODECS) {
		media_load(more); // large, and no other viewer has use for them
	}
	encoder_set_takes(cast->encoder, takes);
}

static void handle_size(void *data, struct picture_size size) {
	struct cast *cast = data;
	window_set_size(cast->window, size);
}

static void handle_scale(void *data, uint32_t scale) {
	struct cast *cast = data;
	window_set_scale(cast->window, scale);
}

static void handle_refresh(void *data, uint32_t us) {
	struct cast *cast = data;
	if (phase_set_refresh(&cast->phase, (int64_t)us * 1000, cast_now())) {
		cast->flight.refresh_mhz = phase_refresh_mhz(&cast->phase);
		encoder_set_refresh(cast->encoder, cast->flight.refresh_mhz);
		cast_set_clock(cast);
	}
}

static void handle_focus(void *data, bool focused) {
	struct cast *cast = data;
	window_set_focus(cast->window, focused);
}

static void handle_visible(void *data, bool visible) {
	struct cast *cast = data;
	window_set_visible(cast->window, visible);
}

static void handle_drawn(void *data, const struct line_drawn *drawn) {
	struct cast *cast = data;
	cast->drawn = *drawn;
}

static void handle_tell(void *data, bool on) {
	struct cast *cast = data;
	cast->tell = on;
}

static void handle_close(void *data) {
	struct cast *cast = data;
	window_close(cast->window);
}

static void handle_input(void *data, const struct input_record *records, int count) {
	struct cast *cast = data;
	window_input(cast->window, records, count);
}

static void handle_keymap(void *data, const char *text) {
	struct cast *cast = data;
	window_keymap(cast->window, text);
}

static void handle_modifiers(void *data, const uint32_t values[static 4]) {
	struct cast *cast = data;
	window_modifiers(cast->window, values);
}

static void handle_repeat(void *data, int rate, int delay) {
	struct cast *cast = data;
	window_repeat(cast->window, rate, delay);
}

static void handle_ended(void *data, const char *why) {
	struct cast *cast = data;
	if (cast->state == CAST_ENDS) {
		cast_over(cast, cast->result);
	} else if (why) {
		log_error("the viewer was lost: %s", why);
		cast_over(cast, 3);
	} else {
		viewer_end(cast->viewer, NULL);
		cast_over(cast, EXIT_SUCCESS);
	}
}

const struct viewer_events cast_viewer_events = {
	.ack = handle_ack,
	.key = handle_key,
	.rate = handle_rate,
	.path = handle_path,
	.takes = handle_takes,
	.size = handle_size,
	.scale = handle_scale,
	.refresh = handle_refresh,
	.focus = handle_focus,
	.visible = handle_visible,
	.drawn = handle_drawn,
	.tell = handle_tell,
	.close = handle_close,
	.input = handle_input,
	.keymap = handle_keymap,
	.modifiers = handle_modifiers,
	.repeat = handle_repeat,
	.ended = handle_ended,
};
