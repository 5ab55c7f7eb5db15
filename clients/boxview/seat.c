/* SPDX-License-Identifier: MIT */
/*
 * seat.c - which devices there are. What each does is in its own file.
 */
#include "boxview/seat.h"

#include <stdlib.h>
#include <time.h>
#include <wayland-client.h>

#define LOG_MODULE "seat"
#include "base/log.h"

struct seat {
	const struct globals *globals;
	struct window *window;
	struct source *source;
	struct keyboard *keyboard; // NULL: the seat has none
	struct pointer *pointer;
	struct touch *touch;
	bool locked; // as the source said
};

void group_send(struct group *group) {
	if (group->count > 0) {
		int count = group->count;
		group->count = 0;
		source_input(group->source, group->records, count);
	}
}

void group_add(struct group *group, uint16_t type, uint16_t code, int32_t value, int32_t x,
		int32_t y) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (group->count == GROUP_RECORDS) {
		group_send(group);
	}
	group->records[group->count++] = (struct input_record){
		.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
		.type = type,
		.code = code,
		.value = value,
		.x = x,
		.y = y,
	};
}

static void seat_capabilities(void *data, struct wl_seat *wl_seat, uint32_t capabilities) {
	struct seat *seat = data;
	bool keyboard = capabilities & WL_SEAT_CAPABILITY_KEYBOARD;
	if (keyboard && !seat->keyboard) {
		seat->keyboard = keyboard_create(seat->globals, seat->window, seat->source);
	} else if (!keyboard) {
		keyboard_destroy(seat->keyboard);
		seat->keyboard = NULL;
	}
	bool pointer = capabilities & WL_SEAT_CAPABILITY_POINTER;
	if (pointer && !seat->pointer) {
		seat->pointer = pointer_create(seat->globals, seat->window, seat->source);
		if (seat->pointer) {
			pointer_set_lock(seat->pointer, seat->locked);
		}
	} else if (!pointer) {
		pointer_destroy(seat->pointer);
		seat->pointer = NULL;
	}
	bool touch = capabilities & WL_SEAT_CAPABILITY_TOUCH;
	if (touch && !seat->touch) {
		seat->touch = touch_create(seat->globals, seat->window, seat->source);
	} else if (!touch) {
		touch_destroy(seat->touch);
		seat->touch = NULL;
	}
}

static void seat_name(void *data, struct wl_seat *wl_seat, const char *name) {
}

static const struct wl_seat_listener seat_listener = {
	.capabilities = seat_capabilities,
	.name = seat_name,
};

struct seat *seat_create(const struct globals *globals, struct window *window,
		struct source *source) {
	struct seat *seat = calloc(1, sizeof(*seat));
	if (!seat) {
		log_errno("no seat");
		return NULL;
	}
	seat->globals = globals;
	seat->window = window;
	seat->source = source;
	if (globals->seat) {
		wl_seat_add_listener(globals->seat, &seat_listener, seat);
	}
	return seat;
}

void seat_destroy(struct seat *seat) {
	if (!seat) {
		return;
	}
	keyboard_destroy(seat->keyboard);
	pointer_destroy(seat->pointer);
	touch_destroy(seat->touch);
	free(seat);
}

void seat_set_lock(struct seat *seat, bool locked) {
	seat->locked = locked;
	if (seat->pointer) {
		pointer_set_lock(seat->pointer, locked);
	}
}
