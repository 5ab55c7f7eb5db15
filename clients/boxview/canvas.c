/* SPDX-License-Identifier: MIT */
/*
 * canvas.c - lossless tiles over video. What a payload may hold is media/tiles.c's.
 */
#include "boxview/canvas.h"

#include <stdlib.h>

#include "boxview/convert.h"

bool canvas_init(struct canvas *canvas) {
	*canvas = (struct canvas){.coder = tiles_coder_create()};
	return canvas->coder;
}

void canvas_finish(struct canvas *canvas) {
	picture_unref(canvas->video);
	tiles_canvas_finish(&canvas->pixels);
	tiles_coder_destroy(canvas->coder);
}

void canvas_set_video(struct canvas *canvas, struct picture *picture) {
	picture_unref(canvas->video);
	canvas->video = picture_ref(picture);
}

static void destroy(struct picture *picture) {
	free(picture);
}

/* The pixels become those of the video before. false: no memory, or they cannot be read. */
static bool draw_video(struct canvas *canvas) {
	const struct picture *video = canvas->video;
	struct tiles_canvas *pixels = &canvas->pixels;
	return picture_map(canvas->video) && tiles_canvas_resize(pixels, video->window_width, video->window_height) &&
		convert_scaled(video, pixels->pixels, pixels->width * 4);
}

struct picture *canvas_apply(struct canvas *canvas, const struct order_frame *frame,
		const char **why) {
	bool video = canvas->video;
	*why = "there is no memory for it";
	if (video && !frame->key && !draw_video(canvas)) {
		return NULL;
	}
	struct picture *picture = calloc(1, sizeof(*picture));
	if (!picture) {
		return NULL;
	}
	if (!tiles_apply(canvas->coder, &canvas->pixels, frame->bytes, frame->size, frame->key,
			&picture->changed, why)) {
		free(picture);
		return NULL;
	}
	picture_unref(canvas->video);
	canvas->video = NULL;
	picture->refs = 1;
	picture->destroy = destroy;
	picture->canvas = &canvas->pixels;
	picture->width = picture->visible_width = picture->window_width = canvas->pixels.width;
	picture->height = picture->visible_height = picture->window_height = canvas->pixels.height;
	if (video) {
		picture->changed = (struct tiles_rect){0, 0, (uint16_t)picture->width,
			(uint16_t)picture->height};
	}
	picture->sequence = frame->sequence;
	picture->capture_ns = frame->capture_ns;
	return picture;
}
