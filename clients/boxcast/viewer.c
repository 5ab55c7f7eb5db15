/* SPDX-License-Identifier: MIT */
/*
 * viewer.c - one exchange with a viewer, both bodies frames. Frames are told apart and checked here;
 * what follows from them is cast.c's.
 */
#include "boxcast/viewer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "box/cnstr.h"
#include "box/held.h"
#include "boxcast/allowance.h"
#include "boxcast/lines.h"
#include "net/exchange.h"
#include "net/stream_unix.h"

#define LOG_MODULE "viewer"
#include "base/log.h"

// libxkbcommon keeps some of what it could not read, so no more is tried of who says nonsense.
#define BAD_KEYMAPS_MAX 8
#define CONTROL_MAX (1024 * 1024) // payload of a control frame; a keymap is the longest line
#define RECORDS_MAX 1024          // of one input frame
#define SIZE_NS 16000000          // one size a frame, whatever is asked
#define SCALE_NS 250000000        // for each the application draws all of it again
#define UNSENT_MAX (16 * 1024 * 1024) // bytes; one that acks what it has is never so far behind

struct viewer {
	struct exchange *exchange;
	const struct viewer_events *events;
	void *data;
	struct held held;
	struct allowance allowance;
	bool paused, broke; // for the window's sake; for what was asked already
	struct picture_size size; // asked, and not passed on yet; width 0: none
	int64_t size_at;          // when the last was
	bool scale_asked;         // likewise
	uint32_t scale;
	int64_t scale_at;
	bool ending; // our half
	bool over;   // ended was called
	uint32_t said; // control frames
	struct codec_list takes; // of the control frame that is read
	bool takes_said;
	char *keymap; // the last one passed on, so that it is compiled once
	int bad_keymaps;
};

static int64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void release_all(struct viewer *viewer) {
	struct input_record records[64];
	int count;
	while ((count = held_release(&viewer->held, now_ns(), records, 64)) > 0) {
		viewer->events->input(viewer->data, records, count);
	}
}

/* What is asked too much is not read before it was earned. */
static void spend(struct viewer *viewer, uint32_t count, int64_t now) {
	allowance_take(&viewer->allowance, count, now);
	if (!viewer->broke && allowance_free_at(&viewer->allowance) > now) {
		viewer->broke = true;
		exchange_pause(viewer->exchange, true);
	}
}

static void pass_size(struct viewer *viewer, int64_t now) {
	if (viewer->size.width > 0 && now - viewer->size_at >= SIZE_NS) {
		viewer->events->size(viewer->data, viewer->size);
		viewer->size.width = 0;
		viewer->size_at = now;
	}
}

static void pass_scale(struct viewer *viewer, int64_t now) {
	if (viewer->scale_asked && now - viewer->scale_at >= SCALE_NS) {
		viewer->scale_asked = false;
		viewer->scale_at = now;
		viewer->events->scale(viewer->data, viewer->scale);
	}
}

static void take_input(struct viewer *viewer, const struct frame *frame) {
	int count = input_record_count(frame->size);
	if (count < 0 || count > RECORDS_MAX) {
		log_debug("an input frame of %zu bytes is passed over", frame->size);
		return;
	}
	spend(viewer, (uint32_t)count, now_ns());
	struct input_record records[64];
	int kept = 0;
	for (int i = 0; i < count; i++) {
		input_record_decode(&records[kept], frame->payload, i);
		if (held_record(&viewer->held, &records[kept], now_ns())) {
			kept++;
		}
		if (kept == 64) {
			viewer->events->input(viewer->data, records, kept);
			kept = 0;
		}
	}
	if (kept > 0) {
		viewer->events->input(viewer->data, records, kept);
	}
}

static bool take_held(struct viewer *viewer, const char *value) {
	struct input_record records[64];
	int count;
	do {
		count = held_said(&viewer->held, value, now_ns(), records, 64);
		if (count > 0) {
			viewer->events->input(viewer->data, records, count);
		}
	} while (count == 64);
	return count >= 0;
}

/* false: it is no constraint. A kind of picture that is not known here is no harm. */
static bool take_takes(struct viewer *viewer, const char *value) {
	struct cnstr wanted;
	struct op_refusal refusal;
	viewer->takes_said = true;
	if (cnstr_parse(&wanted, value, &refusal) != OP_OK) {
		return false;
	}
	codec_list_add_wanted(&viewer->takes, value);
	return true;
}

