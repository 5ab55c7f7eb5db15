/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_VIEWER_H
#define BOXCAST_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "boxcast/lines.h"
#include "boxcast/picture.h"
#include "media/codec.h"

/*
 * The exchange with the viewer: pictures and what is said of the window go out, acks, wishes and input
 * come in. The viewer is a stranger: what it says wrongly is passed over, what it floods is bounded.
 */

struct viewer_events {
	void (*ack)(void *data, const struct ack *ack);
	void (*key)(void *data); // it needs a keyframe
	void (*rate)(void *data, uint32_t bits); // 0: as fits
	/* Said by our boxd; a viewer that lies so is as one that lies in its acks. */
	void (*path)(void *data, const struct line_path *path);
	void (*takes)(void *data, const struct codec_list *takes); // the kinds of video it decodes
	void (*size)(void *data, struct picture_size size);
	void (*scale)(void *data, uint32_t scale); // in 120ths
	void (*drawn)(void *data, const struct line_drawn *drawn);
	void (*tell)(void *data, bool on); // where the time of frames goes
	void (*refresh)(void *data, uint32_t us); // of its screen
	void (*focus)(void *data, bool focused);
	void (*visible)(void *data, bool visible);
	void (*close)(void *data);
	/* Records that the rules of held.h let through, the released ones included. */
	void (*input)(void *data, const struct input_record *records, int count);
	void (*keymap)(void *data, const char *text);
	void (*modifiers)(void *data, const uint32_t values[static 4]);
	void (*repeat)(void *data, int rate, int delay);
	/*
	 * The other half is over: why NULL, it ended in order; else the exchange is lost, in a sentence.
	 * What was held has been released. Once, last.
	 */
	void (*ended)(void *data, const char *why);
};

struct viewer;

/* Takes fd over, an exchange whose heads are through. NULL, logged. */
struct viewer *viewer_create(struct wl_event_loop *loop, int fd, const struct viewer_events *events,
	void *data);
/* What is not sent yet is still sent if both halves were ended. NULL is fine. */
void viewer_destroy(struct viewer *viewer);

void viewer_send_picture(struct viewer *viewer, const struct frame *frame);
/* One control line. word of enum op_control. */
void viewer_say(struct viewer *viewer, int word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The end of our half. Then ended comes when the viewer has ended its own. why NULL: in order. */
void viewer_end(struct viewer *viewer, const struct op_refusal *why);
bool viewer_is_ending(const struct viewer *viewer);
/* Hears no more for now. */
void viewer_pause(struct viewer *viewer, bool paused);

/*
 * When viewer_check has to be called, to release what a silent viewer holds, to pass on the last of
 * many sizes, and to hear again a viewer who asked too much; 0: not.
 */
int64_t viewer_deadline(const struct viewer *viewer);
void viewer_check(struct viewer *viewer, int64_t now);

#endif
