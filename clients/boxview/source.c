/* SPDX-License-Identifier: MIT */
/*
 * source.c - one exchange after another with the source of a window, both bodies frames. What follows
 * from a frame is view_source.c's.
 */
#include "boxview/source.h"

#include <linux/input-event-codes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boxview/fit.h"
#include "net/exchange.h"
#include "net/stream_unix.h"

#define LOG_MODULE "source"
#include "base/log.h"

#define CONTROL_MAX (64 * 1024) // payload of a control frame; a source has only short things to say
#define HELD_NS 250000000
#define TOLD_NS 500000000 // that a picture was shown is told by then, when nothing else is
#define TOLD_MAX 4        // of such that wait
#define CODES 0x300 // above KEY_MAX
#define GROUP_MAX 64
#define UNSENT_MAX (1024 * 1024) // bytes a source may leave untaken

struct source {
	struct wl_event_loop *loop;
	const struct source_events *events;
	void *data;
	struct exchange *exchange; // NULL: none, or lost
	bool ended;    // ended was called for this exchange
	bool finished; // our half was ended
	bool paused;
	uint32_t said; // control frames, for their sequence
	uint32_t fed;  // input frames
	uint32_t acks;
	struct ack untold[TOLD_MAX]; // of pictures shown, for the next frame to go with
	size_t untold_count;
	int64_t untold_since;

	// what is, and what a new exchange is told
	struct codec_list takes;
	int width, height; // 0: not known
	uint32_t scale;    // 0: not known
	uint32_t refresh_us; // likewise
	int video_width, video_height; // what the source has
	bool visible, focused, tell;
	char drawn[2 * VALUE_WORD + 16]; // the line in force, "": none
	char *keymap;
	bool keymap_said;
	int repeat_rate, repeat_delay; // -1: not known
	uint32_t modifiers[4];

