/* SPDX-License-Identifier: MIT */
/*
 * encoder.c - which way to encode, of those in paths.c: by the GPU where there is one, else by software. A
 * way that fails is left for the next, with a line in the log; the view goes on with a keyframe.
 *
 * How a frame goes through GStreamer is pipeline.c's.
 */
#include "boxcast/encoder.h"

#include <gst/gst.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boxcast/paths.h"

#define LOG_MODULE "encoder"
#include "base/log.h"

#define FAILURES_MAX 3
#define REFUSED_MAX 60 // captures in a row: a second of nothing
#define ACCEPT_MAX 64
#define CHOICE_NS 1000000000 // between two changes that the viewer asks for

struct encoder {
	struct wl_event_loop *loop;
	const struct encoder_events *events;
	void *data;
	struct pipeline *pipeline; // NULL: none was needed yet, or the last one failed
	const struct pipeline_path *path;
	struct pixels pixels;
	uint32_t refresh_mhz, divisor;
	uint32_t rate, asked_rate; // bits; asked_rate 0: as fits
	uint32_t limit; // 0: none
	struct codec_list takes;
	bool choose; // what it takes has changed
	int64_t chosen_at;
	struct picture_size size;  // of the last capture
	struct {
		bool here; // its elements are registered
		int failures;
	} states[PATHS];
	struct {
		uint32_t format;
		uint64_t modifier;
	} accepted[ACCEPT_MAX];
	uint32_t accepted_count;
	char why[256];
	uint32_t refused; // captures since the last one that was taken
	bool any_taken;
	bool over;
};

static bool is_registered(const char *name) {
	GstElementFactory *factory = gst_element_factory_find(name);
	if (!factory) {
		return false;
	}
	gst_object_unref(factory);
	return true;
}

static bool is_here(const struct pipeline_path *path) {
	for (size_t i = 0; i < PATH_NEEDS && path->needs[i]; i++) {
		if (!is_registered(path->needs[i])) {
			return false;
		}
	}
	return true;
}

static void accept_format(struct encoder *encoder, const GValue *value) {
	guint64 modifier = 0;
	const char *text = G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : NULL;
	guint32 format = text ? gst_video_dma_drm_fourcc_from_string(text, &modifier) : 0;
	// what a compositor renders into
	if ((format == PICTURE_XRGB8888 || format == PICTURE_ARGB8888) &&
			encoder->accepted_count < ACCEPT_MAX) {
		encoder->accepted[encoder->accepted_count].format = format;
		encoder->accepted[encoder->accepted_count].modifier = modifier;
		encoder->accepted_count++;
	}
}

static void accept_caps(struct encoder *encoder, GstCaps *caps) {
	for (guint i = 0; i < gst_caps_get_size(caps); i++) {
		const GValue *formats = gst_structure_get_value(gst_caps_get_structure(caps, i),
			"drm-format");
		if (formats && GST_VALUE_HOLDS_LIST(formats)) {
			for (guint j = 0; j < gst_value_list_get_size(formats); j++) {
				accept_format(encoder, gst_value_list_get_value(formats, j));
			}
		} else if (formats) {
			accept_format(encoder, formats);
		}
	}
}

/* The dmabufs that vapostproc imports. */
static void find_accepted(struct encoder *encoder) {
	GstElementFactory *post = gst_element_factory_find("vapostproc");
	const GList *pads = post ? gst_element_factory_get_static_pad_templates(post) : NULL;
	for (; pads; pads = pads->next) {
		GstStaticPadTemplate *pad = pads->data;
		if (pad->direction == GST_PAD_SINK) {
			GstCaps *caps = gst_static_pad_template_get_caps(pad);
			accept_caps(encoder, caps);
			gst_caps_unref(caps);
		}
	}
	g_clear_object(&post);
}

static void encoder_look(struct encoder *encoder) {
	for (uint32_t i = 0; i < PATHS; i++) {
		encoder->states[i].here = is_here(path_at(i));
	}
}

