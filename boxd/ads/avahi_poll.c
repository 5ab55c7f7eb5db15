/* SPDX-License-Identifier: MIT */
/*
 * avahi_poll.c - the adapter. Which descriptors and times these are is Avahi's.
 */
#include "ads/avahi_poll.h"

#include <avahi-common/timeval.h>
#include <limits.h>
#include <stdlib.h>

struct AvahiWatch {
	struct wl_event_source *source;
	AvahiWatchEvent events; // while its callback runs: what happened
	AvahiWatchCallback callback;
	void *data;
	int fd;
};

struct AvahiTimeout {
	struct wl_event_source *timer;
	AvahiTimeoutCallback callback;
	void *data;
};

static uint32_t to_mask(AvahiWatchEvent events) {
	return (events & AVAHI_WATCH_IN ? WL_EVENT_READABLE : 0u) |
		(events & AVAHI_WATCH_OUT ? WL_EVENT_WRITABLE : 0u);
}

static AvahiWatchEvent from_mask(uint32_t mask) {
	return (AvahiWatchEvent)((mask & WL_EVENT_READABLE ? AVAHI_WATCH_IN : 0) |
		(mask & WL_EVENT_WRITABLE ? AVAHI_WATCH_OUT : 0) |
		(mask & WL_EVENT_HANGUP ? AVAHI_WATCH_HUP : 0) |
		(mask & WL_EVENT_ERROR ? AVAHI_WATCH_ERR : 0));
}

static int handle_fd(int fd, uint32_t mask, void *data) {
	AvahiWatch *watch = data;
	watch->events = from_mask(mask);
	watch->callback(watch, watch->fd, watch->events, watch->data); // may free it
	return 0;
}

static AvahiWatch *watch_new(const AvahiPoll *api, int fd, AvahiWatchEvent events,
		AvahiWatchCallback callback, void *data) {
	AvahiWatch *watch = calloc(1, sizeof(*watch));
	if (!watch) {
		return NULL;
	}
	*watch = (AvahiWatch){.callback = callback, .data = data, .fd = fd};
	watch->source = wl_event_loop_add_fd(api->userdata, fd, to_mask(events), handle_fd, watch);
	if (!watch->source) {
		free(watch);
		return NULL;
	}
	return watch;
}

static void watch_update(AvahiWatch *watch, AvahiWatchEvent events) {
	wl_event_source_fd_update(watch->source, to_mask(events));
}

static AvahiWatchEvent watch_get_events(AvahiWatch *watch) {
	return watch->events;
}

static void watch_free(AvahiWatch *watch) {
	wl_event_source_remove(watch->source);
	free(watch);
}

static int handle_timer(void *data) {
	AvahiTimeout *timeout = data;
	timeout->callback(timeout, timeout->data); // may free it
	return 0;
}

// tv is of the wall clock; NULL: never.
static void timeout_update(AvahiTimeout *timeout, const struct timeval *tv) {
	int ms = 0; // disarms
	if (tv) {
		AvahiUsec left = -avahi_age(tv) / 1000 + 1;
		ms = left < 1 ? 1 : left > INT_MAX ? INT_MAX : (int)left;
	}
	wl_event_source_timer_update(timeout->timer, ms);
}

static AvahiTimeout *timeout_new(const AvahiPoll *api, const struct timeval *tv,
		AvahiTimeoutCallback callback, void *data) {
	AvahiTimeout *timeout = calloc(1, sizeof(*timeout));
	if (!timeout) {
		return NULL;
	}
	*timeout = (AvahiTimeout){.callback = callback, .data = data};
	timeout->timer = wl_event_loop_add_timer(api->userdata, handle_timer, timeout);
	if (!timeout->timer) {
		free(timeout);
		return NULL;
	}
	timeout_update(timeout, tv);
	return timeout;
}

static void timeout_free(AvahiTimeout *timeout) {
	wl_event_source_remove(timeout->timer);
	free(timeout);
}

AvahiPoll *avahi_poll_create(struct wl_event_loop *loop) {
	AvahiPoll *poll = malloc(sizeof(*poll));
	if (poll) {
		*poll = (AvahiPoll){
			.userdata = loop,
			.watch_new = watch_new,
			.watch_update = watch_update,
			.watch_get_events = watch_get_events,
			.watch_free = watch_free,
			.timeout_new = timeout_new,
			.timeout_update = timeout_update,
			.timeout_free = timeout_free,
		};
	}
	return poll;
}

void avahi_poll_destroy(AvahiPoll *poll) {
	free(poll);
}
