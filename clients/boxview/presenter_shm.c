/* SPDX-License-Identifier: MIT */
/*
 * presenter_shm.c - draws by libyuv into buffers of shared memory, for desktops without hardware GL.
 */
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>
#include <wayland-client.h>

#include "boxview/convert.h"
#include "boxview/presenter.h"
#include "boxview/shm.h"

#define LOG_MODULE "shm"
#include "base/log.h"

#define BUFFERS 3 // shown, committed, free

struct slot {
	struct shm_buffer buffer;
	struct presenter_shm *owner;
	struct tiles_rect stale; // where it is older than what was drawn last
	bool busy; // the compositor's
};

struct presenter_shm {
	struct presenter base;
	const struct globals *globals;
	struct wl_surface *surface;
	struct slot slots[BUFFERS];
};

static void buffer_release(void *data, struct wl_buffer *buffer) {
	struct slot *slot = data;
	slot->busy = false;
	struct presenter *base = &slot->owner->base;
	base->events->ready(base->data);
}

static const struct wl_buffer_listener buffer_listener = {
	.release = buffer_release,
};

static const struct slot *find_free(const struct presenter_shm *presenter) {
	for (size_t i = 0; i < BUFFERS; i++) {
		if (!presenter->slots[i].busy) {
			return &presenter->slots[i];
		}
	}
	return NULL;
}

static bool shm_ready(const struct presenter *base) {
	const struct presenter_shm *presenter = wl_container_of(base, presenter, base);
	return find_free(presenter) != NULL;
}

static void note_change(struct presenter_shm *presenter, const struct tiles_rect *changed) {
	for (size_t i = 0; i < BUFFERS; i++) {
		tiles_unite(&presenter->slots[i].stale, changed);
	}
}

/* The buffer has the size of the canvas. A part that was noted of a larger picture may end beside it. */
static void copy_canvas(const struct tiles_canvas *canvas, const struct tiles_rect *part,
		struct shm_buffer *buffer) {
	int right = part->x + part->width, bottom = part->y + part->height;
	right = right < canvas->width ? right : canvas->width;
	bottom = bottom < canvas->height ? bottom : canvas->height;
	for (int y = part->y; y < bottom && part->x < right; y++) {
		memcpy(buffer->bytes + (ptrdiff_t)y * buffer->stride + part->x * 4,
			canvas->pixels + ((ptrdiff_t)y * canvas->width + part->x) * 4,
			(size_t)(right - part->x) * 4);
	}
}

static bool shm_draw(struct presenter *base, const struct picture *picture, int on_width, int on_height) {
	struct presenter_shm *presenter = wl_container_of(base, presenter, base);
	struct slot *slot = (struct slot *)find_free(presenter);
	int width = picture->visible_width, height = picture->visible_height;
	if (slot->buffer.width != width || slot->buffer.height != height) {
		shm_buffer_finish(&slot->buffer);
		if (!shm_buffer_init(&slot->buffer, presenter->globals, width, height,
				WL_SHM_FORMAT_XRGB8888)) {
			log_errno("no buffer of %dx%d", width, height);
			return false;
		}
		wl_buffer_add_listener(slot->buffer.buffer, &buffer_listener, slot);
		slot->stale = (struct tiles_rect){0, 0, (uint16_t)width, (uint16_t)height};
	}
	struct tiles_rect changed = {0, 0, (uint16_t)width, (uint16_t)height};
	if (picture->canvas) {
		changed = picture->changed;
		note_change(presenter, &changed);
		copy_canvas(picture->canvas, &slot->stale, &slot->buffer);
	} else {
		note_change(presenter, &changed);
		convert_picture(picture, slot->buffer.bytes, slot->buffer.stride);
	}
	slot->stale = (struct tiles_rect){0};
	wl_surface_attach(presenter->surface, slot->buffer.buffer, 0, 0);
	wl_surface_damage_buffer(presenter->surface, changed.x, changed.y, changed.width,
		changed.height);
	wl_surface_commit(presenter->surface);
	slot->busy = true;
	return true;
}

static void shm_destroy(struct presenter *base) {
	struct presenter_shm *presenter = wl_container_of(base, presenter, base);
	for (size_t i = 0; i < BUFFERS; i++) {
		shm_buffer_finish(&presenter->slots[i].buffer);
	}
	free(presenter);
}

static const struct presenter_impl shm_impl = {
	.name = "shm",
	.ready = shm_ready,
	.draw = shm_draw,
	.destroy = shm_destroy,
};

struct presenter *presenter_shm_create(const struct globals *globals, struct wl_surface *surface) {
	struct presenter_shm *presenter = calloc(1, sizeof(*presenter));
	if (!presenter) {
		log_errno("no presenter");
		return NULL;
	}
	presenter->base.impl = &shm_impl;
	presenter->globals = globals;
	presenter->surface = surface;
	for (size_t i = 0; i < BUFFERS; i++) {
		presenter->slots[i].owner = presenter;
	}
	return &presenter->base;
}
