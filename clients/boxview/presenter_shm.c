/* SPDX-License-Identifier: MIT */
/*
 * presenter_shm.c - draws by libyuv into buffers of shared memory, for desktops without hardware GL.
 */
#include <libyuv.h>
#include <stdlib.h>
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

static bool shm_draw(struct presenter *base, const struct picture *picture) {
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
	}
	convert_picture(picture, slot->buffer.bytes, slot->buffer.stride);
	wl_surface_attach(presenter->surface, slot->buffer.buffer, 0, 0);
	wl_surface_damage_buffer(presenter->surface, 0, 0, width, height);
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
