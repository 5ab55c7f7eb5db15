/* SPDX-License-Identifier: MIT */
/*
 * decoder.c - a GStreamer pipeline that decodes. Its threads speak to the loop through a queue and an
 * eventfd. A pipeline that fails is thrown away, the next unit builds another; a decoder that gives no
 * picture again and again is left for the next, and said to be gone when it was the last of its codec.
 */
#include "boxview/decoder.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "boxview/decoded.h"
#include "boxview/obu.h"
#include "boxview/sps.h"

#define LOG_MODULE "decoder"
#include "base/log.h"

#define PATIENCE_NS 500000000 // a unit that has not come out by then never will

#define HANDED_OUT_MAX 6 // pictures that are shown, or about to be, besides those that others refer to
#define FAILURES_MAX 3 // in a row, each from a keyframe on

/*
 * In order of preference: a graphics processor's first. Slice threads add no delay; frame threads would, one
 * frame each. Units are whole, and what would be too large is refused by sps.c and obu.c: there is no parser in
 * between, except where an element takes nothing else.
 */
static const struct choice {
	enum codec codec;
	const char *name, *launch;
	bool needs_room; // see sps_make_room
} choices[] = {
	{CODEC_H264, "vah264dec", "h264parse ! vah264dec name=dec compliance=flexible", true},
	{CODEC_H265, "vah265dec", "h265parse ! vah265dec name=dec", false},
	{CODEC_AV1, "vaav1dec", "av1parse ! vaav1dec name=dec", false},
	{CODEC_H264, "avdec_h264", "avdec_h264 name=dec thread-type=slice", false},
	{CODEC_H264, "openh264dec", "openh264dec name=dec", false},
	{CODEC_H265, "avdec_h265", "avdec_h265 name=dec thread-type=slice", false},
	{CODEC_AV1, "av1dec", "av1dec name=dec max-errors=1", false},
};
#define CHOICES G_N_ELEMENTS(choices)

struct inside {
	GstClockTime pts;
	uint32_t sequence;
	uint64_t capture_ns;
	int64_t came_ns, pushed_ns;
};

/* What the pipeline's threads say. */
struct output {
	GMutex mutex;
	GQueue samples; // GstSample
	char *failed;   // why, or NULL
	int64_t at[DECODER_INSIDE_MAX * 2]; // when each of samples was done; ring
	guint first;
	int fd;
	bool hand_out;
};

struct decoder {
	struct wl_event_loop *loop;
	const struct decoder_events *events;
	void *data;
	enum codec codec, next_codec; // of the units; from the next keyframe on
	struct obu obu; // of AV1: what the units since the last keyframe said
	size_t choice;   // CHOICES: none for this codec
	struct {
		bool here;   // it is installed, and was not given up
		int failures;
	} states[CHOICES];
	bool gave;       // a picture came of this pipeline
	struct codec_list takes;
	GstElement *bin;
	GstAppSrc *src;
	struct output output;
	struct wl_event_source *source;
	struct inside inside[DECODER_INSIDE_MAX * 2]; // oldest first
	uint32_t inside_count;
	GstClockTime last_pts;
	int64_t idle_ns; // when the last unit came out
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wake(struct output *output) {
	uint64_t one = 1;
	(void)!write(output->fd, &one, sizeof(one));
}

static GstFlowReturn handle_sample(GstAppSink *sink, gpointer data) {
	struct output *output = data;
	GstSample *sample = gst_app_sink_pull_sample(sink);
	if (!sample) {
		return GST_FLOW_EOS;
	}
	g_mutex_lock(&output->mutex);
	guint count = g_queue_get_length(&output->samples);
	if (count < G_N_ELEMENTS(output->at)) {
		output->at[(output->first + count) % G_N_ELEMENTS(output->at)] = now_ns();
		g_queue_push_tail(&output->samples, sample);
		sample = NULL;
	}
	wake(output);
	g_mutex_unlock(&output->mutex);
	if (sample) {
		gst_sample_unref(sample); // a stream that makes many pictures of one unit
	}
	return GST_FLOW_OK;
}

/* Planes are read where they lie, with any strides. Not told so, a decoder copies every picture. */
static gboolean handle_allocation(GstAppSink *sink, GstQuery *query, gpointer data) {
	const struct output *output = data;
	gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL);
	if (output->hand_out) {
		gst_query_add_allocation_pool(query, NULL, 0, HANDED_OUT_MAX, 0);
	}
	return TRUE;
}

