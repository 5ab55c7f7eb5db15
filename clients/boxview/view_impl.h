/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_VIEW_IMPL_H
#define BOXVIEW_VIEW_IMPL_H

#include "boxview/canvas.h"
#include "boxview/control.h"
#include "boxview/decoder.h"
#include "boxview/globals.h"
#include "boxview/order.h"
#include "boxview/seat.h"
#include "boxview/source.h"
#include "boxview/times.h"
#include "boxview/view.h"
#include "boxview/window.h"

/* Private to view.c, and to view_picture.c, view_source.c, view_tell.c and view_window.c. */

struct view {
	struct wl_event_loop *loop;
	struct wl_event_source *timer;
	int64_t timer_at;
	struct globals globals;
	struct window *window;
	struct source *source;
	struct order order;
	struct decoder *decoder;
	struct canvas canvas;
	struct order_frame waiting; // tiles, for the decoder to be done with what is before them
	bool tiled; // the last picture was tiles
	struct seat *seat;
	struct control *control;
	char *node, *from;
	struct source_video video; // width 0: the source has not said
	enum view_state state;
	int result;
	int64_t ends_at;
	int64_t lost_at; // 0: not lost
	bool veiled;     // a sentence stands over the picture

	int wanted_width, wanted_height; // not yet told the source, 0: nothing
	int64_t size_said_at;

	uint64_t decoded, drawn, unseen; // pictures
	uint64_t shown_capture_ns;
	struct times wait, decode, draw, present;
	int64_t stats_since; // 0: nothing to say

	struct { // what the panel says
		bool on;
		int64_t said_at;
		uint64_t drawn; // pictures, by then
		bool told;      // by the source, of late
		struct source_stages stages;
	} panel;
};

/* view.c */
int64_t view_now(void); // CLOCK_MONOTONIC, in ns
/* The view is over at once. */
void view_over(struct view *view, int result);

/* view_picture.c */
extern const struct decoder_events view_decoder_events;
/* Feeds the decoder and the canvas with what is in order. */
void view_pump(struct view *view);
/* Tiles that wait are of no use any more. */
void view_forget_waiting(struct view *view);

/* view_source.c */
extern const struct source_events view_source_events;
void view_set_title(struct view *view, const char *title);

/* view_tell.c */
/* Says on the panel what is known now. */
void view_say_panel(struct view *view, int64_t now);
void view_tell_stats(struct view *view);

/* view_window.c */
extern const struct window_events view_window_events;
/* Tells the source the size that is wanted, once a frame. */
void view_say_size(struct view *view, int64_t now);
/* When that is due, 0: not. */
int64_t view_size_at(const struct view *view);

#endif