	uint32_t down[CODES / 32];
	uint32_t down_count;
	int64_t held_at; // when what is held was last said
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void send_ack(struct source *source, const struct ack *ack) {
	uint8_t payload[ACK_SIZE];
	ack_encode(ack, payload);
	const struct frame frame = {
		.kind = FRAME_ACK,
		.sequence = ++source->acks,
		.capture_ns = ack->at_ns,
		.payload = payload,
		.size = sizeof(payload),
	};
	exchange_send_frame(source->exchange, &frame);
}

static void tell_shown(struct source *source) {
	for (size_t i = 0; i < source->untold_count; i++) {
		send_ack(source, &source->untold[i]);
	}
	source->untold_count = 0;
}

/* And with it, in the same packet, what waited for one. */
static void send_frame(struct source *source, const struct frame *frame) {
	exchange_send_frame(source->exchange, frame);
	tell_shown(source);
}

static void send_control(struct source *source, const struct buf *line) {
	const struct frame frame = {
		.kind = FRAME_CONTROL,
		.sequence = ++source->said,
		.payload = line->data + line->at,
		.size = line->size,
	};
	send_frame(source, &frame);
}

static void say(struct source *source, int word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct source *source, int word, const char *fmt, ...) {
	if (!source_is_attached(source)) {
		return;
	}
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	struct buf line;
	buf_init(&line);
	if (control_append(&line, word, "%s", text)) {
		send_control(source, &line);
	} else {
		log_error("no memory to tell the source");
	}
	buf_finish(&line);
}

static void say_takes(struct source *source) {
	if (!source_is_attached(source) || source->takes.count == 0) {
		return;
	}
	struct buf lines;
	buf_init(&lines);
	for (size_t i = 0; i < source->takes.count; i++) {
		control_append(&lines, CONTROL_TAKES, "%s", codec_constraint(source->takes.codecs[i]));
	}
	send_control(source, &lines);
	buf_finish(&lines);
}

static void say_keymap(struct source *source) {
	if (!source_is_attached(source) || !source->keymap || source->keymap_said) {
		return;
	}
	struct buf line;
	buf_init(&line);
	if (control_append(&line, CONTROL_KEYMAP, "%s", source->keymap)) {
		send_control(source, &line);
		source->keymap_said = true;
	}
	buf_finish(&line);
}

static void say_modifiers(struct source *source) {
	const uint32_t *m = source->modifiers;
	say(source, CONTROL_MODIFIERS, "%u %u %u %u", m[0], m[1], m[2], m[3]);
}

static void say_focus(struct source *source) {
	if (source->focused) {
		say_keymap(source);
		if (source->repeat_rate >= 0) {
			say(source, CONTROL_REPEAT, "%d %d", source->repeat_rate, source->repeat_delay);
		}
	}
	say(source, CONTROL_FOCUS, "%s", source->focused ? "on" : "off");
}

static void take_word(struct source *source, int word, const char *value) {
	struct source_video video;
	struct source_limits limits;
	struct source_stages stages;
	switch (word) {
	case CONTROL_VIDEO:
		if (source_parse_video(value, &video)) {
			source->video_width = fit_units(video.width, video.scale);
			source->video_height = fit_units(video.height, video.scale);
			source->events->video(source->data, &video);
		} else {
			log_debug("video \"%.80s\" is passed over", value);
		}
		break;
	case CONTROL_TITLE:
		source->events->title(source->data, value);
		break;
	case CONTROL_APP_ID:
		source->events->app_id(source->data, value);
		break;
	case CONTROL_LIMITS:
		if (source_parse_limits(value, &limits)) {
			source->events->limits(source->data, &limits);
		}
		break;
	case CONTROL_LOCK:
		if (strcmp(value, "on") == 0 || strcmp(value, "off") == 0) {
			source->events->lock(source->data, strcmp(value, "on") == 0);
		}
		break;
	case CONTROL_STAGES:
		if (source_parse_stages(value, &stages)) {
			source->events->stages(source->data, &stages);
		}
		break;
	default:
		break; // not for a view
	}
}

static void handle_frame(void *data, const struct frame *frame) {
	struct source *source = data;
	if (source->ended) {
		return;
	}
	if (frame->kind == FRAME_VIDEO || frame->kind == FRAME_TILES) {
		source->events->frame(source->data, frame);
	} else if (frame->kind == FRAME_CONTROL && frame->size <= CONTROL_MAX) {
		size_t at = 0;
		int word;
		char *value;
		bool bad = false;
		while (control_next(frame, &at, &word, &value, &bad)) {
			take_word(source, word, value);
			free(value);
		}
		if (bad) {
			log_debug("a control frame is malformed; the rest of it is passed over");
		}
	}
}

static void source_over(struct source *source, const char *why, bool said) {
	if (!source->ended) {
		source->ended = true;
		memset(source->down, 0, sizeof(source->down));
		source->down_count = 0;
		source->events->ended(source->data, why, said);
	}
}

static void handle_end(void *data, const struct op_head *trailer) {
	struct source *source = data;
	if (trailer && trailer->refusal.code != OP_OK) {
		source_over(source, trailer->refusal.sentence, true);
	} else {
		source_over(source, NULL, true);
	}
}

static void handle_gone(void *data, const struct op_refusal *why) {
	source_over(data, why->sentence, false);
}

static const struct exchange_events exchange_events = {
	.frame = handle_frame,
	.end = handle_end,
	.gone = handle_gone,
};

struct source *source_create(struct wl_event_loop *loop, const struct source_events *events,
		void *data) {
	struct source *source = calloc(1, sizeof(*source));
	if (!source) {
		log_errno("no source");
		return NULL;
	}
	source->loop = loop;
	source->events = events;
	source->data = data;
	source->visible = true;
	source->repeat_rate = -1;
	return source;
}

void source_destroy(struct source *source) {
	if (!source) {
		return;
	}
	exchange_destroy(source->exchange);
	free(source->keymap);
	free(source);
}

bool source_attach(struct source *source, int fd) {
	exchange_destroy(source->exchange);
	source->exchange = NULL;
	source->ended = source->finished = false;
	source->keymap_said = false;
	source->said = source->fed = source->acks = 0;
	source->untold_count = 0;
	source->video_width = source->video_height = 0;
	struct stream *stream = stream_unix_create(source->loop, fd);
	if (stream) {
		source->exchange = exchange_adopt(stream, &exchange_events, source);
	}
	if (!source->exchange) {
		log_errno("the descriptor is no exchange");
		return false;
	}
	exchange_set_class(source->exchange, STREAM_INPUT);
	exchange_pause(source->exchange, source->paused);
	say_takes(source);
	if (source->width > 0) {
		say(source, CONTROL_SIZE, "%dx%d", source->width, source->height);
	}
	if (source->scale > 0) {
		say(source, CONTROL_SCALE, "%u", source->scale);
	}
	if (source->refresh_us > 0) {
		say(source, CONTROL_REFRESH, "%u", source->refresh_us);
	}
	if (!source->visible) {
		say(source, CONTROL_VISIBLE, "off");
	}
	if (source->tell) {
		say(source, CONTROL_TELL, "on");
	}
	if (source->drawn[0]) {
		say(source, CONTROL_DRAWN, "%s", source->drawn);
	}
	if (source->focused) {
		say_focus(source);
		say_modifiers(source);
	}
	return true;
}

bool source_is_attached(const struct source *source) {
	return source->exchange && !source->ended && !source->finished;
}

void source_end(struct source *source) {
	if (source_is_attached(source)) {
		source_release(source);
	}
	if (source->exchange && !source->finished) {
		source->finished = true;
		exchange_send_end(source->exchange, NULL);
	}
}

void source_pause(struct source *source, bool paused) {
	if (paused != source->paused) {
		source->paused = paused;
		if (source->exchange) {
			exchange_pause(source->exchange, paused);
		}
	}
}

void source_set_takes(struct source *source, const struct codec_list *takes) {
	if (!codec_list_equal(takes, &source->takes)) {
		source->takes = *takes;
		say_takes(source);
	}
}

void source_set_size(struct source *source, int width, int height) {
	// a window that resized itself is asked again
	if (width != source->width || height != source->height || width != source->video_width ||
			height != source->video_height) {
		source->width = width;
		source->height = height;
		say(source, CONTROL_SIZE, "%dx%d", width, height);
	}
}

void source_set_scale(struct source *source, uint32_t scale) {
	if (scale != source->scale) {
		source->scale = scale;
		say(source, CONTROL_SCALE, "%u", scale);
	}
}

void source_set_refresh(struct source *source, uint32_t us) {
	if (us != source->refresh_us) {
		source->refresh_us = us;
		say(source, CONTROL_REFRESH, "%u", us);
	}
}

void source_set_visible(struct source *source, bool visible) {
	if (visible != source->visible) {
		source->visible = visible;
		say(source, CONTROL_VISIBLE, "%s", visible ? "on" : "off");
	}
}

void source_set_tell(struct source *source, bool tell) {
	if (tell != source->tell) {
		source->tell = tell;
		say(source, CONTROL_TELL, "%s", tell ? "on" : "off");
	}
}

void source_set_drawn(struct source *source, const char *decoder, const char *by) {
	char line[sizeof(source->drawn)];
	snprintf(line, sizeof(line), "decoder=%.*s by=%.*s", VALUE_WORD - 1, decoder, VALUE_WORD - 1, by);
	if (strcmp(line, source->drawn) != 0) {
		strcpy(source->drawn, line);
		say(source, CONTROL_DRAWN, "%s", line);
	}
}

void source_set_focus(struct source *source, bool focused) {
	if (focused != source->focused) {
		if (!focused) {
			source_release(source);
		}
		source->focused = focused;
		say_focus(source);
	}
}

void source_set_keymap(struct source *source, const char *text) {
	if (source->keymap && strcmp(source->keymap, text) == 0) {
		return;
	}
	char *copy = strdup(text);
	if (!copy) {
		log_errno("no keymap");
		return;
	}
	free(source->keymap);
	source->keymap = copy;
	source->keymap_said = false;
	if (source->focused) {
		say_keymap(source);
	}
}

void source_set_repeat(struct source *source, int rate, int delay) {
	if (rate != source->repeat_rate || delay != source->repeat_delay) {
		source->repeat_rate = rate;
		source->repeat_delay = delay;
		if (source->focused) {
			say(source, CONTROL_REPEAT, "%d %d", rate, delay);
		}
	}
}

void source_set_modifiers(struct source *source, const uint32_t values[static 4]) {
	if (memcmp(values, source->modifiers, sizeof(source->modifiers)) != 0) {
		memcpy(source->modifiers, values, sizeof(source->modifiers));
		if (source->focused) {
			say_modifiers(source);
		}
	}
}

void source_close(struct source *source) {
	say(source, CONTROL_CLOSE, "please");
}

void source_key(struct source *source) {
	say(source, CONTROL_KEY, "please");
}

/*
 * That a picture was decoded lets the next one come, and tells how long the way is: it waits for nothing.
 * That it was shown is for statistics and for the phase of what follows: no packet of its own.
 */
void source_ack(struct source *source, const struct ack *ack) {
	if (!source_is_attached(source)) {
		return;
	}
	if (ack->presented_ns == 0) {
		send_ack(source, ack);
		tell_shown(source);
		return;
	}
	if (source->untold_count == 0) {
		source->untold_since = now_ns();
	}
	source->untold[source->untold_count++] = *ack;
	if (source->untold_count == TOLD_MAX) {
		tell_shown(source);
	}
}

static void note_down(struct source *source, const struct input_record *record) {
	if (record->type != EV_KEY || record->code >= CODES || record->code == BTN_TOOL_MOUSE) {
		return;
	}
	uint32_t bit = UINT32_C(1) << record->code % 32, *word = &source->down[record->code / 32];
	if (record->value != 0 && !(*word & bit)) {
		*word |= bit;
		if (source->down_count++ == 0) {
			source->held_at = now_ns();
		}
	} else if (record->value == 0 && (*word & bit)) {
		*word &= ~bit;
		source->down_count--;
	}
}

void source_input(struct source *source, const struct input_record *records, int count) {
	if (!source_is_attached(source)) {
		return;
	}
	if (exchange_queued(source->exchange) > UNSENT_MAX) {
		source_over(source, "the other side takes no input any more", false);
		return;
	}
	say_keymap(source); // before the first key, whoever said it late
	while (count > 0) {
		uint8_t payload[GROUP_MAX * INPUT_RECORD_SIZE];
		int n = count < GROUP_MAX ? count : GROUP_MAX;
		for (int i = 0; i < n; i++) {
			note_down(source, &records[i]);
			input_record_encode(&records[i], payload + i * INPUT_RECORD_SIZE);
		}
		const struct frame frame = {
			.kind = FRAME_INPUT,
			.sequence = ++source->fed,
			.payload = payload,
			.size = (size_t)n * INPUT_RECORD_SIZE,
		};
		send_frame(source, &frame);
		records += n;
		count -= n;
	}
}

void source_release(struct source *source) {
	for (uint32_t code = 0; source->down_count > 0 && code < CODES; code++) {
		if (source->down[code / 32] & (UINT32_C(1) << code % 32)) {
			const struct input_record record = {
				.time_ns = (uint64_t)now_ns(), .type = EV_KEY, .code = (uint16_t)code};
			source_input(source, &record, 1);
			if (!source_is_attached(source)) {
				return;
			}
		}
	}
}

static int64_t held_deadline(const struct source *source) {
	return source->down_count > 0 ? source->held_at + HELD_NS : 0;
}

static int64_t told_deadline(const struct source *source) {
	return source->untold_count > 0 ? source->untold_since + TOLD_NS : 0;
}

int64_t source_deadline(const struct source *source) {
	if (!source_is_attached(source)) {
		return 0;
	}
	int64_t held = held_deadline(source), told = told_deadline(source);
	return told == 0 || (held != 0 && held < told) ? held : told;
}

static void say_held(struct source *source) {
	char text[500];
	size_t used = 0;
	for (uint32_t code = 0; code < CODES && used + 8 < sizeof(text); code++) {
		if (source->down[code / 32] & (UINT32_C(1) << code % 32)) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u",
				used > 0 ? "," : "", code);
		}
	}
	say(source, CONTROL_HELD, "%s", text);
}

void source_check(struct source *source, int64_t now) {
	if (!source_is_attached(source)) {
		return;
	}
	if (source->down_count > 0 && now >= held_deadline(source)) {
		source->held_at = now;
		say_held(source);
	}
	if (source->untold_count > 0 && now >= told_deadline(source)) {
		tell_shown(source);
	}
}