struct encoder *encoder_create(struct wl_event_loop *loop, const struct encoder_events *events,
		void *data) {
	struct encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder) {
		log_errno("no encoder");
		return NULL;
	}
	encoder->loop = loop;
	encoder->events = events;
	encoder->data = data;
	encoder->refresh_mhz = 60000;
	encoder->divisor = 1;
	codec_list_add(&encoder->takes, CODEC_H264);
	pixels_init(&encoder->pixels);
	encoder_look(encoder);
	bool gpu = false, dmabuf = false;
	for (uint32_t i = 0; i < PATHS; i++) {
		const struct pipeline_path *path = path_at(i);
		bool here = encoder->states[i].here;
		gpu = gpu || (here && path->render_node);
		dmabuf = dmabuf || (here && path->input == PIPELINE_DMABUF);
	}
	if (dmabuf) {
		find_accepted(encoder);
	}
	if (!gpu) {
		snprintf(encoder->why, sizeof(encoder->why), "no graphics processor that encodes is here");
	}
	return encoder;
}

void encoder_destroy(struct encoder *encoder) {
	if (!encoder) {
		return;
	}
	pipeline_destroy(encoder->pipeline, false);
	pixels_finish(&encoder->pixels);
	free(encoder);
}

void encoder_set_refresh(struct encoder *encoder, uint32_t refresh_mhz) {
	encoder->refresh_mhz = refresh_mhz;
}

void encoder_set_divisor(struct encoder *encoder, uint32_t divisor) {
	encoder->divisor = divisor;
}

bool encoder_dmabuf(struct encoder *encoder, uint32_t i, uint32_t *format, uint64_t *modifier) {
	if (i >= encoder->accepted_count) {
		return false;
	}
	*format = encoder->accepted[i].format;
	*modifier = encoder->accepted[i].modifier;
	return true;
}

static void handle_coded(void *data, const struct pipeline_coded *coded) {
	struct encoder *encoder = data;
	encoder->events->coded(encoder->data, coded);
}

static void handle_released(void *data, uint32_t serial) {
	struct encoder *encoder = data;
	encoder->events->released(encoder->data, serial);
}

/* Leaves the path for the next one. The view is told by a keyframe only. */
static void encoder_leave(struct encoder *encoder, const char *why, bool hung) {
	log_error("%s failed (%s): trying the next encoder", encoder->path->name, why);
	snprintf(encoder->why, sizeof(encoder->why), "%s failed: %s", encoder->path->name, why);
	for (char *c = encoder->why; *c; c++) {
		*c = (unsigned char)*c < 0x20 ? ' ' : *c; // one line
	}
	encoder->states[encoder->path - path_at(0)].failures++;
	struct pipeline *pipeline = encoder->pipeline;
	bool imported = encoder->path->input == PIPELINE_DMABUF;
	encoder->pipeline = NULL;
	uint32_t inside = pipeline ? pipeline_inside(pipeline) : 0;
	pipeline_destroy(pipeline, hung);
	if (imported) {
		encoder->accepted_count = 0;
		encoder->events->refuse_dmabuf(encoder->data);
	}
	if (inside > 0) {
		encoder->events->dropped(encoder->data, inside);
	}
}

static void handle_failed(void *data, const char *why) {
	encoder_leave(data, why, false);
}

static const struct pipeline_events pipeline_events = {
	.coded = handle_coded,
	.released = handle_released,
	.failed = handle_failed,
};

uint32_t encoder_most(const struct encoder *encoder, struct picture_size size) {
	return encoder->asked_rate > 0 ? encoder->asked_rate :
		picture_rate(size, encoder->refresh_mhz);
}

uint32_t encoder_rate(const struct encoder *encoder, struct picture_size size) {
	uint32_t most = encoder_most(encoder, size);
	return encoder->limit > 0 && encoder->limit < most ? encoder->limit : most;
}

/*
 * Less is better: the least failed, a graphics processor's, what the viewer likes best, the first in the
 * table. UINT32_MAX: not to be used.
 */
static uint32_t path_rank(const struct encoder *encoder, uint32_t i, bool dmabuf) {
	const struct pipeline_path *path = path_at(i);
	size_t place = codec_list_place(&encoder->takes, path->codec);
	int failures = encoder->states[i].failures;
	// software maps a dmabuf; a graphics processor is given it, or memory
	bool fits = dmabuf ? !path->render_node || path->input == PIPELINE_DMABUF :
		path->input != PIPELINE_DMABUF;
	if (!encoder->states[i].here || !fits || place == CODECS || failures >= FAILURES_MAX) {
		return UINT32_MAX;
	}
	return (((uint32_t)failures * 2 + !path->render_node) * CODECS + (uint32_t)place) * PATHS + i;
}

