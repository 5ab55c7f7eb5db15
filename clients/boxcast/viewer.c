/* SPDX-License-Identifier: MIT */
/*
 * viewer.c - one exchange with a viewer, both bodies frames. Frames are told apart and checked here,
 * their control lines in viewer_control.c; what follows from them is cast_viewer.c's.
 */
#include "boxcast/viewer_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "net/stream_unix.h"

#define LOG_MODULE "viewer"
#include "base/log.h"

#define RECORDS_MAX 1024 // of one input frame
#define UNSENT_MAX (16 * 1024 * 1024) // bytes; one that acks what it has is never so far behind

int64_t viewer_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void viewer_sooner(int64_t *deadline, int64_t other) {
	if (other != 0 && (*deadline == 0 || other < *deadline)) {
		*deadline = other;
	}
}

void viewer_release_all(struct viewer *viewer) {
	struct input_record records[64];
	int count;
	while ((count = held_release(&viewer->held, viewer_now(), records, 64)) > 0) {
		viewer->events->input(viewer->data, records, count);
	}
}

void viewer_spend(struct viewer *viewer, uint32_t count, int64_t now) {
	allowance_take(&viewer->allowance, count, now);
	if (!viewer->broke && allowance_free_at(&viewer->allowance) > now) {
		viewer->broke = true;
		exchange_pause(viewer->exchange, true);
	}
}

static void take_input(struct viewer *viewer, const struct frame *frame) {
	int count = input_record_count(frame->size);
	if (count < 0 || count > RECORDS_MAX) {
		log_debug("an input frame of %zu bytes is passed over", frame->size);
		return;
	}
	viewer_spend(viewer, (uint32_t)count, viewer_now());
	struct input_record records[64];
	int kept = 0;
	for (int i = 0; i < count; i++) {
		input_record_decode(&records[kept], frame->payload, i);
		if (held_record(&viewer->held, &records[kept], viewer_now())) {
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

static void handle_frame(void *data, const struct frame *frame) {
	struct viewer *viewer = data;
	struct ack ack;
	if (viewer->over) {
		return;
	}
	switch (frame->kind) {
	case FRAME_CONTROL:
		viewer_take_control(viewer, frame);
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
		viewer_release_all(viewer);
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

int64_t viewer_deadline(const struct viewer *viewer) {
	int64_t deadline = held_deadline(&viewer->held);
	viewer_sooner(&deadline, viewer->broke ? allowance_free_at(&viewer->allowance) : 0);
	viewer_sooner(&deadline, viewer_pass_at(viewer));
	return deadline;
}

void viewer_check(struct viewer *viewer, int64_t now) {
	int64_t silent = held_deadline(&viewer->held);
	if (silent != 0 && now >= silent) {
		viewer_release_all(viewer);
	}
	viewer_pass_size(viewer, now);
	viewer_pass_scale(viewer, now);
	if (viewer->broke && now >= allowance_free_at(&viewer->allowance)) {
		viewer->broke = false;
		exchange_pause(viewer->exchange, viewer->paused);
	}
}
