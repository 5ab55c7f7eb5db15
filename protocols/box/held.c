/* SPDX-License-Identifier: MIT */
/*
 * held.c - what is held down from afar, so that nothing stays down when the feed is gone. The records'
 * meaning is told in box-cast-v1.xml. Clocks and timers are the callers'.
 */
#include "box/held.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>

void held_init(struct held *held) {
	*held = (struct held){0};
}

static bool is_down(const struct held *held, uint32_t code) {
	return held->codes[code / 32] & (UINT32_C(1) << code % 32);
}

static void set_down(struct held *held, uint32_t code, bool down) {
	if (down) {
		held->codes[code / 32] |= UINT32_C(1) << code % 32;
		held->count++;
	} else {
		held->codes[code / 32] &= ~(UINT32_C(1) << code % 32);
		held->count--;
	}
}

static int32_t *finger(struct held *held, int32_t slot) {
	for (size_t i = 0; i < HELD_FINGERS; i++) {
		if (held->fingers[i] == slot) {
			return &held->fingers[i];
		}
	}
	return NULL;
}

bool held_any(const struct held *held) {
	if (held->count > 0) {
		return true;
	}
	for (size_t i = 0; i < HELD_FINGERS; i++) {
		if (held->fingers[i] != 0) {
			return true;
		}
	}
	return false;
}

static bool touch_record(struct held *held, const struct input_record *record) {
	int32_t id = record->value;
	if (record->code == ABS_MT_POSITION_X) {
		return id >= 0 && id < INT32_MAX && finger(held, id + 1);
	}
	if (id == INT32_MAX || id == INT32_MIN) {
		return false;
	}
	if (id >= 0) { // down
		int32_t *place = finger(held, id + 1) ? NULL : finger(held, 0);
		if (place) {
			*place = id + 1;
		}
		return place != NULL;
	}
	int32_t *place = finger(held, -id); // -1 - id: up
	if (place) {
		*place = 0;
	}
	return place != NULL;
}

bool held_record(struct held *held, const struct input_record *record, int64_t now) {
	switch (record->type) {
	case EV_KEY:
		if (record->code >= HELD_CODES || record->value < 0 || record->value > 1) {
			return false;
		}
		if (record->code == BTN_TOOL_MOUSE) {
			return true; // the pointer comes and goes; that is no key
		}
		held->heard = now;
		if (is_down(held, record->code) == (record->value == 1)) {
			return false;
		}
		set_down(held, record->code, record->value == 1);
		return true;
	case EV_REL:
		return record->code == REL_X || record->code == REL_WHEEL_HI_RES ||
			record->code == REL_HWHEEL_HI_RES;
	case EV_ABS:
		if (record->code == ABS_MT_TRACKING_ID || record->code == ABS_MT_POSITION_X) {
			held->heard = now;
			return touch_record(held, record);
		}
		return record->code == ABS_X;
	default:
		return false;
	}
}

int held_said(struct held *held, const char *codes, int64_t now, struct input_record *out, int max) {
	uint32_t said[HELD_CODES / 32] = {0};
	while (*codes) {
		char *end;
		errno = 0;
		unsigned long code = *codes >= '0' && *codes <= '9' ? strtoul(codes, &end, 10) : HELD_CODES;
		if (errno != 0 || code >= HELD_CODES || (*end != ',' && *end != '\0')) {
			return -1;
		}
		said[code / 32] |= UINT32_C(1) << code % 32;
		codes = *end == ',' ? end + 1 : end;
	}
	held->heard = now;
	int count = 0;
	for (uint32_t code = 0; code < HELD_CODES && count < max; code++) {
		if (is_down(held, code) && !(said[code / 32] & (UINT32_C(1) << code % 32))) {
			set_down(held, code, false);
			out[count++] = (struct input_record){
				.time_ns = (uint64_t)now, .type = EV_KEY, .code = (uint16_t)code};
		}
	}
	return count;
}

int held_release(struct held *held, int64_t now, struct input_record *out, int max) {
	int count = held_said(held, "", now, out, max);
	for (size_t i = 0; i < HELD_FINGERS && count < max; i++) {
		if (held->fingers[i] != 0) {
			out[count++] = (struct input_record){
				.time_ns = (uint64_t)now, .type = EV_ABS, .code = ABS_MT_TRACKING_ID,
				.value = -held->fingers[i]};
			held->fingers[i] = 0;
		}
	}
	return count;
}

int64_t held_deadline(const struct held *held) {
	return held_any(held) ? held->heard + HELD_SILENCE_NS : 0;
}