static const struct pipeline_path *best_path(const struct encoder *encoder, bool dmabuf) {
	const struct pipeline_path *best = NULL;
	uint32_t least = UINT32_MAX;
	for (uint32_t i = 0; i < PATHS; i++) {
		uint32_t rank = path_rank(encoder, i, dmabuf);
		if (rank < least) {
			least = rank;
			best = path_at(i);
		}
	}
	return best;
}

/* Without a failure: another pipeline is wanted. */
static void encoder_drop(struct encoder *encoder) {
	uint32_t inside = pipeline_inside(encoder->pipeline);
	pipeline_destroy(encoder->pipeline, false);
	encoder->pipeline = NULL;
	if (inside > 0) {
		encoder->events->dropped(encoder->data, inside);
	}
}

/* Whether the pipeline there is serves for this capture. */
static bool encoder_serves(struct encoder *encoder, const struct window_frame *frame,
		struct picture_size coded, int64_t now) {
	bool fits = (encoder->path->input == PIPELINE_DMABUF) == frame->dmabuf ||
		!encoder->path->render_node; // software maps what it is given
	if (fits && encoder->choose && now >= encoder->chosen_at + CHOICE_NS) {
		encoder->choose = false;
		encoder->chosen_at = now;
		fits = best_path(encoder, frame->dmabuf) == encoder->path;
	}
	return fits && pipeline_takes(encoder->pipeline, coded);
}

/* false: no pipeline for such captures is left. */
static bool encoder_ready(struct encoder *encoder, const struct window_frame *frame,
		struct picture_size coded, int64_t now) {
	if (encoder->pipeline && encoder_serves(encoder, frame, coded, now)) {
		return true;
	}
	if (encoder->pipeline) {
		encoder_drop(encoder);
	}
	while (!encoder->pipeline) {
		encoder->path = best_path(encoder, frame->dmabuf);
		if (!encoder->path) {
			return false;
		}
		char why[200];
		encoder->pipeline = pipeline_create(encoder->loop, encoder->path,
			encoder->refresh_mhz / encoder->divisor, &pipeline_events, encoder, why, sizeof(why));
		if (!encoder->pipeline) {
			encoder_leave(encoder, why, false);
		}
	}
	encoder->rate = encoder_rate(encoder, encoder->size);
	pipeline_set_rate(encoder->pipeline, encoder->rate);
	log_info("encoding by %s", encoder->path->name);
	return true;
}

static bool encoder_has_any(const struct encoder *encoder) {
	for (uint32_t i = 0; i < PATHS; i++) {
		if (encoder->states[i].here) {
			return true;
		}
	}
	return false;
}

/* One is here for what the viewer decodes. */
static bool encoder_has_fitting(const struct encoder *encoder) {
	for (uint32_t i = 0; i < PATHS; i++) {
		if (encoder->states[i].here &&
				codec_list_place(&encoder->takes, path_at(i)->codec) < CODECS) {
			return true;
		}
	}
	return false;
}

bool encoder_may_recover(const struct encoder *encoder) {
	return picture_valid(encoder->size) && encoder_has_fitting(encoder);
}

static const char *encoder_why_over(const struct encoder *encoder) {
	if (!encoder_has_fitting(encoder)) {
		return "nothing is encoded there that the viewer decodes";
	}
	return encoder->why[0] ? encoder->why : "none takes such captures";
}

static void encoder_end(struct encoder *encoder) {
	char why[400];
	if (!picture_valid(encoder->size)) {
		snprintf(why, sizeof(why), "a window of %dx%d pixels is not encoded, only up to %d each way: make "
			"it smaller and link it again", encoder->size.width, encoder->size.height, PICTURE_SIDE_MAX);
	} else if (!encoder_has_any(encoder)) {
		snprintf(why, sizeof(why), "no encoder is there: install gstreamer1.0-plugins-ugly (x264) on that "
			"machine");
	} else {
		snprintf(why, sizeof(why), "no encoder works there (%s): see box doctor on that machine",
			encoder->refused < REFUSED_MAX ? encoder_why_over(encoder) : "the window cannot be read");
	}
	encoder->over = true;
	encoder->events->failed(encoder->data, why);
}

