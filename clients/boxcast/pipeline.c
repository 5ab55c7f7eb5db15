/* SPDX-License-Identifier: MIT */
/*
 * pipeline.c - one GStreamer pipeline: appsrc, an encoder, appsink. The source says it is live,
 * without which vah264enc holds four frames back.
 *
 * Not here: which path is taken (encoder.c), when a frame is captured (flight.c).
 */
#include "boxcast/pipeline.h"

#include <fcntl.h>
#include <gst/allocators/gstdmabuf.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "boxcast/outlet.h"

#define LOG_MODULE "pipeline"
#include "base/log.h"

#define INSIDE_MAX 16 // frames in a pipeline; the capture rule allows fewer long before
#define REFRESH_NS 1000000000 // between two that are negotiated, each of which costs a keyframe
#define BUFFER_MS 50  // the rate buffer: no frame is larger than the rate gives in that time

// x264enc shifts times by 1000 hours unless they begin there
#define FIRST_PTS (1000 * 3600 * GST_SECOND)

struct inside {
	GstClockTime pts;
	uint64_t capture_ns;
	int64_t came_ns;
	struct picture_size picture, coded;
};

struct pipeline {
	const struct pipeline_path *path;
	const struct pipeline_events *events;
	void *data;
	uint32_t refresh_mhz;

	GstElement *bin, *encoder;
	GstAppSrc *src;
	GstElement *sink;
	GstAllocator *allocator; // of dmabufs
	GstBufferPool *pool;     // of converted pictures
	GstVideoInfo info;
	struct outlet *outlet;
	struct wl_event_source *source;

	struct picture_size window, coded; // what the caps were made for
	uint32_t format;
	uint64_t modifier;
	uint32_t caps_mhz;
	int64_t caps_at;
	GstClockTime last_pts;
	uint64_t first_capture_ns;
	struct inside inside[INSIDE_MAX]; // oldest first
	uint32_t inside_count;
	uint32_t kept[INSIDE_MAX]; // serials of dmabufs that are being read
	uint32_t kept_count;
	bool broken;
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static GstFlowReturn handle_sample(GstAppSink *sink, gpointer data) {
	struct outlet *outlet = data;
	GstSample *sample = gst_app_sink_pull_sample(sink);
	if (!sample) {
		return GST_FLOW_EOS;
	}
	const struct outlet_item item = {.kind = OUTLET_UNIT, .sample = sample, .at = now_ns()};
	outlet_put(outlet, &item);
	return GST_FLOW_OK;
}

static GstBusSyncReply handle_message(GstBus *bus, GstMessage *message, gpointer data) {
	struct outlet *outlet = data;
	if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
		GError *error = NULL;
		gst_message_parse_error(message, &error, NULL);
		const struct outlet_item item = {
			.kind = OUTLET_FAILED,
			.why = g_strdup_printf("%s: %s", GST_OBJECT_NAME(GST_MESSAGE_SRC(message)),
				error->message),
		};
		outlet_put(outlet, &item);
		g_error_free(error);
	}
	gst_message_unref(message); // nobody else listens
	return GST_BUS_DROP;
}

static void handle_unref(gpointer data) {
	outlet_unref(data);
}

struct dmabuf_use {
	struct outlet *outlet;
	uint32_t serial;
};

static void handle_dmabuf_free(gpointer data) {
	struct dmabuf_use *use = data;
	const struct outlet_item item = {.kind = OUTLET_RELEASED, .serial = use->serial};
	outlet_put(use->outlet, &item);
	outlet_unref(use->outlet);
	g_free(use);
}

static const char *colour_name(GstCaps *caps) {
	GstVideoColorimetry colour;
	const char *text = gst_structure_get_string(gst_caps_get_structure(caps, 0), "colorimetry");
	if (!text || !gst_video_colorimetry_from_string(&colour, text)) {
		return "bt601-limited"; // what all paths are told
	}
	bool full = colour.range == GST_VIDEO_COLOR_RANGE_0_255;
	if (colour.matrix == GST_VIDEO_COLOR_MATRIX_BT709) {
		return full ? "bt709-full" : "bt709-limited";
	}
	return full ? "bt601-full" : "bt601-limited";
}