static GstBusSyncReply handle_message(GstBus *bus, GstMessage *message, gpointer data) {
	struct output *output = data;
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
		GError *error = NULL;
		gst_message_parse_error(message, &error, NULL);
		g_mutex_lock(&output->mutex);
		if (!output->failed) {
			output->failed = g_strdup(error->message);
		}
		wake(output);
		g_mutex_unlock(&output->mutex);
		g_error_free(error);
	}
	gst_message_unref(message);
	return GST_BUS_DROP;
}

static void output_clear(struct output *output) {
	GstSample *sample;
	while ((sample = g_queue_pop_head(&output->samples))) {
		gst_sample_unref(sample);
	}
	g_clear_pointer(&output->failed, g_free);
}

static void decoder_stop(struct decoder *decoder) {
	if (decoder->bin) {
		gst_element_set_state(decoder->bin, GST_STATE_NULL); // its threads have ended behind this
		g_clear_object(&decoder->src);
		g_clear_object(&decoder->bin);
	}
	output_clear(&decoder->output);
	decoder->inside_count = 0;
	decoder->obu = (struct obu){0};
}

static bool decoder_build(struct decoder *decoder) {
	char *launch = g_strdup_printf(
		"appsrc name=in is-live=true format=time block=false max-buffers=0 max-bytes=0 "
		"caps=%s ! %s ! "
		"%svideo/x-raw,format={I420,NV12} ! appsink name=out sync=false async=false qos=false",
		codec_caps(decoder->codec), choices[decoder->choice].launch,
		decoder->output.hand_out ? "video/x-raw(memory:VAMemory),format=NV12;" : "");
	GError *error = NULL;
	decoder->bin = gst_parse_launch_full(launch, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
	g_free(launch);
	if (!decoder->bin) {
		log_error("no decoder: %s", error ? error->message : "GStreamer does not say why");
		g_clear_error(&error);
		return false;
	}
	decoder->src = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(decoder->bin), "in"));
	GstElement *element = gst_bin_get_by_name(GST_BIN(decoder->bin), "dec");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), "max-threads")) {
		g_object_set(element, "max-threads", cpus > 4 ? 4 : cpus < 1 ? 1 : (int)cpus, NULL);
	}
	gst_object_unref(element);
	GstElement *sink = gst_bin_get_by_name(GST_BIN(decoder->bin), "out");
	GstAppSinkCallbacks callbacks = {
		.new_sample = handle_sample,
		.propose_allocation = handle_allocation, // since 1.24
	};
	gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, &decoder->output, NULL);
	gst_object_unref(sink);
	GstBus *bus = gst_pipeline_get_bus(GST_PIPELINE(decoder->bin));
	gst_bus_set_sync_handler(bus, handle_message, &decoder->output, NULL);
	gst_object_unref(bus);
	decoder->last_pts = 0;
	decoder->gave = false;
	if (gst_element_set_state(decoder->bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		log_error("the decoder %s does not start", choices[decoder->choice].name);
		decoder_stop(decoder);
		return false;
	}
	return true;
}

/* What is left, the best first. All that was given up is tried again when nothing is left. */
static void decoder_list(struct decoder *decoder) {
	struct codec_list before = decoder->takes;
	decoder->takes = (struct codec_list){0};
	for (size_t i = 0; i < CHOICES; i++) {
		if (decoder->states[i].here) {
			codec_list_add(&decoder->takes, choices[i].codec);
		}
	}
	if (!codec_list_equal(&before, &decoder->takes) && before.count > 0) {
		decoder->events->takes(decoder->data);
	}
}

static bool is_registered(const char *name) {
	GstElementFactory *factory = gst_element_factory_find(name);
	if (factory) {
		gst_object_unref(factory);
	}
	return factory;
}

static void decoder_find(struct decoder *decoder) {
	for (size_t i = 0; i < CHOICES; i++) {
		decoder->states[i].here = is_registered(choices[i].name);
		decoder->states[i].failures = 0;
	}
}

