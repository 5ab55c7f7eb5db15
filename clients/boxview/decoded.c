/* SPDX-License-Identifier: MIT */
/*
 * decoded.c - what becomes of a decoder's output: planes, or a graphics processor's memory that the
 * compositor is handed as it is. That is GStreamer's, of which the surface of VA-API is asked here.
 */
#include "boxview/decoded.h"

#include <dlfcn.h>
#include <gst/video/video.h>
#include <libyuv.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <va/va.h>
#include <va/va_drmcommon.h>
#include <wayland-util.h>

#define LOG_MODULE "decoded"
#include "base/log.h"

struct decoded {
	struct picture picture;
	GstSample *sample;
	GstVideoInfo info;
	GstVideoFrame frame;
	bool mapped;
	uint8_t *chroma; // NULL, or planes that were interleaved
};

/*
 * Of GStreamer's library for its VA elements, which is there when one of them is. Its headers are in a package
 * that nothing else needs.
 */
#define GSTVA "libgstva-1.0.so.0"
static struct {
	void *(*peek_display)(GstMemory *memory); // GstVaDisplay; NULL: of something else
	VASurfaceID (*get_surface)(GstMemory *memory);
	VADisplay (*get_va)(void *display);
} gstva;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
	void *library = dlopen(GSTVA, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
	if (library) {
		*(void **)&gstva.get_surface = dlsym(library, "gst_va_memory_get_surface");
		*(void **)&gstva.get_va = dlsym(library, "gst_va_display_get_va_dpy");
		*(void **)&gstva.peek_display = gstva.get_surface && gstva.get_va ?
			dlsym(library, "gst_va_memory_peek_display") : NULL;
	}
}

static GstMemory *memory_of(GstSample *sample) {
	return gst_buffer_peek_memory(gst_sample_get_buffer(sample), 0);
}

static bool is_of_va(GstSample *sample) {
	const GstCapsFeatures *features = gst_caps_get_features(gst_sample_get_caps(sample), 0);
	if (!features || !gst_caps_features_contains(features, "memory:VAMemory")) {
		return false;
	}
	pthread_once(&once, load);
	return gstva.peek_display && gstva.peek_display(memory_of(sample));
}

static void decoded_destroy(struct picture *picture) {
	struct decoded *own = wl_container_of(picture, own, picture);
	free(own->chroma);
	if (own->mapped) {
		gst_video_frame_unmap(&own->frame);
	}
	gst_sample_unref(own->sample);
	free(own);
}

static bool is_shown(GstVideoFormat format) {
	return format == GST_VIDEO_FORMAT_I420 || format == GST_VIDEO_FORMAT_NV12;
}

/* Planes of chroma, apart. false: no memory. */
static bool part_chroma(struct decoded *own) {
	int width = (own->picture.width + 1) / 2, height = (own->picture.height + 1) / 2;
	size_t size = (size_t)width * (size_t)height;
	own->chroma = malloc(size * 2);
	if (!own->chroma) {
		return false;
	}
	SplitUVPlane(GST_VIDEO_FRAME_PLANE_DATA(&own->frame, 1),
		GST_VIDEO_FRAME_PLANE_STRIDE(&own->frame, 1), own->chroma, width, own->chroma + size, width,
		width, height);
	own->picture.u = own->chroma;
	own->picture.v = own->chroma + size;
	own->picture.u_stride = own->picture.v_stride = width;
	return true;
}