static void pipeline_unit(struct pipeline *pipeline, GstSample *sample, int64_t at) {
	GstBuffer *buffer = gst_sample_get_buffer(sample);
	GstCaps *caps = gst_sample_get_caps(sample);
	GstMapInfo map;
	if (!buffer || !caps || !gst_buffer_map(buffer, &map, GST_MAP_READ)) {
		return;
	}
	uint32_t i = 0;
	while (i < pipeline->inside_count && pipeline->inside[i].pts != GST_BUFFER_PTS(buffer)) {
		i++;
	}
	if (i == pipeline->inside_count) {
		i = 0; // an encoder that makes up times still keeps the order
	}
	if (pipeline->inside_count > 0) {
		const struct inside inside = pipeline->inside[i];
		// those before it came out as nothing; then there is nothing to wait for
		pipeline->inside_count -= i + 1;
		memmove(pipeline->inside, pipeline->inside + i + 1,
			pipeline->inside_count * sizeof(pipeline->inside[0]));
		const struct pipeline_coded coded = {
			.bytes = map.data,
			.size = map.size,
			.key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT),
			.picture = inside.picture,
			.coded = inside.coded,
			.codec = pipeline->path->codec,
			.colour = colour_name(caps),
			.capture_ns = inside.capture_ns,
			.came_ns = inside.came_ns,
			.coded_ns = at,
		};
		pipeline->events->coded(pipeline->data, &coded);
	}
	gst_buffer_unmap(buffer, &map);
}

static void pipeline_released(struct pipeline *pipeline, uint32_t serial) {
	for (uint32_t i = 0; i < pipeline->kept_count; i++) {
		if (pipeline->kept[i] == serial) {
			pipeline->kept[i] = pipeline->kept[--pipeline->kept_count];
			pipeline->events->released(pipeline->data, serial);
			return;
		}
	}
}

static int handle_outlet(int fd, uint32_t mask, void *data) {
	struct pipeline *pipeline = data;
	struct outlet *outlet = outlet_ref(pipeline->outlet); // an event may destroy the pipeline
	struct outlet_item item;
	bool failed = false;
	while (!failed && outlet_take(outlet, &item)) {
		switch (item.kind) {
		case OUTLET_UNIT:
			pipeline_unit(pipeline, item.sample, item.at);
			break;
		case OUTLET_RELEASED:
			pipeline_released(pipeline, item.serial);
			break;
		case OUTLET_FAILED:
			failed = true;
			pipeline->broken = true;
			pipeline->events->failed(pipeline->data, item.why);
			break;
		}
		outlet_item_finish(&item);
	}
	outlet_unref(outlet);
	return 0;
}

static bool pipeline_build(struct pipeline *pipeline, char *why, size_t why_size) {
	char *launch = g_strdup_printf(
		"appsrc name=in is-live=true format=time block=false max-buffers=0 max-bytes=0 ! %s ! "
		"%s ! appsink name=out sync=false async=false qos=false", pipeline->path->launch,
		codec_caps(pipeline->path->codec));
	GError *error = NULL;
	pipeline->bin = gst_parse_launch_full(launch, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
	g_free(launch);
	if (!pipeline->bin) {
		snprintf(why, why_size, "%s", error ? error->message : "no pipeline");
		g_clear_error(&error);
		return false;
	}
	pipeline->src = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(pipeline->bin), "in"));
	pipeline->sink = gst_bin_get_by_name(GST_BIN(pipeline->bin), "out");
	pipeline->encoder = gst_bin_get_by_name(GST_BIN(pipeline->bin), "enc");
	GstAppSinkCallbacks callbacks = {.new_sample = handle_sample};
	gst_app_sink_set_callbacks(GST_APP_SINK(pipeline->sink), &callbacks,
		outlet_ref(pipeline->outlet), handle_unref);
	GstBus *bus = gst_pipeline_get_bus(GST_PIPELINE(pipeline->bin));
	gst_bus_set_sync_handler(bus, handle_message, outlet_ref(pipeline->outlet), handle_unref);
	gst_object_unref(bus);
	if (gst_element_set_state(pipeline->bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
		struct outlet_item item = {0};
		bool said = outlet_take(pipeline->outlet, &item);
		snprintf(why, why_size, "%s", said && item.why ? item.why : "the encoder does not start");
		if (said) {
			outlet_item_finish(&item);
		}
		return false;
	}
	return true;
}

