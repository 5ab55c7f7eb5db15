/* SPDX-License-Identifier: MIT */
/*
 * fuzz_viewer.c - what a viewer says to boxcast: control lines, input records, acks and what is not for
 * it. Whatever it was, what the window hears makes sense, and what was pressed is released.
 */
#include <linux/input-event-codes.h>

#include "boxcast/allowance.h"
#include "boxcast/viewer.h"
#include "ends.h"

/* Of a keymap that breaks off libxkbcommon 1.7 keeps its tree; viewer_control.c bounds how many it may. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
	return "leak:libxkbcommon\n";
}

struct heard {
	bool down[KEY_CNT];
	bool over;
};

static void handle_ack(void *data, const struct ack *ack) {
}

static void handle_drawn(void *data, const struct line_drawn *drawn) {
	must(drawn->decoder[0] && strlen(drawn->decoder) < VALUE_WORD && drawn->by[0]);
}

static void handle_nothing(void *data) {
}

static void handle_rate(void *data, uint32_t bits) {
	must(bits <= INT32_MAX);
}

static void handle_path(void *data, const struct line_path *path) {
	must(path->rtt_ns >= 0 && path->least_ns >= 0);
}

static void handle_takes(void *data, const struct codec_list *takes) {
	must(takes->count <= CODECS);
}

static void handle_number(void *data, uint32_t number) {
}

static void handle_size(void *data, struct picture_size size) {
	must(size.width > 0 && size.width <= PICTURE_SIDE_MAX);
	must(size.height > 0 && size.height <= PICTURE_SIDE_MAX);
}

static void handle_switch(void *data, bool on) {
}

static void handle_input(void *data, const struct input_record *records, int count) {
	struct heard *heard = data;
	must(!heard->over && count > 0);
	for (int i = 0; i < count; i++) {
		if (records[i].type == EV_KEY && records[i].code < KEY_CNT) {
			heard->down[records[i].code] = records[i].value != 0;
		}
	}
}

static void handle_keymap(void *data, const char *text) {
	must(strlen(text) <= 128 * 1024);
}

static void handle_modifiers(void *data, const uint32_t values[static 4]) {
}

static void handle_repeat(void *data, int rate, int delay) {
	must(rate >= 0 && rate <= 1000 && delay >= 0 && delay <= 60000);
}

static void handle_ended(void *data, const char *why) {
	struct heard *heard = data;
	must(!heard->over && (!why || (why[0] && ends_is_text(why))));
	heard->over = true;
}

static const struct viewer_events events = {
	.ack = handle_ack,
	.key = handle_nothing,
	.rate = handle_rate,
	.path = handle_path,
	.takes = handle_takes,
	.size = handle_size,
	.scale = handle_number,
	.focus = handle_switch,
	.visible = handle_switch,
	.drawn = handle_drawn,
	.tell = handle_switch,
	.refresh = handle_number,
	.close = handle_nothing,
	.input = handle_input,
	.keymap = handle_keymap,
	.modifiers = handle_modifiers,
	.repeat = handle_repeat,
	.ended = handle_ended,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static const enum op_kind kinds[] = {FRAME_CONTROL, FRAME_INPUT, FRAME_ACK, FRAME_VIDEO};
	if (size > ALLOWANCE_BURST) {
		return 0; // part of it might have to wait
	}
	struct heard heard = {0};
	int theirs, ours;
	struct wl_event_loop *loop = ends_open(&theirs, &ours);
	struct viewer *viewer = viewer_create(loop, ours, &events, &heard);
	must(viewer);
	ends_say_all(loop, theirs, bytes, size, kinds, &heard.over);
	for (int code = 0; code < KEY_CNT; code++) {
		must(!heard.down[code]);
	}
	viewer_destroy(viewer);
	wl_event_loop_destroy(loop);
	return 0;
}