/* The next may be better; not for ever, and a window at rest whose first is too large has no next. */
static void encoder_refuse(struct encoder *encoder, uint32_t serial) {
	encoder->refused++;
	encoder->events->released(encoder->data, serial);
	encoder->events->dropped(encoder->data, 1);
	bool hopeless = !encoder->any_taken && !picture_valid(encoder->size);
	if (!encoder->over && (hopeless || encoder->refused >= REFUSED_MAX)) {
		encoder_end(encoder);
	}
}

static void encoder_taken(struct encoder *encoder) {
	encoder->refused = 0;
	encoder->any_taken = true;
}

static void encoder_follow_rate(struct encoder *encoder) {
	// some encoders begin anew with a keyframe at each change
	uint32_t rate = encoder_rate(encoder, encoder->size);
	if (rate < encoder->rate || rate > encoder->rate + encoder->rate / 5 ||
			(rate > encoder->rate && encoder->limit == 0)) {
		encoder->rate = rate;
		pipeline_set_rate(encoder->pipeline, rate);
	}
}

void encoder_push(struct encoder *encoder, const struct window_frame *frame,
		struct picture_size coded, int64_t came_ns, bool key) {
	uint32_t serial = frame->serial;
	encoder->size = frame->size;
	if (encoder->over || !picture_valid(frame->size)) {
		encoder_refuse(encoder, serial);
		return;
	}
	if (!encoder_ready(encoder, frame, coded, came_ns)) {
		encoder->events->released(encoder->data, serial);
		encoder->events->dropped(encoder->data, 1);
		encoder_end(encoder);
		return;
	}
	encoder_follow_rate(encoder);
	pipeline_set_refresh(encoder->pipeline, encoder->refresh_mhz / encoder->divisor);
	switch (pipeline_push(encoder->pipeline, &encoder->pixels, frame, coded, came_ns, key)) {
	case PIPELINE_KEPT:
		encoder_taken(encoder);
		return;
	case PIPELINE_READ:
		encoder_taken(encoder);
		encoder->events->released(encoder->data, serial);
		return;
	case PIPELINE_UNREADABLE:
		log_debug("capture %u cannot be read", serial);
		if (frame->dmabuf) {
			encoder->accepted_count = 0;
			encoder->events->refuse_dmabuf(encoder->data);
		}
		encoder_refuse(encoder, serial);
		return;
	case PIPELINE_BROKEN:
		break; // its failure is on the way
	}
	encoder->events->released(encoder->data, serial);
	encoder->events->dropped(encoder->data, 1);
}

void encoder_set_takes(struct encoder *encoder, const struct codec_list *takes) {
	if (!codec_list_equal(takes, &encoder->takes)) {
		encoder->takes = *takes;
		encoder_look(encoder); // more may have been loaded
		encoder->choose = true;
	}
}

void encoder_set_rate(struct encoder *encoder, uint32_t bits) {
	encoder->asked_rate = bits > 0 ? picture_rate_bounded(bits) : 0;
}

void encoder_set_limit(struct encoder *encoder, uint32_t bits) {
	encoder->limit = bits;
}

int64_t encoder_deadline(const struct encoder *encoder) {
	int64_t oldest = encoder->pipeline ? pipeline_oldest(encoder->pipeline) : 0;
	return oldest ? oldest + picture_patience(encoder->size) : 0;
}

void encoder_check(struct encoder *encoder, int64_t now) {
	int64_t deadline = encoder_deadline(encoder);
	if (deadline != 0 && now >= deadline) {
		char why[64];
		snprintf(why, sizeof(why), "no picture came out within %d s",
			(int)(picture_patience(encoder->size) / 1000000000));
		encoder_leave(encoder, why, true);
	}
}

const char *encoder_path(const struct encoder *encoder) {
	return encoder->path ? encoder->path->name : "none";
}

const char *encoder_why(const struct encoder *encoder) {
	return encoder->why;
}