struct pipeline *pipeline_create(struct wl_event_loop *loop, const struct pipeline_path *path,
		uint32_t refresh_mhz, const struct pipeline_events *events, void *data, char *why,
		size_t why_size) {
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	if (!pipeline) {
		snprintf(why, why_size, "no memory");
		return NULL;
	}
	pipeline->path = path;
	pipeline->events = events;
	pipeline->data = data;
	pipeline->refresh_mhz = refresh_mhz;
	pipeline->outlet = outlet_create();
	if (pipeline->outlet) {
		pipeline->source = wl_event_loop_add_fd(loop, outlet_fd(pipeline->outlet),
			WL_EVENT_READABLE, handle_outlet, pipeline);
	}
	if (!pipeline->source) {
		snprintf(why, why_size, "no memory");
		pipeline_destroy(pipeline, false);
		return NULL;
	}
	if (path->input == PIPELINE_DMABUF) {
		pipeline->allocator = gst_dmabuf_allocator_new();
	}
	if (!pipeline_build(pipeline, why, why_size)) {
		pipeline_destroy(pipeline, false);
		return NULL;
	}
	return pipeline;
}

static void stop(GstElement *bin, gpointer data) {
	gst_element_set_state(bin, GST_STATE_NULL);
}

void pipeline_destroy(struct pipeline *pipeline, bool hung) {
	if (!pipeline) {
		return;
	}
	if (pipeline->source) {
		wl_event_source_remove(pipeline->source);
	}
	if (pipeline->bin) {
		if (hung) {
			// a driver that does not answer may never; it keeps what it has
			gst_element_call_async(pipeline->bin, stop, NULL, NULL);
		} else {
			gst_element_set_state(pipeline->bin, GST_STATE_NULL);
		}
	}
	g_clear_object(&pipeline->src);
	g_clear_object(&pipeline->sink);
	g_clear_object(&pipeline->encoder);
	g_clear_object(&pipeline->bin);
	if (pipeline->pool) {
		gst_buffer_pool_set_active(pipeline->pool, FALSE);
		g_clear_object(&pipeline->pool);
	}
	g_clear_object(&pipeline->allocator);
	if (pipeline->outlet) {
		outlet_close(pipeline->outlet);
		outlet_unref(pipeline->outlet);
	}
	for (uint32_t i = 0; i < pipeline->kept_count; i++) {
		pipeline->events->released(pipeline->data, pipeline->kept[i]);
	}
	free(pipeline);
}

static bool same_size(struct picture_size a, struct picture_size b) {
	return a.width == b.width && a.height == b.height;
}

