/* SPDX-License-Identifier: MIT */
/*
 * touch.c - fingers on the view. A finger that came down in it is the view's until it is lifted.
 */
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <wayland-client.h>

#include "boxview/seat.h"

#define LOG_MODULE "touch"
#include "base/log.h"

#define FINGERS 16

struct touch {
	struct wl_touch *object;
	struct window *window;
	struct group group;
	int32_t down[FINGERS]; // id + 1; 0: free
};

static int32_t *finger(struct touch *touch, int32_t slot) {
	for (size_t i = 0; i < FINGERS; i++) {
		if (touch->down[i] == slot) {
			return &touch->down[i];
		}
	}
	return NULL;
}

static void add_at(struct touch *touch, uint16_t code, int32_t id, wl_fixed_t x, wl_fixed_t y) {
	int32_t view_x, view_y;
	window_point(touch->window, fixed_16(x), fixed_16(y), &view_x, &view_y);
	group_add(&touch->group, EV_ABS, code, id, view_x, view_y);
}

static void touch_down(void *data, struct wl_touch *object, uint32_t serial, uint32_t time,
		struct wl_surface *surface, int32_t id, wl_fixed_t x, wl_fixed_t y) {
	struct touch *touch = data;
	int32_t *place = finger(touch, 0);
	if (surface == window_surface(touch->window) && place && id >= 0 && id < INT32_MAX) {
		*place = id + 1;
		add_at(touch, ABS_MT_TRACKING_ID, id, x, y);
	}
}

static void touch_up(void *data, struct wl_touch *object, uint32_t serial, uint32_t time,
		int32_t id) {
	struct touch *touch = data;
	int32_t *place = id >= 0 && id < INT32_MAX ? finger(touch, id + 1) : NULL;
	if (place) {
		*place = 0;
		group_add(&touch->group, EV_ABS, ABS_MT_TRACKING_ID, -1 - id, 0, 0);
	}
}

static void touch_motion(void *data, struct wl_touch *object, uint32_t time, int32_t id,
		wl_fixed_t x, wl_fixed_t y) {
	struct touch *touch = data;
	if (id >= 0 && id < INT32_MAX && finger(touch, id + 1)) {
		add_at(touch, ABS_MT_POSITION_X, id, x, y);
	}
}

static void touch_frame(void *data, struct wl_touch *object) {
	struct touch *touch = data;
	group_send(&touch->group);
}

/* The compositor took the fingers for a gesture of its own; also at the end of the device. */
static void touch_cancel(void *data, struct wl_touch *object) {
	struct touch *touch = data;
	for (size_t i = 0; i < FINGERS; i++) {
		if (touch->down[i] != 0) {
			group_add(&touch->group, EV_ABS, ABS_MT_TRACKING_ID, -touch->down[i], 0, 0);
			touch->down[i] = 0;
		}
	}
	group_send(&touch->group);
}

static void touch_shape(void *data, struct wl_touch *object, int32_t id, wl_fixed_t major,
		wl_fixed_t minor) {
}

static void touch_orientation(void *data, struct wl_touch *object, int32_t id,
		wl_fixed_t orientation) {
}

static const struct wl_touch_listener touch_listener = {
	.down = touch_down,
	.up = touch_up,
	.motion = touch_motion,
	.frame = touch_frame,
	.cancel = touch_cancel,
	.shape = touch_shape,
	.orientation = touch_orientation,
};

struct touch *touch_create(const struct globals *globals, struct window *window,
		struct source *source) {
	struct touch *touch = calloc(1, sizeof(*touch));
	if (!touch) {
		log_errno("no touch");
		return NULL;
	}
	touch->window = window;
	touch->group.source = source;
	touch->object = wl_seat_get_touch(globals->seat);
	wl_touch_add_listener(touch->object, &touch_listener, touch);
	return touch;
}

void touch_destroy(struct touch *touch) {
	if (!touch) {
		return;
	}
	touch_cancel(touch, touch->object);
	if (wl_touch_get_version(touch->object) >= WL_TOUCH_RELEASE_SINCE_VERSION) {
		wl_touch_release(touch->object);
	} else {
		wl_touch_destroy(touch->object);
	}
	free(touch);
}