static void decoder_choose(struct decoder *decoder) {
	decoder->choice = 0;
	while (decoder->choice < CHOICES && (!decoder->states[decoder->choice].here ||
			choices[decoder->choice].codec != decoder->codec)) {
		decoder->choice++;
	}
}

static void decoder_give_up(struct decoder *decoder) {
	log_error("%s does not decode: trying another", choices[decoder->choice].name);
	decoder->states[decoder->choice].here = false;
	bool any = false;
	for (size_t i = 0; i < CHOICES; i++) {
		any = any || decoder->states[i].here;
	}
	if (!any) {
		decoder_find(decoder);
	}
	decoder_list(decoder);
	decoder_choose(decoder);
}

/* By the best decoder that starts. */
static bool decoder_start(struct decoder *decoder) {
	for (size_t tries = 0; tries < CHOICES && decoder->choice < CHOICES; tries++) {
		if (decoder_build(decoder)) {
			return true;
		}
		decoder_give_up(decoder);
	}
	return false;
}

static void decoder_broken(struct decoder *decoder, const char *why) {
	log_debug("a unit was not decoded: %s", why);
	bool gave = decoder->gave || !decoder->bin;
	decoder_stop(decoder);
	if (!gave && decoder->choice < CHOICES &&
			++decoder->states[decoder->choice].failures == FAILURES_MAX) {
		decoder_give_up(decoder);
	}
	decoder->events->broken(decoder->data);
}

static uint32_t us_between(int64_t from, int64_t to) {
	return to > from ? (uint32_t)((to - from) / 1000) : 0;
}

/* true: go on. */
static bool decoder_sample(struct decoder *decoder, GstSample *sample, int64_t at) {
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	GstClockTime pts = buffer ? GST_BUFFER_PTS(buffer) : GST_CLOCK_TIME_NONE;
	bool corrupted = buffer && GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_CORRUPTED);
	uint32_t i = 0;
	while (i < decoder->inside_count && decoder->inside[i].pts != pts) {
		i++;
	}
	if (i == decoder->inside_count) {
		gst_sample_unref(sample); // a second picture of one unit
		return true;
	}
	const struct inside inside = decoder->inside[i];
	decoder->inside_count -= i + 1;
	memmove(decoder->inside, decoder->inside + i + 1,
		decoder->inside_count * sizeof(decoder->inside[0]));
	struct picture *picture = decoded_create(sample);
	if (i > 0 || corrupted || !picture) {
		picture_unref(picture);
		decoder_broken(decoder, corrupted ? "damaged" : "it gave no picture");
		return false;
	}
	decoder->gave = true;
	decoder->states[decoder->choice].failures = 0;
	// one thread decodes: it began when the unit was here and the one before it was done
	int64_t began = inside.pushed_ns > decoder->idle_ns ? inside.pushed_ns : decoder->idle_ns;
	picture->sequence = inside.sequence;
	picture->capture_ns = inside.capture_ns;
	picture->waited_us = us_between(inside.came_ns, began);
	picture->decoding_us = us_between(began, at);
	picture->decoded_ns = at;
	decoder->idle_ns = at;
	decoder->events->picture(decoder->data, picture);
	return true;
}

static int handle_output(int fd, uint32_t mask, void *data) {
	struct decoder *decoder = data;
	struct output *output = &decoder->output;
	uint64_t count;
	(void)!read(fd, &count, sizeof(count));
	bool go_on = true;
	while (go_on) {
		g_mutex_lock(&output->mutex);
		GstSample *sample = g_queue_pop_head(&output->samples);
		int64_t at = output->at[output->first];
		output->first = (output->first + (sample ? 1 : 0)) % G_N_ELEMENTS(output->at);
		char *failed = sample ? NULL : g_steal_pointer(&output->failed);
		g_mutex_unlock(&output->mutex);
		go_on = sample && decoder_sample(decoder, sample, at);
		if (failed) {
			decoder_broken(decoder, failed);
			g_free(failed);
		}
	}
	return 0;
}