/* Caps of what goes in; NULL: no such format. Sets up the pool of converted pictures. */
static GstCaps *pipeline_caps(struct pipeline *pipeline, const struct window_frame *frame,
		struct picture_size coded) {
	const struct picture_size size = pipeline->path->input == PIPELINE_DMABUF ?
		frame->size : picture_padded(coded);
	GstVideoInfo *info = &pipeline->info;
	if (pipeline->path->input == PIPELINE_DMABUF) {
		gst_video_info_set_format(info, GST_VIDEO_FORMAT_BGRx, (guint)size.width,
			(guint)size.height);
		char *format = gst_video_dma_drm_fourcc_to_string(frame->format, frame->modifier);
		GstCaps *caps = format ? gst_caps_new_simple("video/x-raw",
			"format", G_TYPE_STRING, "DMA_DRM", "drm-format", G_TYPE_STRING, format,
			"width", G_TYPE_INT, size.width, "height", G_TYPE_INT, size.height,
			"framerate", GST_TYPE_FRACTION, (int)pipeline->refresh_mhz, 1000, NULL) : NULL;
		g_free(format);
		if (caps) {
			gst_caps_set_features_simple(caps,
				gst_caps_features_new_single(GST_CAPS_FEATURE_MEMORY_DMABUF));
		}
		return caps;
	}
	gst_video_info_set_format(info,
		pipeline->path->input == PIPELINE_NV12 ? GST_VIDEO_FORMAT_NV12 : GST_VIDEO_FORMAT_I420,
		(guint)size.width, (guint)size.height);
	info->fps_n = (int)pipeline->refresh_mhz;
	info->fps_d = 1000;
	gst_video_colorimetry_from_string(&info->colorimetry, GST_VIDEO_COLORIMETRY_BT601);
	GstCaps *caps = gst_video_info_to_caps(info);
	if (pipeline->pool) {
		gst_buffer_pool_set_active(pipeline->pool, FALSE);
		gst_object_unref(pipeline->pool);
	}
	pipeline->pool = gst_video_buffer_pool_new();
	GstStructure *config = gst_buffer_pool_get_config(pipeline->pool);
	gst_buffer_pool_config_set_params(config, caps, (guint)info->size, 0, 0);
	if (!gst_buffer_pool_set_config(pipeline->pool, config) ||
			!gst_buffer_pool_set_active(pipeline->pool, TRUE)) {
		gst_caps_unref(caps);
		return NULL;
	}
	return caps;
}

/* What becomes of an imported capture. */
static void set_size(struct pipeline *pipeline, struct picture_size coded) {
	char *text = g_strdup_printf("video/x-raw(memory:VAMemory),format=NV12,colorimetry=bt601,"
		"width=%d,height=%d,pixel-aspect-ratio=1/1", coded.width, coded.height);
	GstCaps *caps = gst_caps_from_string(text);
	GstElement *size = gst_bin_get_by_name(GST_BIN(pipeline->bin), "size");
	g_object_set(size, "caps", caps, NULL);
	gst_object_unref(size);
	gst_caps_unref(caps);
	g_free(text);
}

/* Whether what the caps say of such captures is not, or no longer, so. */
static bool is_fresh(const struct pipeline *pipeline, const struct window_frame *frame,
		struct picture_size coded, int64_t now) {
	return !same_size(frame->size, pipeline->window) || !same_size(coded, pipeline->coded) ||
		(pipeline->path->input == PIPELINE_DMABUF &&
		(frame->format != pipeline->format || frame->modifier != pipeline->modifier)) ||
		(pipeline->refresh_mhz != pipeline->caps_mhz && now >= pipeline->caps_at + REFRESH_NS);
}

static bool pipeline_negotiate(struct pipeline *pipeline, const struct window_frame *frame,
		struct picture_size coded, int64_t now) {
	GstCaps *caps = pipeline_caps(pipeline, frame, coded);
	if (!caps) {
		return false;
	}
	if (pipeline->path->input == PIPELINE_DMABUF) {
		set_size(pipeline, coded);
	}
	gst_app_src_set_caps(pipeline->src, caps); // takes its place behind the frames before it
	gst_caps_unref(caps);
	pipeline->window = frame->size;
	pipeline->coded = coded;
	pipeline->format = frame->format;
	pipeline->modifier = frame->modifier;
	pipeline->caps_mhz = pipeline->refresh_mhz;
	pipeline->caps_at = now;
	return true;
}

