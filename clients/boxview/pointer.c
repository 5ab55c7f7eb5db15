/* SPDX-License-Identifier: MIT */
/*
 * pointer.c - the local pointer while it is in the view. The records are told in box-cast-v1.xml: where
 * it is in the remote window, or how it moves while it is locked.
 */
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <wayland-client.h>

#include "boxview/arrow.h"
#include "boxview/seat.h"

#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"

#define LOG_MODULE "pointer"
#include "base/log.h"

#define BUTTONS 16 // from BTN_MOUSE

struct scroll {
	int32_t distance; // 16.16, down or right
	int32_t detents;  // 1/120
	bool seen, stopped;
};

struct pointer {
	struct wl_pointer *object;
	const struct globals *globals;
	struct window *window;
	struct source *source;
	struct group group;
	struct arrow arrow;
	bool inside;
	uint32_t serial; // of enter
	uint32_t buttons; // down, bits from BTN_MOUSE
	struct scroll scroll[2]; // by enum wl_pointer_axis
	struct zwp_relative_pointer_v1 *relative; // both while a lock is wished
	struct zwp_locked_pointer_v1 *lock;
	bool locked; // it is in force
};

static void add_at(struct pointer *pointer, uint16_t type, uint16_t code, int32_t value,
		wl_fixed_t x, wl_fixed_t y) {
	int32_t view_x, view_y;
	window_point(pointer->window, fixed_16(x), fixed_16(y), &view_x, &view_y);
	group_add(&pointer->group, type, code, value, view_x, view_y);
}

/* The end of a group; compositors of old do not tell it. */
static void end_group(struct pointer *pointer) {
	if (wl_pointer_get_version(pointer->object) < WL_POINTER_FRAME_SINCE_VERSION) {
		group_send(&pointer->group);
	}
}

static void pointer_enter(void *data, struct wl_pointer *object, uint32_t serial,
		struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y) {
	struct pointer *pointer = data;
	pointer->inside = surface == window_surface(pointer->window);
	pointer->serial = serial;
	if (pointer->inside) {
		arrow_set(&pointer->arrow, serial, !pointer->locked);
		add_at(pointer, EV_KEY, BTN_TOOL_MOUSE, 1, x, y);
		end_group(pointer);
	}
}

static void pointer_release(struct pointer *pointer) {
	for (uint16_t i = 0; i < BUTTONS; i++) {
		if (pointer->buttons & (1u << i)) {
			group_add(&pointer->group, EV_KEY, (uint16_t)(BTN_MOUSE + i), 0, 0, 0);
		}
	}
	pointer->buttons = 0;
}

static void pointer_leave(void *data, struct wl_pointer *object, uint32_t serial,
		struct wl_surface *surface) {
	struct pointer *pointer = data;
	if (pointer->inside) {
		pointer->inside = false;
		pointer_release(pointer);
		group_add(&pointer->group, EV_KEY, BTN_TOOL_MOUSE, 0, 0, 0);
		end_group(pointer);
	}
}

static void pointer_motion(void *data, struct wl_pointer *object, uint32_t time, wl_fixed_t x,
		wl_fixed_t y) {
	struct pointer *pointer = data;
	if (pointer->inside && !pointer->locked) {
		add_at(pointer, EV_ABS, ABS_X, 0, x, y);
		end_group(pointer);
	}
}

static void pointer_button(void *data, struct wl_pointer *object, uint32_t serial, uint32_t time,
		uint32_t button, uint32_t state) {
	struct pointer *pointer = data;
	if (!pointer->inside || button < BTN_MOUSE || button >= BTN_MOUSE + BUTTONS || state > 1) {
		return;
	}
	uint32_t bit = 1u << (button - BTN_MOUSE);
	pointer->buttons = state ? pointer->buttons | bit : pointer->buttons & ~bit;
	group_add(&pointer->group, EV_KEY, (uint16_t)button, (int32_t)state, 0, 0);
	end_group(pointer);
}

static void send_scroll(struct pointer *pointer) {
	for (int axis = 0; axis < 2; axis++) {
		struct scroll scroll = pointer->scroll[axis];
		pointer->scroll[axis] = (struct scroll){0};
		if (!scroll.seen || !pointer->inside) {
			continue;
		}
		if (axis == WL_POINTER_AXIS_VERTICAL_SCROLL) { // evdev counts away from the person
			group_add(&pointer->group, EV_REL, REL_WHEEL_HI_RES, -scroll.detents, 0,
				scroll.stopped ? 0 : scroll.distance);
		} else {
			group_add(&pointer->group, EV_REL, REL_HWHEEL_HI_RES, scroll.detents,
				scroll.stopped ? 0 : scroll.distance, 0);
		}
	}
}

static void pointer_axis(void *data, struct wl_pointer *object, uint32_t time, uint32_t axis,
		wl_fixed_t value) {
	struct pointer *pointer = data;
	if (axis < 2) {
		pointer->scroll[axis].seen = true;
		pointer->scroll[axis].distance = fixed_16(value);
	}
	if (wl_pointer_get_version(object) < WL_POINTER_FRAME_SINCE_VERSION) {
		send_scroll(pointer);
		end_group(pointer);
	}
}

