/* SPDX-License-Identifier: MIT */
/*
 * viewer_control.c - the control lines of a viewer, a function for each word: what it asks is checked
 * (lines.c), passed on no oftener than is well, and charged to it. What follows is cast_viewer.c's.
 */
#include "boxcast/viewer_impl.h"

#include <stdlib.h>
#include <string.h>

#include "box/cnstr.h"
#include "boxcast/lines.h"

#define LOG_MODULE "viewer"
#include "base/log.h"

// libxkbcommon keeps some of what it could not read, so no more is tried of who says nonsense.
#define BAD_KEYMAPS_MAX 8
#define CONTROL_MAX (1024 * 1024) // payload of a control frame; a keymap is the longest line
#define SIZE_NS 16000000          // one size a frame, whatever is asked
#define SCALE_NS 250000000        // for each the application draws all of it again

void viewer_pass_size(struct viewer *viewer, int64_t now) {
	if (viewer->size.width > 0 && now - viewer->size_at >= SIZE_NS) {
		viewer->events->size(viewer->data, viewer->size);
		viewer->size.width = 0;
		viewer->size_at = now;
	}
}

void viewer_pass_scale(struct viewer *viewer, int64_t now) {
	if (viewer->scale_asked && now - viewer->scale_at >= SCALE_NS) {
		viewer->scale_asked = false;
		viewer->scale_at = now;
		viewer->events->scale(viewer->data, viewer->scale);
	}
}

int64_t viewer_pass_at(const struct viewer *viewer) {
	int64_t deadline = 0;
	viewer_sooner(&deadline, viewer->size.width > 0 ? viewer->size_at + SIZE_NS : 0);
	viewer_sooner(&deadline, viewer->scale_asked ? viewer->scale_at + SCALE_NS : 0);
	return deadline;
}

static bool take_size(struct viewer *viewer, char *value) {
	if (!line_size(value, &viewer->size)) {
		return false;
	}
	viewer_pass_size(viewer, viewer_now());
	return true;
}

static bool take_scale(struct viewer *viewer, char *value) {
	uint64_t scale;
	if (!line_number(value, UINT32_MAX, &scale)) {
		return false;
	}
	viewer->scale = (uint32_t)scale;
	viewer->scale_asked = true;
	viewer_pass_scale(viewer, viewer_now());
	return true;
}

static bool take_refresh(struct viewer *viewer, char *value) {
	uint64_t us;
	if (!line_number(value, UINT32_MAX, &us)) {
		return false;
	}
	viewer->events->refresh(viewer->data, (uint32_t)us);
	return true;
}

static bool take_rate(struct viewer *viewer, char *value) {
	uint64_t bits;
	if (!line_number(value, INT32_MAX, &bits)) {
		return false;
	}
	viewer->events->rate(viewer->data, (uint32_t)bits);
	return true;
}

static bool take_path(struct viewer *viewer, char *value) {
	struct line_path path;
	if (!line_path(value, &path)) {
		return false;
	}
	viewer->events->path(viewer->data, &path);
	return true;
}

static bool take_drawn(struct viewer *viewer, char *value) {
	struct line_drawn drawn;
	if (!line_drawn(value, &drawn)) {
		return false;
	}
	viewer->events->drawn(viewer->data, &drawn);
	return true;
}

static bool take_tell(struct viewer *viewer, char *value) {
	bool on;
	if (!line_switch(value, &on)) {
		return false;
	}
	viewer->events->tell(viewer->data, on);
	return true;
}

static bool take_visible(struct viewer *viewer, char *value) {
	bool visible;
	if (!line_switch(value, &visible)) {
		return false;
	}
	viewer->events->visible(viewer->data, visible);
	return true;
}

static bool take_focus(struct viewer *viewer, char *value) {
	bool focused;
	if (!line_switch(value, &focused)) {
		return false;
	}
	if (!focused) {
		viewer_release_all(viewer);
	}
	viewer->events->focus(viewer->data, focused);
	return true;
}

static bool take_close(struct viewer *viewer, char *value) {
	viewer->events->close(viewer->data);
	return true;
}

static bool take_key(struct viewer *viewer, char *value) {
	viewer->events->key(viewer->data);
	return true;
}

static bool take_modifiers(struct viewer *viewer, char *value) {
	uint32_t values[4];
	if (!line_modifiers(value, values)) {
		return false;
	}
	viewer->events->modifiers(viewer->data, values);
	return true;
}

static bool take_repeat(struct viewer *viewer, char *value) {
	int rate, delay;
	if (!line_repeat(value, &rate, &delay)) {
		return false;
	}
	viewer->events->repeat(viewer->data, rate, delay);
	return true;
}

static bool take_held(struct viewer *viewer, char *value) {
	struct input_record records[64];
	int count;
	do {
		count = held_said(&viewer->held, value, viewer_now(), records, 64);
		if (count > 0) {
			viewer->events->input(viewer->data, records, count);
		}
	} while (count == 64);
	return count >= 0;
}

/* false: it is no constraint. A kind of picture that is not known here is no harm. */
static bool take_takes(struct viewer *viewer, char *value) {
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

/* Words that are not for a source are holes, and passed over. */
static bool (*const takers[])(struct viewer *viewer, char *value) = {
	[CONTROL_SIZE] = take_size,
	[CONTROL_SCALE] = take_scale,
	[CONTROL_REFRESH] = take_refresh,
	[CONTROL_RATE] = take_rate,
	[CONTROL_PATH] = take_path,
	[CONTROL_DRAWN] = take_drawn,
	[CONTROL_TELL] = take_tell,
	[CONTROL_VISIBLE] = take_visible,
	[CONTROL_FOCUS] = take_focus,
	[CONTROL_CLOSE] = take_close,
	[CONTROL_KEY] = take_key,
	[CONTROL_MODIFIERS] = take_modifiers,
	[CONTROL_REPEAT] = take_repeat,
	[CONTROL_TAKES] = take_takes,
	[CONTROL_KEYMAP] = take_keymap,
	[CONTROL_HELD] = take_held,
};

/* false: the value does not fit its word. */
static bool take_word(struct viewer *viewer, int word, char *value) {
	bool is_known = word >= 0 && (size_t)word < sizeof(takers) / sizeof(takers[0]) && takers[word];
	return !is_known || takers[word](viewer, value);
}

void viewer_take_control(struct viewer *viewer, const struct frame *frame) {
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
		viewer_spend(viewer, 1, viewer_now());
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