static bool decoded_map(struct picture *picture) {
	struct decoded *own = wl_container_of(picture, own, picture);
	GstBuffer *buffer = gst_sample_get_buffer(own->sample);
	own->mapped = own->mapped || gst_video_frame_map(&own->frame, &own->info, buffer, GST_MAP_READ);
	if (!own->mapped) {
		log_debug("a picture cannot be read");
		return false;
	}
	if (GST_VIDEO_INFO_FORMAT(&own->info) == GST_VIDEO_FORMAT_I420) {
		picture->u = GST_VIDEO_FRAME_PLANE_DATA(&own->frame, 1);
		picture->v = GST_VIDEO_FRAME_PLANE_DATA(&own->frame, 2);
		picture->u_stride = GST_VIDEO_FRAME_PLANE_STRIDE(&own->frame, 1);
		picture->v_stride = GST_VIDEO_FRAME_PLANE_STRIDE(&own->frame, 2);
	} else if (!part_chroma(own)) {
		return false;
	}
	picture->y = GST_VIDEO_FRAME_PLANE_DATA(&own->frame, 0);
	picture->y_stride = GST_VIDEO_FRAME_PLANE_STRIDE(&own->frame, 0);
	return true;
}

/* What the driver says of a surface, as one picture with planes. false: not that. */
static bool describe(const VADRMPRIMESurfaceDescriptor *given, struct picture_dmabuf *out) {
	*out = (struct picture_dmabuf){.fds = {-1, -1, -1, -1}};
	bool good = given->num_objects > 0 && given->num_objects <= 4 && given->num_layers == 1 &&
		given->layers[0].num_planes > 0 && given->layers[0].num_planes <= 4;
	for (uint32_t i = 0; i < given->num_objects && i < 4; i++) {
		out->fds[i] = given->objects[i].fd;
		good = good && given->objects[i].drm_format_modifier == given->objects[0].drm_format_modifier;
	}
	out->format = given->layers[0].drm_format;
	out->modifier = given->objects[0].drm_format_modifier;
	out->count = good ? (int)given->layers[0].num_planes : 0;
	for (int i = 0; i < out->count; i++) {
		uint32_t object = given->layers[0].object_index[i];
		good = good && object < given->num_objects;
		out->planes[i].fd = good ? out->fds[object] : -1;
		out->planes[i].offset = given->layers[0].offset[i];
		out->planes[i].stride = given->layers[0].pitch[i];
	}
	return good;
}

static bool decoded_hand_out(struct picture *picture, struct picture_dmabuf *out) {
	struct decoded *own = wl_container_of(picture, own, picture);
	GstMemory *memory = memory_of(own->sample);
	VADRMPRIMESurfaceDescriptor given = {0};
	VAStatus status = vaExportSurfaceHandle(gstva.get_va(gstva.peek_display(memory)),
		gstva.get_surface(memory), VA_SURFACE_ATTRIB_MEM_TYPE_DRM_PRIME_2,
		VA_EXPORT_SURFACE_READ_ONLY | VA_EXPORT_SURFACE_COMPOSED_LAYERS, &given);
	if (status != VA_STATUS_SUCCESS) {
		log_debug("a picture cannot be handed out: %s", vaErrorStr(status));
		return false;
	}
	if (!describe(&given, out)) {
		picture_dmabuf_finish(out);
		return false;
	}
	return true;
}

struct picture *decoded_create(GstSample *sample) {
	struct decoded *own = calloc(1, sizeof(*own));
	GstCaps *caps = gst_sample_get_caps(sample);
	if (!own || !gst_sample_get_buffer(sample) || !caps || !gst_video_info_from_caps(&own->info, caps) ||
			!is_shown(GST_VIDEO_INFO_FORMAT(&own->info))) {
		free(own);
		gst_sample_unref(sample);
		return NULL;
	}
	own->sample = sample;
	own->picture = (struct picture){
		.refs = 1,
		.map = decoded_map,
		.destroy = decoded_destroy,
		.width = GST_VIDEO_INFO_WIDTH(&own->info),
		.height = GST_VIDEO_INFO_HEIGHT(&own->info),
	};
	if (is_of_va(sample)) {
		own->picture.hand_out = decoded_hand_out;
	} else if (!decoded_map(&own->picture)) {
		decoded_destroy(&own->picture);
		return NULL;
	}
	return &own->picture;
}