static void pointer_frame(void *data, struct wl_pointer *object) {
	struct pointer *pointer = data;
	send_scroll(pointer);
	group_send(&pointer->group);
}

static void pointer_axis_source(void *data, struct wl_pointer *object, uint32_t source) {
}

static void pointer_axis_stop(void *data, struct wl_pointer *object, uint32_t time, uint32_t axis) {
	struct pointer *pointer = data;
	if (axis < 2) {
		pointer->scroll[axis].seen = true;
		pointer->scroll[axis].stopped = true;
	}
}

static void pointer_axis_discrete(void *data, struct wl_pointer *object, uint32_t axis,
		int32_t discrete) {
	struct pointer *pointer = data;
	if (axis < 2 && abs(discrete) < 1000) {
		pointer->scroll[axis].detents = discrete * 120;
	}
}

static void pointer_axis_value120(void *data, struct wl_pointer *object, uint32_t axis,
		int32_t value120) {
	struct pointer *pointer = data;
	if (axis < 2) {
		pointer->scroll[axis].detents = value120;
	}
}

static void pointer_axis_relative_direction(void *data, struct wl_pointer *object, uint32_t axis,
		uint32_t direction) {
}

static const struct wl_pointer_listener pointer_listener = {
	.enter = pointer_enter,
	.leave = pointer_leave,
	.motion = pointer_motion,
	.button = pointer_button,
	.axis = pointer_axis,
	.frame = pointer_frame,
	.axis_source = pointer_axis_source,
	.axis_stop = pointer_axis_stop,
	.axis_discrete = pointer_axis_discrete,
	.axis_value120 = pointer_axis_value120,
	.axis_relative_direction = pointer_axis_relative_direction,
};

// locking

static void relative_motion(void *data, struct zwp_relative_pointer_v1 *object, uint32_t time_hi,
		uint32_t time_lo, wl_fixed_t dx, wl_fixed_t dy, wl_fixed_t dx_raw, wl_fixed_t dy_raw) {
	struct pointer *pointer = data;
	if (pointer->inside && pointer->locked) {
		group_add(&pointer->group, EV_REL, REL_X, 0, fixed_16(dx), fixed_16(dy));
		end_group(pointer);
	}
}

static const struct zwp_relative_pointer_v1_listener relative_listener = {
	.relative_motion = relative_motion,
};

static void lock_locked(void *data, struct zwp_locked_pointer_v1 *lock) {
	struct pointer *pointer = data;
	pointer->locked = true;
	arrow_set(&pointer->arrow, pointer->serial, false);
}

static void lock_unlocked(void *data, struct zwp_locked_pointer_v1 *lock) {
	struct pointer *pointer = data;
	pointer->locked = false;
	arrow_set(&pointer->arrow, pointer->serial, true);
}

static const struct zwp_locked_pointer_v1_listener lock_listener = {
	.locked = lock_locked,
	.unlocked = lock_unlocked,
};

void pointer_set_lock(struct pointer *pointer, bool locked) {
	const struct globals *globals = pointer->globals;
	if (locked == (pointer->lock != NULL) || !globals->constraints || !globals->relative_pointer) {
		return;
	}
	if (locked) {
		pointer->relative = zwp_relative_pointer_manager_v1_get_relative_pointer(
			globals->relative_pointer, pointer->object);
		zwp_relative_pointer_v1_add_listener(pointer->relative, &relative_listener, pointer);
		pointer->lock = zwp_pointer_constraints_v1_lock_pointer(globals->constraints,
			window_surface(pointer->window), pointer->object, NULL,
			ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
		zwp_locked_pointer_v1_add_listener(pointer->lock, &lock_listener, pointer);
		return;
	}
	zwp_locked_pointer_v1_destroy(pointer->lock);
	zwp_relative_pointer_v1_destroy(pointer->relative);
	pointer->lock = NULL;
	pointer->relative = NULL;
	if (pointer->locked) {
		pointer->locked = false;
		arrow_set(&pointer->arrow, pointer->serial, true);
	}
}

struct pointer *pointer_create(const struct globals *globals, struct window *window,
		struct source *source) {
	struct pointer *pointer = calloc(1, sizeof(*pointer));
	if (!pointer) {
		log_errno("no pointer");
		return NULL;
	}
	pointer->globals = globals;
	pointer->window = window;
	pointer->source = source;
	pointer->group.source = source;
	pointer->object = wl_seat_get_pointer(globals->seat);
	wl_pointer_add_listener(pointer->object, &pointer_listener, pointer);
	arrow_init(&pointer->arrow, globals, pointer->object);
	return pointer;
}

void pointer_destroy(struct pointer *pointer) {
	if (!pointer) {
		return;
	}
	if (pointer->inside) {
		pointer_release(pointer);
		group_add(&pointer->group, EV_KEY, BTN_TOOL_MOUSE, 0, 0, 0);
		group_send(&pointer->group);
	}
	pointer_set_lock(pointer, false);
	arrow_finish(&pointer->arrow);
	if (wl_pointer_get_version(pointer->object) >= WL_POINTER_RELEASE_SINCE_VERSION) {
		wl_pointer_release(pointer->object);
	} else {
		wl_pointer_destroy(pointer->object);
	}
	free(pointer);
}
