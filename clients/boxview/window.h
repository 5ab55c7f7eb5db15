/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_WINDOW_H
#define BOXVIEW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "boxview/decoder.h"
#include "boxview/globals.h"
#include "boxview/panel.h"
#include "boxview/presenter.h"
#include "boxview/source.h"

struct wl_surface;

/*
 * The window that shows a remote one: an ordinary xdg toplevel. The newest picture wins; it is committed
 * when it is here.
 */

struct window_shown {
	uint32_t sequence;
	uint64_t capture_ns;
	int64_t refresh_ns; // of its screen, from one to the next; 0: not known
	int64_t decoded_ns, drawn_ns; // CLOCK_MONOTONIC; drawn and given to the compositor
	int64_t at_ns;                // when it was on the screen; 0: it never was
};

struct window_events {
	/* The compositor wants the window of this size. */
	void (*size)(void *data, int width, int height);
	void (*scale)(void *data, uint32_t scale); // of the screen, in 120ths
	void (*visible)(void *data, bool visible);
	void (*close)(void *data); // the person closes it
	void (*chord)(void *data); // and wants the panel shown, or hidden
	void (*drawn)(void *data, const struct picture *picture); // and committed
	/* A picture that was drawn has been on the screen, or will never be. */
	void (*presented)(void *data, const struct window_shown *shown);
	/* Nothing can be shown any more; logged. Once. */
	void (*failed)(void *data);
};

struct window;

/* NULL, logged. It is mapped with the first picture. */
struct window *window_create(const struct globals *globals, enum presenter_choice choice,
	const struct window_events *events, void *data);
void window_destroy(struct window *window); // NULL is fine

void window_set_title(struct window *window, const char *title);
void window_set_app_id(struct window *window, const char *app_id);
void window_set_limits(struct window *window, const struct source_limits *limits);
/* Takes the picture over. */
void window_show(struct window *window, struct picture *picture);
/* That pictures of a window of so many pixels are at this scale, in 120ths. */
void window_know_scale(struct window *window, int width, int height, uint32_t scale);
/* A sentence over the picture, NULL: none. */
void window_set_sentence(struct window *window, const char *sentence);
/* A panel over it, NULL: none any more. */
void window_set_panel(struct window *window, const struct panel_facts *facts);
/* The keys that show or hide the panel were pressed. */
void window_chord(struct window *window);
bool window_is_mapped(const struct window *window);

struct wl_surface *window_surface(const struct window *window);
/* A point of the surface, 16.16, as one of the remote window. */
void window_point(const struct window *window, int32_t x, int32_t y, int32_t *view_x,
	int32_t *view_y);
const char *window_path(const struct window *window); // how pictures are drawn

/* When window_check has to be called; 0: not. */
int64_t window_deadline(const struct window *window);
void window_check(struct window *window, int64_t now);

#endif
