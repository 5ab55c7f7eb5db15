/* SPDX-License-Identifier: MIT */
/*
 * cast.c - joins the window (window.c), the two lanes of its picture (lossless.c, encoder.c) and its
 * viewer (viewer.c) by the capture rule (flight.c). When a frame is asked for, and how a view ends, is
 * decided here.
 */
#include "boxcast/cast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "box/utf8.h"
#include "boxcast/again.h"
#include "boxcast/encoder.h"
#include "boxcast/flight.h"
#include "boxcast/lossless.h"
#include "boxcast/pace.h"
#include "boxcast/stats.h"
#include "boxcast/steps.h"
#include "boxcast/viewer.h"
#include "boxcast/window.h"
#include "media/media.h"

#define LOG_MODULE "cast"
#include "base/log.h"

#define STATS_NS 1000000000
#define END_NS 2000000000 // the viewer's end is not awaited longer
#define TITLE_MAX 1024
#define COLOUR_FIRST "bt601-limited" // said of tiles, which have none, until video says its own

struct cast {
	struct wl_event_source *timer;
	int64_t timer_at; // as it is set, 0: not
	struct window *window;
	struct lossless *lossless;
	struct encoder *encoder;
	struct viewer *viewer;
	struct flight flight;
	struct pace pace;
	struct again again;
	struct frame again_frame; // the last video frame, to be sent again behind the next one; size 0: none
	struct buf again_bytes;   // its payload
	struct steps steps;
	int64_t came_at, coded_at; // when the last coded frame was here, and came out of the encoder
	int64_t captured_at; // the last for video
	struct line_path path; // as boxd said it last; all 0: it never did
	struct stats stats;
	bool started; // boxland said all facts
	bool refreshed; // refresh was said and its frame has not come
	enum cast_state state;
	int result;
	int64_t ends_at;

