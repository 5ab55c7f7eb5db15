/* SPDX-License-Identifier: MIT */
/*
 * touch.c - fingers: which surface each is on, and one of them as a pointer where there is none.
 */
#include "touch.h"

#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <wlr/types/wlr_cursor.h>
#include <wlr/types/wlr_seat.h>
#include <wlr/types/wlr_touch.h>

#include "cursor.h"
#include "idle.h"
#include "interact.h"
#include "layer_shell.h"
#include "layers.h"
#include "seat.h"
#include "server.h"
#include "toplevel.h"

#define NO_FINGER (-1)

struct touch {
	struct server *server;
	int32_t pointing; // the finger that is a pointer; NO_FINGER: none
	struct wl_listener down, up, motion, cancel, frame;
};

static void to_layout(struct touch *touch, struct wlr_touch *device, double x, double y,
		double *lx, double *ly) {
	wlr_cursor_absolute_to_layout_coords(touch->server->cursor->wlr, &device->base, x, y, lx, ly);
}

static void handle_down(struct wl_listener *listener, void *data) {
	struct touch *touch = wl_container_of(listener, touch, down);
	const struct wlr_touch_down_event *event = data;
	struct server *server = touch->server;
	idle_activity(server->idle);
	double lx, ly;
	to_layout(touch, event->touch, event->x, event->y, &lx, &ly);
	struct hit hit = layers_hit(server, lx, ly);
	struct toplevel *toplevel = toplevel_from_owner(hit.owner);
	struct layer_surface *layer = layer_surface_from_owner(hit.owner);
	layer_shell_click(server->layer_shell, layer);
	if (hit.surface) {
		if (toplevel) {
			toplevel_focus(toplevel);
		}
		wlr_seat_touch_notify_down(server->seat->wlr, hit.surface, event->time_msec,
			event->touch_id, hit.sx, hit.sy);
	} else if (toplevel && touch->pointing == NO_FINGER &&
			server->seat->wlr->pointer_state.button_count == 0) {
		wlr_cursor_warp(server->cursor->wlr, NULL, lx, ly);
		if (interact_button(server->interact, &hit, event->time_msec, BTN_LEFT, true, 0)) {
			touch->pointing = event->touch_id;
		}
	}
}

static void handle_up(struct wl_listener *listener, void *data) {
	struct touch *touch = wl_container_of(listener, touch, up);
	const struct wlr_touch_up_event *event = data;
	struct server *server = touch->server;
	if (touch->pointing == event->touch_id) {
		struct hit hit = layers_hit(server, server->cursor->wlr->x, server->cursor->wlr->y);
		touch->pointing = NO_FINGER;
		interact_button(server->interact, &hit, event->time_msec, BTN_LEFT, false, 0);
	} else if (wlr_seat_touch_get_point(server->seat->wlr, event->touch_id)) {
		wlr_seat_touch_notify_up(server->seat->wlr, event->time_msec, event->touch_id);
	}
}

static void handle_motion(struct wl_listener *listener, void *data) {
	struct touch *touch = wl_container_of(listener, touch, motion);
	const struct wlr_touch_motion_event *event = data;
	struct server *server = touch->server;
	idle_activity(server->idle);
	double lx, ly;
	to_layout(touch, event->touch, event->x, event->y, &lx, &ly);
	if (touch->pointing == event->touch_id) {
		wlr_cursor_warp_closest(server->cursor->wlr, NULL, lx, ly);
		interact_motion(server->interact);
		return;
	}
	if (!wlr_seat_touch_get_point(server->seat->wlr, event->touch_id)) {
		return;
	}
	seat_move_drag_icon(server->seat, lx, ly);
	struct hit hit = layers_hit(server, lx, ly);
	if (hit.surface) {
		wlr_seat_touch_point_focus(server->seat->wlr, hit.surface, event->time_msec,
			event->touch_id, hit.sx, hit.sy);
		wlr_seat_touch_notify_motion(server->seat->wlr, event->time_msec, event->touch_id,
			hit.sx, hit.sy);
	}
}

static void handle_cancel(struct wl_listener *listener, void *data) {
	struct touch *touch = wl_container_of(listener, touch, cancel);
	const struct wlr_touch_cancel_event *event = data;
	struct wlr_seat *seat = touch->server->seat->wlr;
	if (touch->pointing == event->touch_id) {
		touch->pointing = NO_FINGER;
		interact_cancel(touch->server->interact, NULL);
	}
	struct wlr_touch_point *point = wlr_seat_touch_get_point(seat, event->touch_id);
	if (point) {
		wlr_seat_touch_notify_cancel(seat, point->client);
	}
}

static void handle_frame(struct wl_listener *listener, void *data) {
	struct touch *touch = wl_container_of(listener, touch, frame);
	wlr_seat_touch_notify_frame(touch->server->seat->wlr);
}

struct touch *touch_create(struct server *server) {
	struct touch *touch = calloc(1, sizeof(*touch));
	if (!touch) {
		return NULL;
	}
	touch->server = server;
	touch->pointing = NO_FINGER;
	struct wlr_cursor *cursor = server->cursor->wlr;
	touch->down.notify = handle_down;
	wl_signal_add(&cursor->events.touch_down, &touch->down);
	touch->up.notify = handle_up;
	wl_signal_add(&cursor->events.touch_up, &touch->up);
	touch->motion.notify = handle_motion;
	wl_signal_add(&cursor->events.touch_motion, &touch->motion);
	touch->cancel.notify = handle_cancel;
	wl_signal_add(&cursor->events.touch_cancel, &touch->cancel);
	touch->frame.notify = handle_frame;
	wl_signal_add(&cursor->events.touch_frame, &touch->frame);
	return touch;
}

void touch_destroy(struct touch *touch) {
	if (!touch) {
		return;
	}
	wl_list_remove(&touch->down.link);
	wl_list_remove(&touch->up.link);
	wl_list_remove(&touch->motion.link);
	wl_list_remove(&touch->cancel.link);
	wl_list_remove(&touch->frame.link);
	free(touch);
}
