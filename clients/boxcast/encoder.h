/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_ENCODER_H
#define BOXCAST_ENCODER_H

#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "boxcast/pipeline.h"

/*
 * The encoder of one view: the best pipeline that works on this machine, and another when it fails.
 */

struct encoder_events { // all from the loop
	void (*coded)(void *data, const struct pipeline_coded *coded);
	void (*released)(void *data, uint32_t serial); // a capture is no longer read
	/* So many captures will never come out: a pipeline was lost, or could not read them. */
	void (*dropped)(void *data, uint32_t frames);
	/* A dmabuf cannot be taken any more: ask for memory. */
	void (*refuse_dmabuf)(void *data);
	/* No encoder is left, or nothing that one takes comes; once, with a sentence for people. */
	void (*failed)(void *data, const char *why);
};

struct encoder;

/* NULL, logged: no memory. Nothing is built before the first capture. */
struct encoder *encoder_create(struct wl_event_loop *loop, const struct encoder_events *events,
	void *data);
void encoder_destroy(struct encoder *encoder); // NULL is fine
/* Of the screen that shows the window; followed at most once a second, at the cost of a keyframe. */
void encoder_set_refresh(struct encoder *encoder, uint32_t refresh_mhz);
/* Only each so many-th frame comes, and has the bits of all. Followed likewise. */
void encoder_set_divisor(struct encoder *encoder, uint32_t divisor);

/*
 * The i-th kind of dmabuf that can be taken; false behind the last, and for all i where there is no
 * GPU that encodes.
 */
bool encoder_dmabuf(struct encoder *encoder, uint32_t i, uint32_t *format, uint64_t *modifier);

/* Behind failed: whether it is of use to try anew, as where a machine was too busy for a while. */
bool encoder_may_recover(const struct encoder *encoder);

/*
 * Takes a capture; released or dropped may be called from in here. coded: made as small as this, where the
 * path can. key: as a keyframe.
 */
void encoder_push(struct encoder *encoder, const struct window_frame *frame,
	struct picture_size coded, int64_t came_ns, bool key);
/*
 * What the viewer decodes, the best first; h264 until said. Of the encoders for any of it those of a
 * graphics processor come first, then what the viewer likes best. A change is followed at most once a second.
 */
void encoder_set_takes(struct encoder *encoder, const struct codec_list *takes);
/* What the viewer wants, bits a second; 0: as fits the size. */
void encoder_set_rate(struct encoder *encoder, uint32_t bits);
/* What the way to it carries; 0: anything. */
void encoder_set_limit(struct encoder *encoder, uint32_t bits);
/* In force for windows of this size, and what would be without a limit. */
uint32_t encoder_rate(const struct encoder *encoder, struct picture_size size);
uint32_t encoder_most(const struct encoder *encoder, struct picture_size size);
/* When encoder_check has to be called, 0: not. */
int64_t encoder_deadline(const struct encoder *encoder);
void encoder_check(struct encoder *encoder, int64_t now);
/* The path in use, "none" before the first capture; and why it is not the best one, or "". */
const char *encoder_path(const struct encoder *encoder);
const char *encoder_why(const struct encoder *encoder);

#endif