	uint32_t sequence;     // of the last picture sent
	uint32_t whole;        // of the last that needed nothing, of either lane
	uint32_t key_sequence; // of the last keyframe of the video lane
	bool video_key;        // the next video frame is to be a keyframe
	bool accepting;        // boxland may send dmabufs
	bool tiled;            // the last picture went as tiles
	struct buf tiles;      // a payload, while it is made and sent
	char said_video[128];  // the control line in force
	struct scaled {
		struct picture_size size;
		uint32_t scale; // in 120ths
	} scaled[2]; // captures, the last one's and, where that differs, the one's before
	enum codec codec;
	const char *colour;
	struct picture_size picture, coded;
	struct {
		uint32_t sequence;
		int64_t at;
	} acked; // the last first ack
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct steps_task task_of(const struct cast *cast, struct picture_size window) {
	return (struct steps_task){
		.window = window,
		.refresh_mhz = cast->flight.refresh_mhz,
		.rate = encoder_rate(cast->encoder, window),
	};
}

/* When another frame may be asked for, if not now: some are left out of a window that moves. */
static int64_t cast_ask_at(const struct cast *cast, int64_t now) {
	const struct steps_task task = task_of(cast, cast->picture);
	uint32_t divisor = steps_divisor(&cast->steps, &task);
	if (divisor == 1 || cast->tiled || cast->captured_at == 0 || cast->flight.asked) {
		return 0;
	}
	// in the middle between two frames, so that it is the right one that is captured
	int64_t at = cast->captured_at +
		(2 * (int64_t)divisor - 1) * INT64_C(500000000000) / task.refresh_mhz;
	return at > now ? at : 0;
}

/* Asks for a frame if the rule allows one; hurries the one asked for if a keyframe waits for it. */
static void cast_ask(struct cast *cast) {
	struct flight *flight = &cast->flight;
	if (!cast->started || cast->state != CAST_RUNS || cast_ask_at(cast, now_ns()) != 0) {
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

static void cast_over(struct cast *cast, int result) {
	if (cast->state != CAST_OVER) {
		cast->state = CAST_OVER;
		cast->result = result;
	}
}

static void cast_finish(struct cast *cast, const struct op_refusal *why, int result) {
	if (cast->state == CAST_RUNS) {
		cast->state = CAST_ENDS;
		cast->result = result;
		cast->ends_at = now_ns() + END_NS;
		viewer_end(cast->viewer, why);
	}
}

void cast_end(struct cast *cast) {
	cast_finish(cast, NULL, EXIT_SUCCESS);
}

// the window

static void handle_start(void *data, uint32_t refresh_mhz) {
	struct cast *cast = data;
	flight_init(&cast->flight, refresh_mhz);
	encoder_set_refresh(cast->encoder, cast->flight.refresh_mhz);
	cast->started = true;
	cast_ask(cast);
}

/* A GPU's memory is for its encoder; tiles are made of memory that can be read. */
static void cast_accept(struct cast *cast, bool accept) {
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

static uint32_t cast_scale(const struct cast *cast, struct picture_size size) {
	const struct scaled *before = &cast->scaled[1];
	bool is_before = cast->scaled[0].size.width != size.width ||
		cast->scaled[0].size.height != size.height;
	return is_before && before->size.width == size.width && before->size.height == size.height ?
		before->scale : cast->scaled[0].scale;
}

/* Says what the next picture is, if that is new. */
static void cast_say_video(struct cast *cast, struct picture_size picture,
		struct picture_size coded) {
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

/* Sends a picture of either lane. came_ns: when its capture was here, coded_ns: when it was done. */
static void cast_send(struct cast *cast, struct frame *frame, int64_t came_ns, int64_t coded_ns) {
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
	int64_t now = now_ns();
	flight_sent(&cast->flight, cast->sequence, key, now);
	stats_add(&cast->stats, STATS_ENCODE, coded_ns - came_ns);
	stats_add(&cast->stats, STATS_SEND, now - coded_ns);
	stats_frame(&cast->stats, frame->size, key);
	pace_sent(&cast->pace, frame->size);
}

/* false: the capture is for video. */
static bool cast_tile(struct cast *cast, const struct window_frame *frame, bool key, int64_t now) {
	uint32_t rate = encoder_rate(cast->encoder, frame->size);
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
	cast_send(cast, &picture, now, now_ns());
	buf_drop(&cast->tiles, cast->tiles.size);
	return true;
}

static void handle_frame(void *data, const struct window_frame *frame) {
	struct cast *cast = data;
	if (cast->state != CAST_RUNS) {
		window_release(cast->window, frame->serial);
		return;
	}
	int64_t now = now_ns();
	stats_add(&cast->stats, STATS_CAPTURE, now - (int64_t)frame->capture_ns);
	cast->refreshed = false;
	cast_note_scale(cast, frame->size, frame->scale);
	bool key = flight_captured(&cast->flight);
	cast->video_key = cast->video_key || key;
	if (cast_tile(cast, frame, key, now)) {
		window_release(cast->window, frame->serial);
	} else {
		key = cast->video_key;
		cast->video_key = false;
		const struct steps_task task = task_of(cast, frame->size);
		cast->captured_at = now;
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
	cast_finish(cast, lost ? &why : NULL, EXIT_SUCCESS);
}

static void handle_choked(void *data, bool choked) {
	struct cast *cast = data;
	viewer_pause(cast->viewer, choked);
}

static const struct window_events window_events = {
	.start = handle_start,
	.frame = handle_frame,
	.title = handle_title,
	.app_id = handle_app_id,
	.limits = handle_limits,
	.lock = handle_lock,
	.gone = handle_gone,
	.choked = handle_choked,
};

// the encoder

/* Whether the encoder, the viewer's decoder and the rate suffice for what is coded. */
static void cast_step(struct cast *cast, const struct pipeline_coded *coded) {
	int64_t began = coded->came_ns > cast->coded_at ? coded->came_ns : cast->coded_at;
	steps_encoded(&cast->steps, coded->coded_ns - began, coded->came_ns - cast->came_at);
	cast->coded_at = coded->coded_ns;
	cast->came_at = coded->came_ns;
	const struct steps_task task = task_of(cast, coded->picture);
	if (steps_look(&cast->steps, &task, now_ns())) {
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
	cast_finish(cast, &refusal, 3);
}

static const struct encoder_events encoder_events = {
	.coded = handle_coded,
	.released = handle_released,
	.dropped = handle_dropped,
	.refuse_dmabuf = handle_refuse_dmabuf,
	.failed = handle_failed,
};

// the viewer

/* Bits a second on the way, of which the encoder's are a part. */
static uint32_t cast_rate(const struct cast *cast) {
	return encoder_rate(cast->encoder, cast->picture) * (cast->again.on ? 2 : 1);
}

static void cast_limit(struct cast *cast, int64_t now) {
	uint32_t limit = cast->pace.limit;
	if (cast->again.on) {
		uint32_t share = again_share(pace_carries(&cast->pace, now));
		limit = limit == 0 || limit / 2 > share ? share : limit / 2;
	}
	encoder_set_limit(cast->encoder, limit);
}

/* A frame was so long on its way and back. */
static void cast_pace(struct cast *cast, int64_t way_ns, int64_t now) {
	int64_t wait = way_ns - cast->flight.rtt_ns;
	uint32_t most = encoder_most(cast->encoder, cast->picture) * (cast->again.on ? 2 : 1);
	pace_acked(&cast->pace, wait > 0 ? wait : 0, cast->flight.rtt_ns, cast_rate(cast), most, now);
	cast_limit(cast, now);
}

static void handle_ack(void *data, const struct ack *ack) {
	struct cast *cast = data;
	int64_t now = now_ns(), latency;
	flight_acked(&cast->flight, ack, now, &latency);
	if (latency >= 0) {
		stats_add(&cast->stats, STATS_ACK, latency);
		stats_add(&cast->stats, STATS_WAIT, (int64_t)ack->waited_us * 1000);
		stats_add(&cast->stats, STATS_DECODE, (int64_t)ack->decoding_us * 1000);
		if (!cast->tiled) {
			steps_decoded(&cast->steps, (int64_t)ack->decoding_us * 1000);
		}
		cast_pace(cast, latency - ((int64_t)ack->waited_us + ack->decoding_us) * 1000, now);
		int64_t total = now - (int64_t)ack->capture_ns - cast->flight.rtt_ns / 2;
		stats_add(&cast->stats, STATS_TOTAL, total);
		cast->acked.sequence = ack->sequence;
		cast->acked.at = now;
	} else if (ack->presented_ns != 0 && ack->sequence == cast->acked.sequence) {
		stats_add(&cast->stats, STATS_SHOW, now - cast->acked.at);
		cast->acked.sequence = 0;
	}
	cast_ask(cast);
}

static void handle_key(void *data) {
	struct cast *cast = data;
	flight_want_key(&cast->flight, now_ns());
	cast_ask(cast);
}

static void handle_rate(void *data, uint32_t bits) {
	struct cast *cast = data;
	encoder_set_rate(cast->encoder, bits);
}

static void handle_path(void *data, const struct line_path *path) {
	struct cast *cast = data;
	cast->path = *path;
	int64_t now = now_ns();
	pace_path(&cast->pace, path, cast_rate(cast), now);
	const struct steps_task task = task_of(cast, cast->picture);
	bool was = cast->again.on;
	again_path(&cast->again, path, pace_carries(&cast->pace, now), steps_enough(&task), now);
	if (was != cast->again.on) {
		log_info("each frame is sent %s from now on", was ? "once" : "twice: packets are lost on a long way");
	}
	cast_limit(cast, now);
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

static void handle_focus(void *data, bool focused) {
	struct cast *cast = data;
	window_set_focus(cast->window, focused);
}

static void handle_visible(void *data, bool visible) {
	struct cast *cast = data;
	window_set_visible(cast->window, visible);
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

static const struct viewer_events viewer_events = {
	.ack = handle_ack,
	.key = handle_key,
	.rate = handle_rate,
	.path = handle_path,
	.takes = handle_takes,
	.size = handle_size,
	.scale = handle_scale,
	.focus = handle_focus,
	.visible = handle_visible,
	.close = handle_close,
	.input = handle_input,
	.keymap = handle_keymap,
	.modifiers = handle_modifiers,
	.repeat = handle_repeat,
	.ended = handle_ended,
};

// time

/* A window at rest is sent until it is exact: captures of the same, of which a part goes each time. */
static int64_t refine_deadline(const struct cast *cast) {
	const struct flight *flight = &cast->flight;
	bool idle = cast->started && flight->asked && !cast->refreshed && flight->coding == 0 &&
		flight->open <= 1;
	return idle ? lossless_due(cast->lossless) : 0;
}

static void cast_refine(struct cast *cast) {
	cast_accept(cast, false);
	cast->refreshed = true;
	window_refresh(cast->window);
}

static int64_t stats_deadline(const struct cast *cast) {
	// a window at rest has nothing to say
	return cast->stats.frames > 0 ? cast->stats.since + STATS_NS : 0;
}

static void cast_tell_stats(struct cast *cast, int64_t now) {
	const struct stats_facts facts = {
		.path = encoder_path(cast->encoder),
		.why = encoder_why(cast->encoder),
		.width = cast->picture.width,
		.height = cast->picture.height,
		.coded_width = cast->coded.width,
		.coded_height = cast->coded.height,
		.lane = cast->tiled ? "tiles" : "video",
		.near = lossless_near(cast->lossless),
		.rate = encoder_rate(cast->encoder, cast->picture),
		.limit = flight_limit(&cast->flight),
		.in_flight = flight_in_flight(&cast->flight),
		.stalls = cast->flight.stalls,
		.rtt_ns = cast->flight.rtt_ns,
		.network = cast->path,
	};
	char text[2048];
	window_stats(cast->window, stats_print(&cast->stats, &facts, now, text, sizeof(text)));
}

static int handle_timer(void *data) {
	struct cast *cast = data;
	int64_t now = now_ns();
	cast->timer_at = 0;
	if (cast->state == CAST_ENDS && now >= cast->ends_at) {
		cast_over(cast, cast->result);
	}
	if (cast->state != CAST_RUNS) {
		return 0;
	}
	viewer_check(cast->viewer, now);
	encoder_check(cast->encoder, now);
	cast_ask(cast);
	if (flight_check(&cast->flight, now)) {
		log_debug("no ack in time: all frames are given up for a keyframe");
		pace_stalled(&cast->pace, cast_rate(cast), now);
		cast_limit(cast, now);
		cast_ask(cast);
	}
	int64_t due = refine_deadline(cast);
	if (due != 0 && now >= due) {
		cast_refine(cast);
	}
	due = stats_deadline(cast);
	if (due != 0 && now >= due) {
		cast_tell_stats(cast, now);
	}
	return 0;
}

static void sooner(int64_t *deadline, int64_t other) {
	if (other != 0 && (*deadline == 0 || other < *deadline)) {
		*deadline = other;
	}
}

enum cast_state cast_prepare(struct cast *cast) {
	int64_t deadline = 0;
	if (cast->state == CAST_ENDS) {
		sooner(&deadline, cast->ends_at);
	} else {
		sooner(&deadline, flight_deadline(&cast->flight));
		sooner(&deadline, encoder_deadline(cast->encoder));
		sooner(&deadline, viewer_deadline(cast->viewer));
		sooner(&deadline, refine_deadline(cast));
		sooner(&deadline, stats_deadline(cast));
		sooner(&deadline, cast_ask_at(cast, now_ns()));
	}
	if (deadline != cast->timer_at) {
		cast->timer_at = deadline;
		int64_t wait = deadline - now_ns();
		// rounded up, so that it is due when it fires
		int ms = deadline == 0 ? 0 : wait <= 0 ? 1 : (int)((wait + 999999) / 1000000);
		wl_event_source_timer_update(cast->timer, ms);
	}
	window_flush(cast->window);
	return cast->state;
}

int cast_result(const struct cast *cast) {
	return cast->result;
}

struct cast *cast_create(struct wl_event_loop *loop, int fd) {
	struct cast *cast = calloc(1, sizeof(*cast));
	if (!cast) {
		log_errno("no cast");
		close(fd);
		return NULL;
	}
	flight_init(&cast->flight, 0);
	pace_init(&cast->pace);
	again_init(&cast->again);
	buf_init(&cast->again_bytes);
	steps_init(&cast->steps);
	stats_init(&cast->stats);
	cast->colour = COLOUR_FIRST;
	buf_init(&cast->tiles);
	cast->viewer = viewer_create(loop, fd, &viewer_events, cast);
	if (!cast->viewer) {
		goto err_cast;
	}
	cast->lossless = lossless_create();
	if (!cast->lossless) {
		goto err_viewer;
	}
	cast->encoder = encoder_create(loop, &encoder_events, cast);
	if (!cast->encoder) {
		goto err_lossless;
	}
	cast->window = window_create(loop, &window_events, cast);
	if (!cast->window) {
		goto err_encoder;
	}
	cast->timer = wl_event_loop_add_timer(loop, handle_timer, cast);
	if (!cast->timer) {
		log_errno("no cast");
		goto err_window;
	}
	return cast;

err_window:
	window_destroy(cast->window);
err_encoder:
	encoder_destroy(cast->encoder);
err_lossless:
	lossless_destroy(cast->lossless);
err_viewer:
	viewer_destroy(cast->viewer);
err_cast:
	free(cast);
	return NULL;
}

void cast_destroy(struct cast *cast) {
	if (!cast) {
		return;
	}
	wl_event_source_remove(cast->timer);
	encoder_destroy(cast->encoder); // may release captures
	window_destroy(cast->window);
	lossless_destroy(cast->lossless);
	viewer_destroy(cast->viewer);
	buf_finish(&cast->tiles);
	buf_finish(&cast->again_bytes);
	free(cast);
}
