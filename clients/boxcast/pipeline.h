/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PIPELINE_H
#define BOXCAST_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "boxcast/pixels.h"
#include "boxcast/window.h"
#include "media/codec.h"

/*
 * One GStreamer pipeline: captures in, access units out, with no frame of delay. It lives until it
 * fails; which one is built, and what follows a failure, is encoder.c's.
 */

enum pipeline_input {
	PIPELINE_I420,
	PIPELINE_NV12,
	PIPELINE_DMABUF, // imported, not mapped
};

#define PATH_NEEDS 2

/* A way to encode. */
struct pipeline_path {
	const char *name;        // for stats
	enum codec codec;
	const char *needs[PATH_NEEDS]; // elements that must be registered
	enum pipeline_input input;
	bool render_node;        // needs a GPU
	/*
	 * Between appsrc and the caps of appsink. Its encoder is called enc; of dmabufs, a capsfilter in front of
	 * that is called size.
	 */
	const char *launch;
	bool one_size;           // of all that a pipeline takes
	const char *rate;        // the encoder's property
	uint32_t rate_unit;      // bits in one of its unit
	const char *buffer;      // NULL, or a property: bits of the rate buffer, in the same unit
};

/* An access unit. */
struct pipeline_coded {
	const uint8_t *bytes; // valid during the call
	size_t size;
	bool key;
	struct picture_size picture; // of the window, as it is to be seen
	struct picture_size coded;   // what is to be seen of the unit, from its left top corner
	enum codec codec;
	const char *colour;          // as the control line video has it
	uint64_t capture_ns;
	int64_t came_ns, coded_ns;   // when the capture was here, when the unit was done
};

struct pipeline_events { // all from the loop
	void (*coded)(void *data, const struct pipeline_coded *coded);
	void (*released)(void *data, uint32_t serial); // a dmabuf is no longer read
	void (*failed)(void *data, const char *why);   // once; destroy it in here or later
};

struct pipeline;

/* NULL, with the cause in why: it cannot be built here. */
struct pipeline *pipeline_create(struct wl_event_loop *loop, const struct pipeline_path *path,
	uint32_t refresh_mhz, const struct pipeline_events *events, void *data, char *why,
	size_t why_size);
/* NULL is fine. hung: its threads do not answer; they are not waited for. */
void pipeline_destroy(struct pipeline *pipeline, bool hung);

enum pipeline_push {
	PIPELINE_KEPT,    // released comes when it is no longer read
	PIPELINE_READ,    // it has been read: release it
	PIPELINE_UNREADABLE, // this capture cannot be taken; the pipeline is well
	PIPELINE_BROKEN,  // failed comes, or has come
};
/*
 * Takes a capture. coded: made as small as this, and even where it is imported. came_ns: when it was here. A
 * new size is negotiated on the way and begins with a keyframe; key asks for one.
 */
enum pipeline_push pipeline_push(struct pipeline *pipeline, struct pixels *pixels,
	const struct window_frame *frame, struct picture_size coded, int64_t came_ns, bool key);
/* false: a picture coded of this size needs another pipeline. */
bool pipeline_takes(const struct pipeline *pipeline, struct picture_size coded);
/* Bits a second, from the next frame on. */
void pipeline_set_rate(struct pipeline *pipeline, uint32_t bits);
/*
 * Frames a second, in mHz, by which an encoder shares out its bits: negotiated with the next size, else at most
 * once a second, for it costs a keyframe.
 */
void pipeline_set_refresh(struct pipeline *pipeline, uint32_t refresh_mhz);
/* When the oldest frame that has not come out went in; 0: none is inside. */
int64_t pipeline_oldest(const struct pipeline *pipeline);
uint32_t pipeline_inside(const struct pipeline *pipeline); // frames

#endif
