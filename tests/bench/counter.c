/* SPDX-License-Identifier: MIT */
/*
 * counter.c - a game, for the bench: a window that draws a whole new frame at each frame callback.
 *
 *   counter WIDTHxHEIGHT LOG
 *   counter --dump WIDTHxHEIGHT    the same frames to its output instead, once to and fro
 *
 * Every frame carries its number (code.h). LOG gets a line a frame: its number, and CLOCK_MONOTONIC
 * in nanoseconds just before its commit. What is seen of it is probe.c's to say.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wayland-client.h>

#include "code.h"
#include "scene.h"
#include "xdg-shell-client-protocol.h"

#define BUFFERS 3

struct buffer {
	struct wl_buffer *wl;
	uint8_t *pixels;
	bool busy;
};

struct counter {
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *wm;
	struct wl_surface *surface;
	struct xdg_surface *xdg;
	struct xdg_toplevel *toplevel;
	struct buffer buffers[BUFFERS];
	struct scene scene;
	int width, height, log;
	uint32_t number;
	bool drawing; // configured, and then for ever
	bool due;     // the compositor wants a frame, and no buffer was free
	bool closed;
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void draw(struct counter *counter);

static void handle_frame(void *data, struct wl_callback *callback, uint32_t time) {
	struct counter *counter = data;
	wl_callback_destroy(callback);
	counter->due = true;
	draw(counter);
}

static const struct wl_callback_listener frame_listener = {.done = handle_frame};

static void commit(struct counter *counter, struct buffer *buffer) {
	struct wl_callback *callback = wl_surface_frame(counter->surface);
	wl_callback_add_listener(callback, &frame_listener, counter);
	wl_surface_attach(counter->surface, buffer->wl, 0, 0);
	wl_surface_damage_buffer(counter->surface, 0, 0, counter->width, counter->height);
	int64_t committed = now_ns();
	wl_surface_commit(counter->surface);
	wl_display_flush(counter->display);
	dprintf(counter->log, "%" PRIu32 " %" PRId64 "\n", counter->number, committed);
}

static void draw(struct counter *counter) {
	struct buffer *buffer = NULL;
	for (int i = 0; i < BUFFERS && !buffer; i++) {
		buffer = counter->buffers[i].busy ? NULL : &counter->buffers[i];
	}
	if (!counter->due || !buffer) {
		return;
	}
	size_t stride = (size_t)counter->width * 4;
	counter->due = false;
	buffer->busy = true;
	counter->number = (counter->number + 1) % (1u << CODE_BITS);
	memcpy(buffer->pixels, scene_frame(&counter->scene, counter->number),
		stride * (size_t)counter->height);
	code_draw(buffer->pixels, stride, counter->number);
	commit(counter, buffer);
}

static void handle_release(void *data, struct wl_buffer *wl) {
	struct counter *counter = data;
	for (int i = 0; i < BUFFERS; i++) {
		if (counter->buffers[i].wl == wl) {
			counter->buffers[i].busy = false;
		}
	}
	draw(counter);
}

static const struct wl_buffer_listener buffer_listener = {.release = handle_release};

static void handle_surface_configure(void *data, struct xdg_surface *xdg, uint32_t serial) {
	struct counter *counter = data;
	xdg_surface_ack_configure(xdg, serial);
	if (!counter->drawing) {
		counter->drawing = counter->due = true;
		draw(counter);
	}
}

static const struct xdg_surface_listener surface_listener = {
	.configure = handle_surface_configure,
};

// The size stays: a frame of another would measure something else.
static void handle_configure(void *data, struct xdg_toplevel *toplevel, int32_t width,
		int32_t height, struct wl_array *states) {
}

static void handle_close(void *data, struct xdg_toplevel *toplevel) {
	struct counter *counter = data;
	counter->closed = true;
}

static const struct xdg_toplevel_listener toplevel_listener = {
	.configure = handle_configure,
	.close = handle_close,
};

static void handle_ping(void *data, struct xdg_wm_base *wm, uint32_t serial) {
	xdg_wm_base_pong(wm, serial);
}

static const struct xdg_wm_base_listener wm_listener = {.ping = handle_ping};

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct counter *counter = data;
	if (strcmp(interface, wl_compositor_interface.name) == 0) {
		counter->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, wl_shm_interface.name) == 0) {
		counter->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0) {
		counter->wm = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(counter->wm, &wm_listener, counter);
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

static bool connect_display(struct counter *counter) {
	counter->display = wl_display_connect(NULL);
	if (!counter->display) {
		fprintf(stderr, "counter: no Wayland display: set WAYLAND_DISPLAY\n");
		return false;
	}
	struct wl_registry *registry = wl_display_get_registry(counter->display);
	wl_registry_add_listener(registry, &registry_listener, counter);
	wl_display_roundtrip(counter->display);
	if (!counter->compositor || !counter->shm || !counter->wm) {
		fprintf(stderr, "counter: the display lacks wl_compositor, wl_shm or xdg_wm_base\n");
		return false;
	}
	return true;
}

static bool create_buffers(struct counter *counter) {
	size_t size = (size_t)counter->width * (size_t)counter->height * 4;
	int fd = memfd_create("counter", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)(size * BUFFERS)) < 0) {
		return false;
	}
	uint8_t *pixels = mmap(NULL, size * BUFFERS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pixels == MAP_FAILED) {
		return false;
	}
	struct wl_shm_pool *pool = wl_shm_create_pool(counter->shm, fd, (int32_t)(size * BUFFERS));
	for (size_t i = 0; i < BUFFERS; i++) {
		struct buffer *buffer = &counter->buffers[i];
		buffer->pixels = pixels + size * i;
		buffer->wl = wl_shm_pool_create_buffer(pool, (int32_t)(size * i), counter->width,
			counter->height, counter->width * 4, WL_SHM_FORMAT_XRGB8888);
		wl_buffer_add_listener(buffer->wl, &buffer_listener, counter);
	}
	wl_shm_pool_destroy(pool);
	close(fd);
	return true;
}

static void create_window(struct counter *counter) {
	counter->surface = wl_compositor_create_surface(counter->compositor);
	counter->xdg = xdg_wm_base_get_xdg_surface(counter->wm, counter->surface);
	xdg_surface_add_listener(counter->xdg, &surface_listener, counter);
	counter->toplevel = xdg_surface_get_toplevel(counter->xdg);
	xdg_toplevel_add_listener(counter->toplevel, &toplevel_listener, counter);
	xdg_toplevel_set_title(counter->toplevel, "counter");
	xdg_toplevel_set_app_id(counter->toplevel, "org.boxland.counter");
	xdg_toplevel_set_min_size(counter->toplevel, counter->width, counter->height);
	xdg_toplevel_set_max_size(counter->toplevel, counter->width, counter->height);
	wl_surface_commit(counter->surface);
}

static int dump(const char *size) {
	struct scene scene;
	int width, height;
	if (sscanf(size, "%5dx%5d", &width, &height) != 2 || !scene_init(&scene, width, height)) {
		fprintf(stderr, "counter: no frames of size %s\n", size);
		return EXIT_FAILURE;
	}
	bool written = true;
	for (uint32_t n = 0; written && n < 2 * (uint32_t)(scene.count - 1); n++) {
		written = fwrite(scene_frame(&scene, n), (size_t)width * (size_t)height * 4, 1, stdout) == 1;
	}
	scene_finish(&scene);
	return written && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
	struct counter counter = {0};
	if (argc == 3 && strcmp(argv[1], "--dump") == 0) {
		return dump(argv[2]);
	}
	if (argc != 3 || sscanf(argv[1], "%5dx%5d", &counter.width, &counter.height) != 2 ||
			counter.width < CODE_WIDTH || counter.height < CODE_HEIGHT || counter.width > 8192 ||
			counter.height > 8192) {
		fprintf(stderr, "usage: counter WIDTHxHEIGHT LOG (at least %dx%d)\n", CODE_WIDTH,
			CODE_HEIGHT);
		return EXIT_FAILURE;
	}
	counter.log = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (counter.log < 0) {
		perror(argv[2]);
		return EXIT_FAILURE;
	}
	if (!connect_display(&counter)) {
		return EXIT_FAILURE;
	}
	if (!scene_init(&counter.scene, counter.width, counter.height) || !create_buffers(&counter)) {
		fprintf(stderr, "counter: no memory for frames of this size\n");
		return EXIT_FAILURE;
	}
	create_window(&counter);
	while (!counter.closed && wl_display_dispatch(counter.display) >= 0) {
	}
	scene_finish(&counter.scene);
	wl_display_disconnect(counter.display); // and with it every object
	return EXIT_SUCCESS;
}