/* The capture as a buffer that needs no CPU. */
static GstBuffer *import_frame(struct pipeline *pipeline, const struct window_frame *frame) {
	off_t size = lseek(frame->fd, 0, SEEK_END);
	int fd = size > 0 ? fcntl(frame->fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (fd < 0) {
		return NULL;
	}
	GstMemory *memory = gst_dmabuf_allocator_alloc(pipeline->allocator, fd, (gsize)size);
	if (!memory) {
		close(fd);
		return NULL;
	}
	struct dmabuf_use *use = g_new(struct dmabuf_use, 1);
	*use = (struct dmabuf_use){outlet_ref(pipeline->outlet), frame->serial};
	gst_mini_object_set_qdata(GST_MINI_OBJECT(memory),
		g_quark_from_static_string("boxcast-serial"), use, handle_dmabuf_free);
	GstBuffer *buffer = gst_buffer_new();
	gst_buffer_append_memory(buffer, memory);
	gsize offset[GST_VIDEO_MAX_PLANES] = {frame->offset};
	gint stride[GST_VIDEO_MAX_PLANES] = {(gint)frame->stride};
	gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_BGRx,
		(guint)GST_VIDEO_INFO_WIDTH(&pipeline->info), (guint)GST_VIDEO_INFO_HEIGHT(&pipeline->info),
		1, offset, stride);
	return buffer;
}

/* Scaled, if it is to be, and converted. */
static bool convert_pixels(struct pixels *pixels, const uint8_t *bytes,
		const struct window_frame *frame, struct picture_size coded,
		const struct pixels_planes *planes) {
	uint32_t stride = frame->stride;
	if (!same_size(coded, frame->size)) {
		bytes = pixels_scale(pixels, bytes, stride, frame->size, coded);
		stride = (uint32_t)coded.width * 4;
	}
	return bytes && pixels_convert(bytes, stride, coded, planes);
}

/* The capture converted into a buffer of the pool. NULL: it cannot be read, or no memory. */
static GstBuffer *convert_frame(struct pipeline *pipeline, struct pixels *pixels,
		const struct window_frame *frame, struct picture_size coded) {
	if ((frame->format != PICTURE_XRGB8888 && frame->format != PICTURE_ARGB8888) ||
			(frame->dmabuf && frame->modifier != 0)) {
		return NULL; // only linear pixels of the usual order can be read in place
	}
	uint64_t extent = picture_extent(frame->size, frame->offset, frame->stride);
	const uint8_t *bytes = pixels_map(pixels, frame->fd, extent);
	GstBuffer *buffer = NULL;
	if (!bytes || gst_buffer_pool_acquire_buffer(pipeline->pool, &buffer, NULL) != GST_FLOW_OK) {
		return NULL;
	}
	GstVideoFrame video;
	if (!gst_video_frame_map(&video, &pipeline->info, buffer, GST_MAP_WRITE)) {
		gst_buffer_unref(buffer);
		return NULL;
	}
	bool planar = pipeline->path->input == PIPELINE_I420;
	const struct pixels_planes planes = {
		.y = GST_VIDEO_FRAME_PLANE_DATA(&video, 0),
		.u = GST_VIDEO_FRAME_PLANE_DATA(&video, 1),
		.v = planar ? GST_VIDEO_FRAME_PLANE_DATA(&video, 2) : NULL,
		.y_stride = GST_VIDEO_FRAME_PLANE_STRIDE(&video, 0),
		.u_stride = GST_VIDEO_FRAME_PLANE_STRIDE(&video, 1),
		.v_stride = planar ? GST_VIDEO_FRAME_PLANE_STRIDE(&video, 2) : 0,
		.size = picture_padded(coded),
	};
	if (frame->dmabuf) {
		pixels_sync(frame->fd, true);
	}
	bool converted = convert_pixels(pixels, bytes + frame->offset, frame, coded, &planes);
	if (frame->dmabuf) {
		pixels_sync(frame->fd, false);
	}
	gst_video_frame_unmap(&video);
	if (!converted) {
		gst_buffer_unref(buffer);
		return NULL;
	}
	return buffer;
}