struct decoder *decoder_create(struct wl_event_loop *loop, bool hand_out,
		const struct decoder_events *events, void *data) {
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder) {
		log_errno("no decoder");
		return NULL;
	}
	decoder->loop = loop;
	decoder->events = events;
	decoder->data = data;
	decoder->output.hand_out = hand_out;
	g_mutex_init(&decoder->output.mutex);
	g_queue_init(&decoder->output.samples);
	decoder->output.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	decoder->source = decoder->output.fd < 0 ? NULL : wl_event_loop_add_fd(loop,
		decoder->output.fd, WL_EVENT_READABLE, handle_output, decoder);
	if (!decoder->source) {
		log_errno("no decoder");
		decoder_destroy(decoder);
		return NULL;
	}
	decoder_find(decoder);
	decoder_list(decoder);
	decoder->codec = decoder->next_codec = CODEC_H264; // until another is said
	decoder_choose(decoder);
	// built now, so that the first picture does not wait for it
	if (!decoder_start(decoder)) {
		log_error("no H.264 decoder: install gstreamer1.0-libav");
		decoder_destroy(decoder);
		return NULL;
	}
	return decoder;
}

void decoder_destroy(struct decoder *decoder) {
	if (!decoder) {
		return;
	}
	decoder_stop(decoder);
	if (decoder->source) {
		wl_event_source_remove(decoder->source);
	}
	if (decoder->output.fd >= 0) {
		close(decoder->output.fd);
	}
	g_mutex_clear(&decoder->output.mutex);
	free(decoder);
}

const struct codec_list *decoder_takes(const struct decoder *decoder) {
	return &decoder->takes;
}

void decoder_set_codec(struct decoder *decoder, enum codec codec) {
	decoder->next_codec = codec;
}

static void decoder_change(struct decoder *decoder) {
	decoder_stop(decoder);
	decoder->codec = decoder->next_codec;
	decoder_choose(decoder);
}

void decoder_push(struct decoder *decoder, uint32_t sequence, bool key, uint64_t capture_ns,
		int64_t came_ns, uint8_t *bytes, size_t size) {
	if (key && decoder->codec != decoder->next_codec) {
		decoder_change(decoder);
	}
	const char *trouble = decoder->codec == CODEC_AV1 ? obu_trouble(&decoder->obu, bytes, size) :
		sps_trouble(decoder->codec, bytes, size);
	if (trouble) {
		free(bytes);
		decoder->gave = true; // it is not the decoder's fault
		decoder_broken(decoder, trouble);
		return;
	}
	GstBuffer *buffer = gst_buffer_new_wrapped_full(0, bytes, size, 0, size, bytes, free);
	if (decoder->inside_count == G_N_ELEMENTS(decoder->inside) ||
			(!decoder->bin && !decoder_start(decoder))) {
		gst_buffer_unref(buffer);
		decoder_broken(decoder, "the decoder does not follow");
		return;
	}
	if (choices[decoder->choice].needs_room) {
		sps_make_room(bytes, size);
	}
	int64_t now = now_ns();
	decoder->last_pts += GST_MSECOND;
	GST_BUFFER_PTS(buffer) = decoder->last_pts;
	decoder->inside[decoder->inside_count++] = (struct inside){
		.pts = decoder->last_pts,
		.sequence = sequence,
		.capture_ns = capture_ns,
		.came_ns = came_ns,
		.pushed_ns = now,
	};
	gst_app_src_push_buffer(decoder->src, buffer); // refused: it never comes out, and is missed
}

void decoder_reset(struct decoder *decoder) {
	decoder_stop(decoder);
}

uint32_t decoder_inside(const struct decoder *decoder) {
	return decoder->inside_count;
}

int64_t decoder_deadline(const struct decoder *decoder) {
	return decoder->inside_count > 0 ? decoder->inside[0].pushed_ns + PATIENCE_NS : 0;
}

void decoder_check(struct decoder *decoder, int64_t now) {
	int64_t deadline = decoder_deadline(decoder);
	if (deadline != 0 && now >= deadline) {
		decoder_broken(decoder, "it gave no picture in time");
	}
}

const char *decoder_name(const struct decoder *decoder) {
	return decoder->choice < CHOICES ? choices[decoder->choice].name : "none";
}