static bool take_keymap(struct viewer *viewer, char *value) {
	if (viewer->keymap && strcmp(viewer->keymap, value) == 0) {
		return true;
	}
	if (viewer->bad_keymaps == BAD_KEYMAPS_MAX) {
		return false;
	}
	if (!line_keymap(value)) {
		viewer->bad_keymaps++;
		return false;
	}
	free(viewer->keymap);
	viewer->keymap = strdup(value);
	viewer->events->keymap(viewer->data, value);
	return true;
}

/* false: the value does not fit its word. Words that are not for a source are passed over. */
static bool take_word(struct viewer *viewer, int word, char *value) {
	const struct viewer_events *events = viewer->events;
	bool on;
	uint64_t number;
	uint32_t modifiers[4];
	int rate, delay;
	struct line_path path;
	struct line_drawn drawn;
	switch (word) {
	case CONTROL_SIZE:
		if (line_size(value, &viewer->size)) {
			pass_size(viewer, now_ns());
			return true;
		}
		return false;
	case CONTROL_SCALE:
		if (line_number(value, UINT32_MAX, &number)) {
			viewer->scale = (uint32_t)number;
			viewer->scale_asked = true;
			pass_scale(viewer, now_ns());
			return true;
		}
		return false;
	case CONTROL_REFRESH:
		if (line_number(value, UINT32_MAX, &number)) {
			events->refresh(viewer->data, (uint32_t)number);
			return true;
		}
		return false;
	case CONTROL_FOCUS:
		if (line_switch(value, &on)) {
			if (!on) {
				release_all(viewer);
			}
			events->focus(viewer->data, on);
			return true;
		}
		return false;
	case CONTROL_VISIBLE:
		if (line_switch(value, &on)) {
			events->visible(viewer->data, on);
			return true;
		}
		return false;
	case CONTROL_TELL:
		if (line_switch(value, &on)) {
			events->tell(viewer->data, on);
			return true;
		}
		return false;
	case CONTROL_DRAWN:
		if (line_drawn(value, &drawn)) {
			events->drawn(viewer->data, &drawn);
			return true;
		}
		return false;
	case CONTROL_CLOSE:
		events->close(viewer->data);
		return true;
	case CONTROL_KEY:
		events->key(viewer->data);
		return true;
	case CONTROL_RATE:
		if (line_number(value, INT32_MAX, &number)) {
			events->rate(viewer->data, (uint32_t)number);
			return true;
		}
		return false;
	case CONTROL_PATH:
		if (line_path(value, &path)) {
			events->path(viewer->data, &path);
			return true;
		}
		return false;
	case CONTROL_TAKES:
		return take_takes(viewer, value);
	case CONTROL_KEYMAP:
		return take_keymap(viewer, value);
	case CONTROL_MODIFIERS:
		if (line_modifiers(value, modifiers)) {
			events->modifiers(viewer->data, modifiers);
			return true;
		}
		return false;
	case CONTROL_REPEAT:
		if (line_repeat(value, &rate, &delay)) {
			events->repeat(viewer->data, rate, delay);
			return true;
		}
		return false;
	case CONTROL_HELD:
		return take_held(viewer, value);
	default:
		return true;
	}
}

static void take_control(struct viewer *viewer, const struct frame *frame) {
	if (frame->size > CONTROL_MAX) {
		log_debug("a control frame of %zu bytes is passed over", frame->size);
		return;
	}
	size_t at = 0;
	int word;
	char *value;
	bool bad = false;
	viewer->takes = (struct codec_list){0};
	viewer->takes_said = false;
	while (!viewer->over && control_next(frame, &at, &word, &value, &bad)) {
		spend(viewer, 1, now_ns());
		if (!take_word(viewer, word, value)) {
			log_debug("a control line is passed over: \"%.80s\" does not fit", value);
		}
		free(value);
	}
	if (viewer->takes_said && !viewer->over) {
		viewer->events->takes(viewer->data, &viewer->takes);
	}
	if (bad) {
		log_debug("a control frame is malformed; the rest of it is passed over");
	}
}

static void handle_frame(void *data, const struct frame *frame) {
	struct viewer *viewer = data;
	struct ack ack;
	if (viewer->over) {
		return;
	}
	switch (frame->kind) {
	case FRAME_CONTROL:
		take_control(viewer, frame);
		break;
	case FRAME_INPUT:
		take_input(viewer, frame);
		break;
	case FRAME_ACK:
		if (ack_decode(&ack, frame->payload, frame->size)) {
			ack.at_ns = frame->capture_ns;
			viewer->events->ack(viewer->data, &ack);
		}
		break;
	default:
		break; // not for a source
	}
}

