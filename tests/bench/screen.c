/* SPDX-License-Identifier: MIT */
/*
 * screen.c - looks at a part of a desktop with wlr-screencopy. Only that part is copied.
 */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "wlr-screencopy-unstable-v1-client-protocol.h"

int64_t screen_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void ask(struct screen *screen);

static bool create_buffer(struct screen *screen, uint32_t format, uint32_t stride) {
	screen->stride = stride;
	screen->size = (size_t)stride * (size_t)screen->height;
	screen->upright = malloc(screen->size);
	int fd = memfd_create(screen->name, MFD_CLOEXEC);
	if (!screen->upright || fd < 0 || ftruncate(fd, (off_t)screen->size) < 0) {
		return false;
	}
	screen->pixels = mmap(NULL, screen->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (screen->pixels == MAP_FAILED) {
		return false;
	}
	struct wl_shm_pool *pool = wl_shm_create_pool(screen->shm, fd, (int32_t)screen->size);
	screen->buffer = wl_shm_pool_create_buffer(pool, 0, screen->width, screen->height,
		(int32_t)stride, format);
	wl_shm_pool_destroy(pool);
	close(fd);
	return true;
}

static void handle_buffer(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t format,
		uint32_t width, uint32_t height, uint32_t stride) {
	struct screen *screen = data;
	if (screen->buffer) {
		return;
	}
	if (width != (uint32_t)screen->width || height != (uint32_t)screen->height ||
			(format != WL_SHM_FORMAT_XRGB8888 && format != WL_SHM_FORMAT_ARGB8888)) {
		fprintf(stderr, "%s: what is at %d,%d is %ux%u of format %08x\n", screen->name, screen->x,
			screen->y, width, height, format);
		screen->refused = true;
	} else if (!create_buffer(screen, format, stride)) {
		fprintf(stderr, "%s: no memory: %s\n", screen->name, strerror(errno));
		screen->refused = true;
	}
}

static void handle_buffer_done(void *data, struct zwlr_screencopy_frame_v1 *frame) {
	struct screen *screen = data;
	if (screen->buffer) {
		zwlr_screencopy_frame_v1_copy_with_damage(frame, screen->buffer);
	}
}

static void handle_flags(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t flags) {
	struct screen *screen = data;
	screen->flipped = flags & ZWLR_SCREENCOPY_FRAME_V1_FLAGS_Y_INVERT;
}

static void handle_ready(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t seconds_hi,
		uint32_t seconds_lo, uint32_t ns) {
	struct screen *screen = data;
	int64_t seconds = (int64_t)((uint64_t)seconds_hi << 32 | seconds_lo);
	const uint8_t *pixels = screen->pixels;
	zwlr_screencopy_frame_v1_destroy(frame);
	ask(screen); // first: the next picture is not to be missed
	if (screen->flipped) {
		for (int y = 0; y < screen->height; y++) {
			memcpy(screen->upright + (size_t)y * screen->stride,
				screen->pixels + (size_t)(screen->height - 1 - y) * screen->stride, screen->stride);
		}
		pixels = screen->upright;
	}
	screen->presented(screen, pixels, screen->stride, seconds * 1000000000 + ns);
}

static void handle_failed(void *data, struct zwlr_screencopy_frame_v1 *frame) {
	struct screen *screen = data;
	fprintf(stderr, "%s: the desktop refuses to be copied at %d,%d\n", screen->name, screen->x,
		screen->y);
	screen->refused = true;
}

static void handle_damage(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t x,
		uint32_t y, uint32_t width, uint32_t height) {
}

static void handle_dmabuf(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t format,
		uint32_t width, uint32_t height) {
}

static const struct zwlr_screencopy_frame_v1_listener frame_listener = {
	.buffer = handle_buffer,
	.flags = handle_flags,
	.ready = handle_ready,
	.failed = handle_failed,
	.damage = handle_damage,
	.linux_dmabuf = handle_dmabuf,
	.buffer_done = handle_buffer_done,
};

static void ask(struct screen *screen) {
	struct zwlr_screencopy_frame_v1 *frame = zwlr_screencopy_manager_v1_capture_output_region(
		screen->screencopy, 0, screen->output, screen->x, screen->y, screen->width, screen->height);
	zwlr_screencopy_frame_v1_add_listener(frame, &frame_listener, screen);
	wl_display_flush(screen->display);
}

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct screen *screen = data;
	if (strcmp(interface, wl_shm_interface.name) == 0) {
		screen->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, wl_seat_interface.name) == 0 && !screen->seat) {
		screen->seat = wl_registry_bind(registry, name, &wl_seat_interface, 1);
	} else if (strcmp(interface, wl_output_interface.name) == 0 && !screen->output) {
		screen->output = wl_registry_bind(registry, name, &wl_output_interface, 1);
	} else if (strcmp(interface, zwlr_screencopy_manager_v1_interface.name) == 0) {
		screen->screencopy =
			wl_registry_bind(registry, name, &zwlr_screencopy_manager_v1_interface, 3);
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

bool screen_init(struct screen *screen) {
	screen->display = wl_display_connect(NULL);
	if (!screen->display) {
		fprintf(stderr, "%s: no Wayland display: set WAYLAND_DISPLAY\n", screen->name);
		return false;
	}
	screen->registry = wl_display_get_registry(screen->display);
	wl_registry_add_listener(screen->registry, &registry_listener, screen);
	wl_display_roundtrip(screen->display);
	if (!screen->shm || !screen->output || !screen->screencopy) {
		fprintf(stderr, "%s: the display lacks wl_shm, an output or wlr-screencopy\n", screen->name);
		return false;
	}
	ask(screen);
	return true;
}

void screen_finish(struct screen *screen) {
	wl_display_disconnect(screen->display); // and with it every object
	if (screen->pixels && screen->pixels != MAP_FAILED) {
		munmap(screen->pixels, screen->size);
	}
	free(screen->upright);
}

bool screen_dispatch(struct screen *screen, int64_t until) {
	while (wl_display_prepare_read(screen->display) != 0) {
		if (wl_display_dispatch_pending(screen->display) < 0) {
			return false;
		}
	}
	wl_display_flush(screen->display);
	struct pollfd fd = {.fd = wl_display_get_fd(screen->display), .events = POLLIN};
	int64_t left = until - screen_now();
	int timeout = until == 0 ? -1 : left > 0 ? (int)(left / 1000000) + 1 : 0;
	int ready = poll(&fd, 1, timeout);
	if (ready <= 0) {
		wl_display_cancel_read(screen->display);
		return ready == 0 || errno == EINTR;
	}
	return wl_display_read_events(screen->display) == 0 &&
		wl_display_dispatch_pending(screen->display) >= 0 && !screen->refused;
}
