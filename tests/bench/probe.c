/* SPDX-License-Identifier: MIT */
/*
 * probe.c - sees what a desktop shows, for the bench: the numbers that counter.c draws.
 *
 *   probe X Y WARM SECONDS
 *
 * X Y is where on the first output the coded strip is. Once a number was read the probe looks on
 * for WARM seconds, says "begin NS", and then for SECONDS, at each frame that the desktop presents,
 * "NUMBER NS" or "unreadable NS", where NS is when it was presented (CLOCK_MONOTONIC, the
 * compositor's word); at last "end NS". Then it waits for the end of its input, so that what it
 * cost can be read. Only the strip is copied: looking costs little.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <wayland-client.h>

#include "code.h"
#include "wlr-screencopy-unstable-v1-client-protocol.h"

struct probe {
	struct wl_display *display;
	struct wl_shm *shm;
	struct wl_output *output;
	struct zwlr_screencopy_manager_v1 *screencopy;
	struct zwlr_screencopy_frame_v1 *frame; // asked for
	struct wl_buffer *buffer;               // made for the first frame, then kept
	uint8_t *pixels;
	size_t size;
	uint32_t stride;
	int x, y;
	int64_t warm, seconds; // ns, how long
	int64_t begin, end;    // ns, when; 0: not known yet
	bool begun, flipped, refused;
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void say(const char *word, int64_t when) {
	dprintf(STDOUT_FILENO, "%s %" PRId64 "\n", word, when);
}

static void ask(struct probe *probe);

static void handle_buffer(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t format,
		uint32_t width, uint32_t height, uint32_t stride) {
	struct probe *probe = data;
	if (probe->buffer) {
		return;
	}
	if (width != CODE_WIDTH || height != CODE_HEIGHT ||
			(format != WL_SHM_FORMAT_XRGB8888 && format != WL_SHM_FORMAT_ARGB8888)) {
		fprintf(stderr, "probe: the strip at %d,%d is %ux%u of format %08x there\n", probe->x,
			probe->y, width, height, format);
		probe->refused = true;
		return;
	}
	probe->stride = stride;
	probe->size = (size_t)stride * height;
	int fd = memfd_create("probe", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, (off_t)probe->size) == 0) {
		probe->pixels = mmap(NULL, probe->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	if (!probe->pixels || probe->pixels == MAP_FAILED) {
		perror("probe: memory");
		probe->refused = true;
		return;
	}
	struct wl_shm_pool *pool = wl_shm_create_pool(probe->shm, fd, (int32_t)probe->size);
	probe->buffer = wl_shm_pool_create_buffer(pool, 0, (int32_t)width, (int32_t)height,
		(int32_t)stride, format);
	wl_shm_pool_destroy(pool);
	close(fd);
}

static void handle_buffer_done(void *data, struct zwlr_screencopy_frame_v1 *frame) {
	struct probe *probe = data;
	if (probe->buffer) {
		zwlr_screencopy_frame_v1_copy_with_damage(frame, probe->buffer);
	}
}

static void handle_flags(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t flags) {
	struct probe *probe = data;
	probe->flipped = flags & ZWLR_SCREENCOPY_FRAME_V1_FLAGS_Y_INVERT;
}

static bool read_number(const struct probe *probe, uint32_t *number) {
	if (!probe->flipped) {
		return code_read(probe->pixels, probe->stride, number);
	}
	uint8_t upright[CODE_HEIGHT][CODE_WIDTH * 4];
	for (int y = 0; y < CODE_HEIGHT; y++) {
		memcpy(upright[y], probe->pixels + (size_t)(CODE_HEIGHT - 1 - y) * probe->stride,
			sizeof(upright[y]));
	}
	return code_read(upright[0], sizeof(upright[0]), number);
}

static void presented(struct probe *probe, int64_t when) {
	uint32_t number;
	char text[16];
	bool readable = read_number(probe, &number);
	if (readable && probe->begin == 0) {
		probe->begin = when + probe->warm;
		probe->end = probe->begin + probe->seconds;
	}
	if (probe->begin == 0 || when < probe->begin) {
		return;
	}
	if (!probe->begun) {
		probe->begun = true;
		say("begin", when);
	}
	snprintf(text, sizeof(text), "%" PRIu32, number);
	say(readable ? text : "unreadable", when);
}

static void handle_ready(void *data, struct zwlr_screencopy_frame_v1 *frame, uint32_t seconds_hi,
		uint32_t seconds_lo, uint32_t ns) {
	struct probe *probe = data;
	int64_t seconds = (int64_t)((uint64_t)seconds_hi << 32 | seconds_lo);
	zwlr_screencopy_frame_v1_destroy(frame);
	ask(probe); // first: the next frame is not to be missed
	presented(probe, seconds * 1000000000 + ns);
}

static void handle_failed(void *data, struct zwlr_screencopy_frame_v1 *frame) {
	struct probe *probe = data;
	fprintf(stderr, "probe: the desktop refuses to be copied at %d,%d\n", probe->x, probe->y);
	probe->refused = true;
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

static void ask(struct probe *probe) {
	probe->frame = zwlr_screencopy_manager_v1_capture_output_region(probe->screencopy, 0,
		probe->output, probe->x, probe->y, CODE_WIDTH, CODE_HEIGHT);
	zwlr_screencopy_frame_v1_add_listener(probe->frame, &frame_listener, probe);
	wl_display_flush(probe->display);
}

static void handle_global(void *data, struct wl_registry *registry, uint32_t name,
		const char *interface, uint32_t version) {
	struct probe *probe = data;
	if (strcmp(interface, wl_shm_interface.name) == 0) {
		probe->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, wl_output_interface.name) == 0 && !probe->output) {
		probe->output = wl_registry_bind(registry, name, &wl_output_interface, 1);
	} else if (strcmp(interface, zwlr_screencopy_manager_v1_interface.name) == 0) {
		probe->screencopy =
			wl_registry_bind(registry, name, &zwlr_screencopy_manager_v1_interface, 3);
	}
}

static void handle_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
}

static const struct wl_registry_listener registry_listener = {
	.global = handle_global,
	.global_remove = handle_global_remove,
};

static bool connect_display(struct probe *probe) {
	probe->display = wl_display_connect(NULL);
	if (!probe->display) {
		fprintf(stderr, "probe: no Wayland display: set WAYLAND_DISPLAY\n");
		return false;
	}
	struct wl_registry *registry = wl_display_get_registry(probe->display);
	wl_registry_add_listener(registry, &registry_listener, probe);
	wl_display_roundtrip(probe->display);
	if (!probe->shm || !probe->output || !probe->screencopy) {
		fprintf(stderr, "probe: the display lacks wl_shm, an output or wlr-screencopy\n");
		return false;
	}
	return true;
}

/* Handles what comes until a time, which 0 puts off for ever. false: the connection is lost. */
static bool dispatch(struct probe *probe) {
	while (wl_display_prepare_read(probe->display) != 0) {
		if (wl_display_dispatch_pending(probe->display) < 0) {
			return false;
		}
	}
	wl_display_flush(probe->display);
	struct pollfd fd = {.fd = wl_display_get_fd(probe->display), .events = POLLIN};
	int64_t left = probe->end - now_ns();
	int timeout = probe->end == 0 ? -1 : left > 0 ? (int)(left / 1000000) + 1 : 0;
	int ready = poll(&fd, 1, timeout);
	if (ready <= 0) {
		wl_display_cancel_read(probe->display);
		return ready == 0 || errno == EINTR;
	}
	return wl_display_read_events(probe->display) == 0 &&
		wl_display_dispatch_pending(probe->display) >= 0;
}

int main(int argc, char **argv) {
	struct probe probe = {0};
	if (argc != 5) {
		fprintf(stderr, "usage: probe X Y WARM SECONDS\n");
		return EXIT_FAILURE;
	}
	probe.x = atoi(argv[1]);
	probe.y = atoi(argv[2]);
	probe.warm = (int64_t)(atof(argv[3]) * 1e9);
	probe.seconds = (int64_t)(atof(argv[4]) * 1e9);
	if (!connect_display(&probe)) {
		return EXIT_FAILURE;
	}
	ask(&probe);
	while (probe.end == 0 || now_ns() < probe.end) {
		if (probe.refused || !dispatch(&probe)) {
			fprintf(stderr, "probe: ended before its time\n");
			return EXIT_FAILURE;
		}
	}
	if (!probe.begun) {
		fprintf(stderr, "probe: the desktop presented nothing more after the first number\n");
		return EXIT_FAILURE;
	}
	say("end", now_ns());
	for (char ignored; read(STDIN_FILENO, &ignored, 1) > 0;) {
	}
	wl_display_disconnect(probe.display);
	return EXIT_SUCCESS;
}
