/* SPDX-License-Identifier: MIT */
/*
 * gesture.c - touchpad gestures, passed on to clients as they come.
 */
#include "gesture.h"

#include <stdlib.h>
#include <wlr/types/wlr_cursor.h>
#include <wlr/types/wlr_pointer.h>
#include <wlr/types/wlr_pointer_gestures_v1.h>

#include "cursor.h"
#include "idle.h"
#include "seat.h"
#include "server.h"

struct gestures {
	struct server *server;
	struct wlr_pointer_gestures_v1 *wlr;
	struct wl_listener swipe_begin, swipe_update, swipe_end;
	struct wl_listener pinch_begin, pinch_update, pinch_end;
	struct wl_listener hold_begin, hold_end;
};

static struct wlr_seat *seat_of(struct gestures *gestures) {
	idle_activity(gestures->server->idle);
	return gestures->server->seat->wlr;
}

static void handle_swipe_begin(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, swipe_begin);
	const struct wlr_pointer_swipe_begin_event *event = data;
	wlr_pointer_gestures_v1_send_swipe_begin(gestures->wlr, seat_of(gestures), event->time_msec,
		event->fingers);
}

static void handle_swipe_update(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, swipe_update);
	const struct wlr_pointer_swipe_update_event *event = data;
	wlr_pointer_gestures_v1_send_swipe_update(gestures->wlr, seat_of(gestures), event->time_msec,
		event->dx, event->dy);
}

static void handle_swipe_end(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, swipe_end);
	const struct wlr_pointer_swipe_end_event *event = data;
	wlr_pointer_gestures_v1_send_swipe_end(gestures->wlr, seat_of(gestures), event->time_msec,
		event->cancelled);
}

static void handle_pinch_begin(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, pinch_begin);
	const struct wlr_pointer_pinch_begin_event *event = data;
	wlr_pointer_gestures_v1_send_pinch_begin(gestures->wlr, seat_of(gestures), event->time_msec,
		event->fingers);
}

static void handle_pinch_update(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, pinch_update);
	const struct wlr_pointer_pinch_update_event *event = data;
	wlr_pointer_gestures_v1_send_pinch_update(gestures->wlr, seat_of(gestures), event->time_msec,
		event->dx, event->dy, event->scale, event->rotation);
}

static void handle_pinch_end(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, pinch_end);
	const struct wlr_pointer_pinch_end_event *event = data;
	wlr_pointer_gestures_v1_send_pinch_end(gestures->wlr, seat_of(gestures), event->time_msec,
		event->cancelled);
}

static void handle_hold_begin(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, hold_begin);
	const struct wlr_pointer_hold_begin_event *event = data;
	wlr_pointer_gestures_v1_send_hold_begin(gestures->wlr, seat_of(gestures), event->time_msec,
		event->fingers);
}

static void handle_hold_end(struct wl_listener *listener, void *data) {
	struct gestures *gestures = wl_container_of(listener, gestures, hold_end);
	const struct wlr_pointer_hold_end_event *event = data;
	wlr_pointer_gestures_v1_send_hold_end(gestures->wlr, seat_of(gestures), event->time_msec,
		event->cancelled);
}

static void listen(struct wl_signal *signal, struct wl_listener *listener,
		wl_notify_func_t notify) {
	listener->notify = notify;
	wl_signal_add(signal, listener);
}

struct gestures *gestures_create(struct server *server) {
	struct gestures *gestures = calloc(1, sizeof(*gestures));
	if (!gestures) {
		return NULL;
	}
	gestures->server = server;
	gestures->wlr = wlr_pointer_gestures_v1_create(server->display);
	if (!gestures->wlr) {
		free(gestures);
		return NULL;
	}
	struct wlr_cursor *cursor = server->cursor->wlr;
	listen(&cursor->events.swipe_begin, &gestures->swipe_begin, handle_swipe_begin);
	listen(&cursor->events.swipe_update, &gestures->swipe_update, handle_swipe_update);
	listen(&cursor->events.swipe_end, &gestures->swipe_end, handle_swipe_end);
	listen(&cursor->events.pinch_begin, &gestures->pinch_begin, handle_pinch_begin);
	listen(&cursor->events.pinch_update, &gestures->pinch_update, handle_pinch_update);
	listen(&cursor->events.pinch_end, &gestures->pinch_end, handle_pinch_end);
	listen(&cursor->events.hold_begin, &gestures->hold_begin, handle_hold_begin);
	listen(&cursor->events.hold_end, &gestures->hold_end, handle_hold_end);
	return gestures;
}

void gestures_destroy(struct gestures *gestures) {
	if (!gestures) {
		return;
	}
	wl_list_remove(&gestures->swipe_begin.link);
	wl_list_remove(&gestures->swipe_update.link);
	wl_list_remove(&gestures->swipe_end.link);
	wl_list_remove(&gestures->pinch_begin.link);
	wl_list_remove(&gestures->pinch_update.link);
	wl_list_remove(&gestures->pinch_end.link);
	wl_list_remove(&gestures->hold_begin.link);
	wl_list_remove(&gestures->hold_end.link);
	free(gestures);
}
