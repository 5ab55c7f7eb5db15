/* SPDX-License-Identifier: MIT */
/*
 * screen.h - what a part of a desktop shows, picture by picture, for the bench's programs that look.
 */
#ifndef BENCH_SCREEN_H
#define BENCH_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-client.h>

struct screen {
	int x, y, width, height; // of the first output, in pixels
	const char *name;        // of the program, for what it says of its troubles
	/* Each picture that the desktop presented: pixels (XRGB8888, upright) and when
	 * (CLOCK_MONOTONIC, ns, the compositor's word). */
	void (*presented)(struct screen *screen, const uint8_t *pixels, size_t stride, int64_t when);

	struct wl_display *display;
	struct wl_registry *registry;
	struct wl_seat *seat; // NULL: there is none
	struct wl_shm *shm;
	struct wl_output *output;
	struct zwlr_screencopy_manager_v1 *screencopy;
	struct wl_buffer *buffer; // made for the first picture, then kept
	uint8_t *pixels, *upright;
	size_t size;
	uint32_t stride;
	bool flipped, refused;
};

int64_t screen_now(void);
/* Connects and asks for the first picture; further ones come when something has changed.
 * false: it was said why not. */
bool screen_init(struct screen *screen);
void screen_finish(struct screen *screen);
/* Handles what comes until a time, at most; 0: for ever. false: the connection is lost, or the
 * desktop refuses to be copied. */
bool screen_dispatch(struct screen *screen, int64_t until);

#endif
