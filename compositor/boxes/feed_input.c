/* SPDX-License-Identifier: MIT */
/*
 * feed_input.c - devices linked to a window: feeds of input, made guests of it.
 */
#include "boxes/feed_input.h"

#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>

#include "box/held.h"
#include "boxes/guest.h"
#include "boxes/lend.h"
#include "server.h"
#include "toplevel.h"

#define RECORDS_MAX 1024 // of one frame; a feed that tells more at once is broken

struct io { // the box's data
	struct box_env *env;
	struct toplevel *toplevel;
};

struct feeding { // a link
	struct box_env *env;
	struct link *link;
	struct guest *guest; // NULL: not up
	struct held held;
	struct wl_event_source *silence;
};

static void release(struct feeding *feeding) {
	struct input_record records[64];
	int64_t now = (int64_t)lend_now_ns();
	for (int count; (count = held_release(&feeding->held, now, records, 64)) > 0;) {
		for (int i = 0; i < count; i++) {
			guest_record(feeding->guest, &records[i]);
		}
	}
	guest_release_all(feeding->guest);
}

static int handle_silence(void *data) {
	struct feeding *feeding = data;
	if (feeding->guest) {
		release(feeding);
	}
	return 0;
}

static void watch_silence(struct feeding *feeding) {
	wl_event_source_timer_update(feeding->silence,
		held_any(&feeding->held) ? HELD_SILENCE_NS / 1000000 : 0);
}

static void take_input(struct feeding *feeding, const struct frame *frame) {
	int count = input_record_count(frame->size);
	int64_t now = (int64_t)lend_now_ns();
	for (int i = 0; i < count && i < RECORDS_MAX; i++) {
		struct input_record record;
		input_record_decode(&record, frame->payload, i);
		if (held_record(&feeding->held, &record, now)) {
			guest_record(feeding->guest, &record);
		}
	}
	guest_frame(feeding->guest);
}

static void take_held(struct feeding *feeding, const char *codes) {
	struct input_record records[64];
	int count = held_said(&feeding->held, codes, (int64_t)lend_now_ns(), records, 64);
	for (int i = 0; i < count; i++) {
		guest_record(feeding->guest, &records[i]);
	}
}

static void take_line(struct feeding *feeding, int word, const char *value) {
	uint32_t mods[4];
	int rate, delay;
	if (word == CONTROL_KEYMAP) {
		release(feeding);
		guest_set_keymap(feeding->guest, value);
	} else if (word == CONTROL_MODIFIERS && sscanf(value, "%u %u %u %u", &mods[0], &mods[1],
			&mods[2], &mods[3]) == 4) {
		guest_set_modifiers(feeding->guest, mods[0], mods[1], mods[2], mods[3]);
	} else if (word == CONTROL_REPEAT && sscanf(value, "%d %d", &rate, &delay) == 2) {
		guest_set_repeat(feeding->guest, rate, delay);
	} else if (word == CONTROL_HELD) {
		take_held(feeding, value);
	}
}

static void take_control(struct feeding *feeding, const struct frame *frame) {
	size_t at = 0;
	int word;
	char *value;
	bool bad = false;
	while (control_next(frame, &at, &word, &value, &bad)) {
		take_line(feeding, word, value);
		free(value);
	}
}

static void handle_frame(struct link *link, const struct frame *frame) {
	struct feeding *feeding = link->data;
	if (!feeding->guest) {
		return;
	}
	if (frame->kind == FRAME_INPUT) {
		take_input(feeding, frame);
	} else if (frame->kind == FRAME_CONTROL) {
		take_control(feeding, frame);
	}
	watch_silence(feeding);
}

static void handle_up(struct link *link, const struct op_head *reply) {
	static const struct guest_events none;
	struct feeding *feeding = link->data;
	const struct io *io = link->io->data;
	held_init(&feeding->held);
	feeding->guest = guest_create(feeding->env->guests, io->toplevel, &none, feeding);
}

static void handle_down(struct link *link) {
	struct feeding *feeding = link->data;
	wl_event_source_timer_update(feeding->silence, 0);
	guest_destroy(feeding->guest);
	feeding->guest = NULL;
}

static void handle_gone(struct link *link) {
	struct feeding *feeding = link->data;
	handle_down(link);
	wl_event_source_remove(feeding->silence);
	free(feeding);
}

static const struct link_user feed_user = {
	.verb = OP_GETMEM,
	.body = OP_BODY_FRAMES,
	.up = handle_up,
	.frame = handle_frame,
	.down = handle_down,
	.gone = handle_gone,
};

static void io_link(struct box *box, struct req *req) {
	struct io *io = box->data;
	struct feeding *feeding = calloc(1, sizeof(*feeding));
	if (!feeding) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	feeding->env = io->env;
	feeding->silence = wl_event_loop_add_timer(io->env->server->loop, handle_silence, feeding);
	feeding->link = feeding->silence ?
		io->env->linker->make(io->env->linker, box, req, &feed_user, feeding) : NULL;
	if (!feeding->link) {
		if (feeding->silence) {
			wl_event_source_remove(feeding->silence);
		} else {
			req_fail(req, OP_EIO, "out of memory");
		}
		free(feeding);
	}
}

static void io_destroy(struct box *box) {
	free(box->data);
}

static const struct box_type io_type = {
	.name = "input",
	.fn = {[OP_LINK] = io_link},
	.destroy = io_destroy,
};

struct box *feed_input_create(struct box *window, const char *name, struct box_env *env,
		struct toplevel *toplevel) {
	struct io *io = calloc(1, sizeof(*io));
	if (!io) {
		return NULL;
	}
	io->env = env;
	io->toplevel = toplevel;
	struct box *box = box_create(window, name, &io_type, name, io);
	if (!box) {
		free(io);
	}
	return box;
}
