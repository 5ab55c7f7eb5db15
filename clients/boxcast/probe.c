/* SPDX-License-Identifier: MIT */
/*
 * probe.c - tells which encoder a view would get, by encoding one picture with it.
 */
#include "boxcast/probe.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "boxcast/encoder.h"

#define SIDE 64

struct probe {
	struct encoder *encoder;
	bool over, good, lost; // lost: the picture came to nothing, another is needed
};

static void handle_coded(void *data, const struct pipeline_coded *coded) {
	struct probe *probe = data;
	probe->over = probe->good = true;
}

static void handle_failed(void *data, const char *why) {
	struct probe *probe = data;
	probe->over = true;
}

static void handle_released(void *data, uint32_t serial) {
}

static void handle_refuse_dmabuf(void *data) {
}

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void push(struct probe *probe) {
	int fd = memfd_create("probe", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, SIDE * SIDE * 4) < 0) {
		probe->over = true;
	} else {
		const struct window_frame frame = {
			.fd = fd,
			.format = PICTURE_XRGB8888,
			.size = {SIDE, SIDE},
			.stride = SIDE * 4,
			.capture_ns = (uint64_t)now_ns(),
		};
		encoder_push(probe->encoder, &frame, frame.size, now_ns(), true);
	}
	if (fd >= 0) {
		close(fd);
	}
}

static void handle_dropped(void *data, uint32_t frames) {
	struct probe *probe = data;
	probe->lost = true;
}

bool probe_encoder(struct wl_event_loop *loop) {
	static const struct encoder_events events = {
		.coded = handle_coded,
		.released = handle_released,
		.dropped = handle_dropped,
		.refuse_dmabuf = handle_refuse_dmabuf,
		.failed = handle_failed,
	};
	struct probe probe = {0};
	probe.encoder = encoder_create(loop, &events, &probe);
	if (!probe.encoder) {
		return false;
	}
	push(&probe);
	while (!probe.over) {
		if (probe.lost) { // with a path that failed: the next one gets another
			probe.lost = false;
			push(&probe);
		}
		wl_event_loop_dispatch(loop, 100);
		encoder_check(probe.encoder, now_ns());
	}
	if (probe.good) {
		puts(encoder_path(probe.encoder));
	}
	encoder_destroy(probe.encoder);
	return probe.good;
}
