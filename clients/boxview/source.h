/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_SOURCE_H
#define BOXVIEW_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "boxview/colour.h"
#include "media/codec.h"
#include "media/value.h"

/*
 * The exchange with the window's source: pictures and facts come in, acks, wishes and input go out. What
 * the source was told is kept, so that a new exchange with it can be told all of it again.
 */

struct source_video {
	int width, height; // of the window
	int coded_width, coded_height; // of what is to be seen of the video; the same unless it is smaller
	uint32_t scale; // of the window, in 120ths
	struct colour colour;
	enum codec codec;
};

struct source_limits {
	int min_width, min_height, max_width, max_height; // 0: any
};

#define SOURCE_STAGES 9 // as the control line stages names them, from the commit to the screen

/* Where the time of frames goes, of the last two seconds. */
struct source_stages {
	char input[VALUE_WORD], coder[VALUE_WORD], net[VALUE_WORD];
	uint64_t bits; // a second
	struct {
		uint32_t median, high; // µs; high: what one in twenty exceeds
	} stages[SOURCE_STAGES + 1]; // the last: all of them
};

struct source_events {
	void (*video)(void *data, const struct source_video *video);
	void (*frame)(void *data, const struct frame *frame); // of kind video or tiles
	void (*title)(void *data, const char *title);
	void (*app_id)(void *data, const char *app_id);
	void (*limits)(void *data, const struct source_limits *limits);
	void (*lock)(void *data, bool locked);
	void (*stages)(void *data, const struct source_stages *stages); // while source_set_tell
	/*
	 * Over. why NULL: the source ended in order; else a sentence, which it said itself, or why the
	 * exchange is lost. source_attach may give it another.
	 */
	void (*ended)(void *data, const char *why, bool said);
};

struct source;

/* Has no exchange yet. NULL, logged. */
struct source *source_create(struct wl_event_loop *loop, const struct source_events *events,
	void *data);
void source_destroy(struct source *source); // NULL is fine
/* Takes fd over, an exchange whose heads are through, in place of the one before. false: logged. */
bool source_attach(struct source *source, int fd);
bool source_is_attached(const struct source *source);
/* Ends our half in order; ended comes when the source has ended its own. */
void source_end(struct source *source);
/* Hears no more for now. */
void source_pause(struct source *source, bool paused);

/* Facts; said again only when they change. */
void source_set_takes(struct source *source, const struct codec_list *takes); // to be decoded
void source_set_size(struct source *source, int width, int height);
void source_set_scale(struct source *source, uint32_t scale); // in 120ths
void source_set_refresh(struct source *source, uint32_t us); // of its screen, as the compositor says
void source_set_visible(struct source *source, bool visible);
/* Whether the source is to say stages. */
void source_set_tell(struct source *source, bool tell);
/* What makes pictures of its frames here: letters, digits, - and _. */
void source_set_drawn(struct source *source, const char *decoder, const char *by);
/* Losing the focus releases what is held first. */
void source_set_focus(struct source *source, bool focused);
void source_set_keymap(struct source *source, const char *text); // copied
void source_set_repeat(struct source *source, int rate, int delay);
void source_set_modifiers(struct source *source, const uint32_t values[static 4]);

/* Events; lost when there is no exchange. */
void source_close(struct source *source);
void source_key(struct source *source);
/* One with presented_ns leaves with what is said next, half a second later at the latest. */
void source_ack(struct source *source, const struct ack *ack);
/* One group of records; see box-cast-v1.xml for what they mean. */
void source_input(struct source *source, const struct input_record *records, int count);
/* Releases every key and button that is held. */
void source_release(struct source *source);

/* When source_check has to be called to say what is held, or was shown; 0: nothing is to be said. */
int64_t source_deadline(const struct source *source);
void source_check(struct source *source, int64_t now);

/* "codec=h264 size=640x480 coded=480x360 scale=180 colour=bt601-limited", coded and scale or not, any
 * order, more words passed over. Pure. */
bool source_parse_video(const char *value, struct source_video *video);
/* "1x1 800x600". Pure. */
bool source_parse_limits(const char *value, struct source_limits *limits);
/* "input=memfd coder=x264 net=QUIC bits=8000000 commit=300/900 …", in that order; more behind it is
 * passed over. Pure. */
bool source_parse_stages(const char *value, struct source_stages *stages);

#endif
