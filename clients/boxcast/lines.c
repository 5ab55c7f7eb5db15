/* SPDX-License-Identifier: MIT */
/*
 * lines.c - values of control lines, checked. Which line does what is viewer_control.c's.
 */
#include "boxcast/lines.h"

#include <stdlib.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>

#include "media/value.h"

#define PATH_NUMBER_MAX (UINT64_C(1) << 50) // a thousand times as much is still a number

bool line_number(const char *value, uint64_t max, uint64_t *number) {
	uint64_t n;
	if (!value_take_number(&value, max, &n) || *value) {
		return false;
	}
	*number = n;
	return true;
}

bool line_size(const char *value, struct picture_size *size) {
	uint64_t width, height;
	if (!value_take_number(&value, PICTURE_SIDE_MAX, &width) || *value++ != 'x' ||
			!value_take_number(&value, PICTURE_SIDE_MAX, &height) || *value ||
			width == 0 || height == 0) {
		return false;
	}
	*size = (struct picture_size){(int)width, (int)height};
	return true;
}

bool line_switch(const char *value, bool *on) {
	bool is_on = strcmp(value, "on") == 0;
	if (!is_on && strcmp(value, "off") != 0) {
		return false;
	}
	*on = is_on;
	return true;
}

bool line_modifiers(const char *value, uint32_t values[static 4]) {
	uint64_t numbers[4];
	for (int i = 0; i < 4; i++) {
		if (!value_take_number(&value, UINT32_MAX, &numbers[i]) || *value != (i < 3 ? ' ' : '\0')) {
			return false;
		}
		value++;
	}
	for (int i = 0; i < 4; i++) {
		values[i] = (uint32_t)numbers[i];
	}
	return true;
}

bool line_repeat(const char *value, int *rate, int *delay) {
	uint64_t r, d;
	if (!value_take_number(&value, 1000, &r) || *value++ != ' ' ||
			!value_take_number(&value, 60000, &d) || *value) {
		return false;
	}
	*rate = (int)r;
	*delay = (int)d;
	return true;
}

bool line_path(const char *value, struct line_path *path) {
	static const char *const names[] = {"rtt=", "least=", "window=", "flight=", "sent=", "lost="};
	uint64_t numbers[6] = {0};
	unsigned int found = 0;
	while (*value) {
		for (unsigned int i = 0; i < 6; i++) {
			size_t size = strlen(names[i]);
			if (strncmp(value, names[i], size) == 0) {
				value += size;
				if (!value_take_number(&value, PATH_NUMBER_MAX, &numbers[i]) ||
						(*value && *value != ' ')) {
					return false;
				}
				found |= 1u << i;
				break;
			}
		}
		value += strcspn(value, " ");
		value += *value == ' ';
	}
	if (found != 0x3f) {
		return false;
	}
	*path = (struct line_path){
		.rtt_ns = (int64_t)numbers[0] * 1000,
		.least_ns = (int64_t)numbers[1] * 1000,
		.window = numbers[2],
		.flight = numbers[3],
		.sent = numbers[4],
		.lost = numbers[5],
	};
	return true;
}

bool line_drawn(const char *value, struct line_drawn *drawn) {
	struct line_drawn out;
	if (!value_take_word(&value, "decoder=", out.decoder) || *value++ != ' ' ||
			!value_take_word(&value, "by=", out.by) || *value) {
		return false;
	}
	*drawn = out;
	return true;
}

bool line_keymap(const char *value) {
	size_t size = strlen(value);
	if (size == 0 || size > LINE_KEYMAP_MAX) {
		return false;
	}
	struct xkb_context *context =
		xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES | XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
	if (!context) {
		return false;
	}
	xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL); // a stranger's mistakes
	struct xkb_keymap *keymap = xkb_keymap_new_from_string(context, value,
		XKB_KEYMAP_FORMAT_TEXT_V1, XKB_KEYMAP_COMPILE_NO_FLAGS);
	xkb_keymap_unref(keymap);
	xkb_context_unref(context);
	return keymap != NULL;
}
