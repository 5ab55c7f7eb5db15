/* SPDX-License-Identifier: MIT */
/*
 * fuzz_source.c - what a window's source says to boxview: control lines, pictures, and what is not for
 * it. What the view hears makes sense and can be shown. What is in a picture is fuzz_tiles.c's.
 */
#include "boxview/source.h"
#include "boxview/text.h"
#include "ends.h"

static void handle_video(void *data, const struct source_video *video) {
	must(video->width > 0 && video->height > 0);
}

static void handle_frame(void *data, const struct frame *frame) {
	must(frame->kind == FRAME_VIDEO || frame->kind == FRAME_TILES);
}

/* As view_source.c shows it: one line, of bounded length, that is UTF-8. */
static void check_shown(char *text, size_t most) {
	must(text && strlen(text) <= most && ends_is_text(text));
	for (const char *c = text; *c; c++) {
		must((unsigned char)*c >= 0x20);
	}
	free(text);
}

static void handle_text(void *data, const char *text) {
	check_shown(text_clean(text, 256), 256);
	check_shown(text_title(text, "den"), 600);
}

static void handle_limits(void *data, const struct source_limits *limits) {
	must(limits->min_width >= 0 && limits->min_height >= 0);
	must(limits->max_width == 0 || limits->max_width >= limits->min_width);
	must(limits->max_height == 0 || limits->max_height >= limits->min_height);
}

static void handle_lock(void *data, bool locked) {
}

static void handle_stages(void *data, const struct source_stages *stages) {
	must(stages->input[0] && stages->coder[0] && stages->net[0]);
}

static void handle_ended(void *data, const char *why, bool said) {
	bool *over = data;
	must(!*over);
	*over = true;
	if (why) {
		must(why[0]);
		check_shown(text_clean(why, 600), 600);
	}
}

static const struct source_events events = {
	.video = handle_video,
	.frame = handle_frame,
	.title = handle_text,
	.app_id = handle_text,
	.limits = handle_limits,
	.lock = handle_lock,
	.stages = handle_stages,
	.ended = handle_ended,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	static const enum op_kind kinds[] = {FRAME_CONTROL, FRAME_VIDEO, FRAME_TILES, FRAME_INPUT};
	bool over = false;
	int theirs, ours;
	struct wl_event_loop *loop = ends_open(&theirs, &ours);
	struct source *source = source_create(loop, &events, &over);
	must(source && source_attach(source, ours));
	ends_say_all(loop, theirs, bytes, size, kinds, &over);
	source_destroy(source);
	wl_event_loop_destroy(loop);
	return 0;
}