/* Strictly rising, and near the capture's own time. */
static GstClockTime pipeline_pts(struct pipeline *pipeline, uint64_t capture_ns) {
	if (pipeline->first_capture_ns == 0) {
		pipeline->first_capture_ns = capture_ns;
	}
	GstClockTime pts = FIRST_PTS;
	if (capture_ns > pipeline->first_capture_ns) {
		pts += capture_ns - pipeline->first_capture_ns;
	}
	if (pts <= pipeline->last_pts) {
		pts = pipeline->last_pts + 1;
	}
	pipeline->last_pts = pts;
	return pts;
}

enum pipeline_push pipeline_push(struct pipeline *pipeline, struct pixels *pixels,
		const struct window_frame *frame, struct picture_size coded, int64_t came_ns, bool key) {
	if (pipeline->broken || pipeline->inside_count == INSIDE_MAX ||
			pipeline->kept_count == INSIDE_MAX) {
		return PIPELINE_BROKEN;
	}
	bool import = pipeline->path->input == PIPELINE_DMABUF;
	coded = import ? picture_cropped(coded) : coded;
	if (import && (coded.width < PICTURE_SIDE_MIN || coded.height < PICTURE_SIDE_MIN)) {
		return PIPELINE_UNREADABLE; // what is imported cannot be padded
	}
	bool fresh = is_fresh(pipeline, frame, coded, came_ns);
	if (fresh && !pipeline_negotiate(pipeline, frame, coded, came_ns)) {
		return PIPELINE_UNREADABLE;
	}
	GstBuffer *buffer = import ? import_frame(pipeline, frame) :
		convert_frame(pipeline, pixels, frame, coded);
	if (!buffer) {
		pipeline->window = (struct picture_size){0}; // the caps had no picture behind them
		return PIPELINE_UNREADABLE;
	}
	if (key && !fresh) {
		gst_element_send_event(pipeline->sink,
			gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
	}
	GST_BUFFER_PTS(buffer) = pipeline_pts(pipeline, frame->capture_ns);
	pipeline->inside[pipeline->inside_count++] = (struct inside){
		.pts = GST_BUFFER_PTS(buffer),
		.capture_ns = frame->capture_ns,
		.came_ns = came_ns,
		.picture = frame->size,
		.coded = coded,
	};
	if (import) {
		pipeline->kept[pipeline->kept_count++] = frame->serial;
	}
	// refused: then the cause is in the outlet, or the frame never comes out, which is noticed too
	gst_app_src_push_buffer(pipeline->src, buffer);
	return import ? PIPELINE_KEPT : PIPELINE_READ;
}

bool pipeline_takes(const struct pipeline *pipeline, struct picture_size coded) {
	return !pipeline->path->one_size || pipeline->coded.width == 0 ||
		same_size(coded, pipeline->coded);
}

void pipeline_set_rate(struct pipeline *pipeline, uint32_t bits) {
	const struct pipeline_path *path = pipeline->path;
	g_object_set(pipeline->encoder, path->rate, bits / path->rate_unit, NULL);
	if (path->buffer) {
		guint size = (guint)((uint64_t)bits * BUFFER_MS / 1000 / path->rate_unit);
		g_object_set(pipeline->encoder, path->buffer, size, NULL);
	}
}

void pipeline_set_refresh(struct pipeline *pipeline, uint32_t refresh_mhz) {
	pipeline->refresh_mhz = refresh_mhz;
}

int64_t pipeline_oldest(const struct pipeline *pipeline) {
	return pipeline->inside_count > 0 ? pipeline->inside[0].came_ns : 0;
}

uint32_t pipeline_inside(const struct pipeline *pipeline) {
	return pipeline->inside_count;
}