static void viewer_over(struct viewer *viewer, const char *why) {
	if (!viewer->over) {
		release_all(viewer);
		viewer->over = true;
		viewer->events->ended(viewer->data, why);
	}
}

static void handle_end(void *data, const struct op_head *trailer) {
	struct viewer *viewer = data;
	if (trailer && trailer->refusal.code != OP_OK) {
		viewer_over(viewer, trailer->refusal.sentence);
	} else {
		viewer_over(viewer, NULL);
	}
}

static void handle_gone(void *data, const struct op_refusal *why) {
	viewer_over(data, why->sentence);
}

static const struct exchange_events exchange_events = {
	.frame = handle_frame,
	.end = handle_end,
	.gone = handle_gone,
};

struct viewer *viewer_create(struct wl_event_loop *loop, int fd, const struct viewer_events *events,
		void *data) {
	struct viewer *viewer = calloc(1, sizeof(*viewer));
	if (!viewer) {
		log_errno("no viewer");
		close(fd);
		return NULL;
	}
	viewer->events = events;
	viewer->data = data;
	held_init(&viewer->held);
	allowance_init(&viewer->allowance);
	struct stream *stream = stream_unix_create(loop, fd);
	if (stream) {
		viewer->exchange = exchange_adopt(stream, &exchange_events, viewer);
	}
	if (!viewer->exchange) {
		log_errno("descriptor 3 is no exchange; boxcast is started by boxland");
		free(viewer);
		return NULL;
	}
	exchange_set_class(viewer->exchange, STREAM_VIDEO);
	return viewer;
}

void viewer_destroy(struct viewer *viewer) {
	if (!viewer) {
		return;
	}
	exchange_destroy(viewer->exchange);
	free(viewer->keymap);
	free(viewer);
}

void viewer_send_picture(struct viewer *viewer, const struct frame *frame) {
	if (viewer->ending || viewer->over) {
		return;
	}
	if (exchange_queued(viewer->exchange) > UNSENT_MAX) {
		viewer_over(viewer, "it acknowledges pictures that it has not taken");
		return;
	}
	exchange_send_frame(viewer->exchange, frame);
}

void viewer_say(struct viewer *viewer, int word, const char *fmt, ...) {
	if (viewer->ending || viewer->over) {
		return;
	}
	char *text;
	va_list args;
	va_start(args, fmt);
	int size = vasprintf(&text, fmt, args);
	va_end(args);
	struct buf line;
	buf_init(&line);
	if (size >= 0 && control_append(&line, word, "%s", text)) {
		const struct frame frame = {
			.kind = FRAME_CONTROL,
			.sequence = ++viewer->said,
			.payload = buf_front(&line),
			.size = line.size,
		};
		exchange_send_frame(viewer->exchange, &frame);
	} else {
		log_error("no memory to tell the viewer");
	}
	buf_finish(&line);
	if (size >= 0) {
		free(text);
	}
}

void viewer_end(struct viewer *viewer, const struct op_refusal *why) {
	if (viewer->ending) {
		return;
	}
	viewer->ending = true;
	struct op_head trailer;
	op_head_init_reply(&trailer);
	if (why) {
		trailer.refusal = *why;
	}
	exchange_send_end(viewer->exchange, &trailer);
	op_head_finish(&trailer);
}

bool viewer_is_ending(const struct viewer *viewer) {
	return viewer->ending;
}

void viewer_pause(struct viewer *viewer, bool paused) {
	viewer->paused = paused;
	exchange_pause(viewer->exchange, paused || viewer->broke);
}

static void sooner(int64_t *deadline, int64_t other) {
	if (other != 0 && (*deadline == 0 || other < *deadline)) {
		*deadline = other;
	}
}

int64_t viewer_deadline(const struct viewer *viewer) {
	int64_t deadline = held_deadline(&viewer->held);
	sooner(&deadline, viewer->broke ? allowance_free_at(&viewer->allowance) : 0);
	sooner(&deadline, viewer->size.width > 0 ? viewer->size_at + SIZE_NS : 0);
	sooner(&deadline, viewer->scale_asked ? viewer->scale_at + SCALE_NS : 0);
	return deadline;
}

void viewer_check(struct viewer *viewer, int64_t now) {
	int64_t silent = held_deadline(&viewer->held);
	if (silent != 0 && now >= silent) {
		release_all(viewer);
	}
	pass_size(viewer, now);
	pass_scale(viewer, now);
	if (viewer->broke && now >= allowance_free_at(&viewer->allowance)) {
		viewer->broke = false;
		exchange_pause(viewer->exchange, viewer->paused);
	}
}
