/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_WINDOW_H
#define BOXCAST_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "boxcast/picture.h"
#include "media/tiles.h"

#define WINDOW_DAMAGE 64 // rectangles of a frame; more become one that bounds them

/*
 * The window that is cast, as boxland tells of it over the private Wayland connection (box-cast-v1).
 */

/* One capture. */
struct window_frame {
	uint32_t serial; // for window_release
	int fd;          // the window's, closed after the event: dup it or map it in there
	bool dmabuf;
	bool own;          // of the application's own making
	uint32_t format;   // DRM fourcc
	uint64_t modifier; // of a dmabuf
	struct picture_size size;
	uint32_t scale; // in 120ths
	uint32_t offset, stride;
	uint64_t capture_ns; // CLOCK_MONOTONIC
	int64_t committed_ns; // the application's last commit in it; 0: it is as it was
	const struct tiles_rect *damage; // where it differs from the one before; valid during the event
	size_t damage_count; // 0: the same picture again
};

struct window_events {
	/* All facts were said: frames may be asked for. */
	void (*start)(void *data, uint32_t refresh_mhz);
	void (*frame)(void *data, const struct window_frame *frame);
	void (*title)(void *data, const char *title);
	void (*app_id)(void *data, const char *app_id);
	void (*limits)(void *data, struct picture_size min, struct picture_size max);
	void (*lock)(void *data, bool locked);
	/* The window or its link is gone, or (lost) boxland itself is. Once, last. */
	void (*gone)(void *data, bool lost);
	/* boxland does not keep up with what it is told (true), or does again. */
	void (*choked)(void *data, bool choked);
};

struct window;

/* Connects by WAYLAND_SOCKET. NULL, logged: no connection, or box_cast_v1 is not announced on it. */
struct window *window_create(struct wl_event_loop *loop, const struct window_events *events,
	void *data);
/* Tells boxland that the view ends. NULL is fine. */
void window_destroy(struct window *window);
/* Sends what was said; before each wait for events. */
void window_flush(struct window *window);

void window_next(struct window *window);
void window_refresh(struct window *window);
void window_release(struct window *window, uint32_t serial);
void window_accept_dmabuf(struct window *window, uint32_t format, uint64_t modifier);
void window_refuse_dmabuf(struct window *window);
void window_set_size(struct window *window, struct picture_size size);
void window_set_scale(struct window *window, uint32_t scale); // in 120ths
/* Frame callbacks at_ns and at each period from there. Not passed on: the desktop is an older one. */
void window_set_clock(struct window *window, int64_t at_ns, int64_t period_ns);
void window_set_focus(struct window *window, bool focused);
void window_set_visible(struct window *window, bool visible);
void window_close(struct window *window);
void window_input(struct window *window, const struct input_record *records, int count);
/* false and errno: not passed on. */
bool window_keymap(struct window *window, const char *text);
void window_modifiers(struct window *window, const uint32_t values[static 4]);
void window_repeat(struct window *window, int rate, int delay);
void window_stats(struct window *window, const char *text);

#endif
