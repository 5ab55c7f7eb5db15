/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_DECODER_H
#define BOXVIEW_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "boxview/picture.h"
#include "media/codec.h"

/*
 * Access units in, pictures out, with no frame of delay. What it is given is a stranger's: sizes
 * are bounded, a unit that cannot be decoded costs a keyframe, never the view.
 */

#define DECODER_INSIDE_MAX 8 // units in the decoder; give it no more

struct decoder_events { // all from the loop
	/* The listener's from now on, to be given to picture_unref. */
	void (*picture)(void *data, struct picture *picture);
	/*
	 * A unit was not decoded, or only in part: what follows needs a keyframe. May come from inside
	 * decoder_push.
	 */
	void (*broken)(void *data);
	/* A decoder was given up, or found: decoder_takes is another. */
	void (*takes)(void *data);
};

struct decoder;

/*
 * NULL, logged: no decoder is installed. hand_out: pictures stay in a graphics processor's memory where it
 * decodes, to be handed to the compositor.
 */
struct decoder *decoder_create(struct wl_event_loop *loop, bool hand_out,
	const struct decoder_events *events, void *data);
void decoder_destroy(struct decoder *decoder); // NULL is fine

/* What can be decoded, the best first. */
const struct codec_list *decoder_takes(const struct decoder *decoder);
/* What the units are, from the next keyframe on. */
void decoder_set_codec(struct decoder *decoder, enum codec codec);
/* Takes bytes over (malloc'd). */
void decoder_push(struct decoder *decoder, uint32_t sequence, bool key, uint64_t capture_ns,
	int64_t came_ns, uint8_t *bytes, size_t size);
/* Forgets what is inside, and begins anew with the next unit. */
void decoder_reset(struct decoder *decoder);
uint32_t decoder_inside(const struct decoder *decoder);
/* When decoder_check has to be called; 0: nothing is inside. */
int64_t decoder_deadline(const struct decoder *decoder);
void decoder_check(struct decoder *decoder, int64_t now);
const char *decoder_name(const struct decoder *decoder);

#endif
