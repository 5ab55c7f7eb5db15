/* SPDX-License-Identifier: MIT */
/*
 * test_poll.c - Avahi's watches and time-outs on our loop: they fire, change, stop, and may be freed
 * from inside their own callback. And who is near: a bounded list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <avahi-common/timeval.h>

#include "ads/avahi_poll.h"
#include "ads/near.h"

struct seen {
	const AvahiPoll *poll;
	int count;
	AvahiWatchEvent events, asked;
	bool free_it;
};

static void handle_watch(AvahiWatch *watch, int fd, AvahiWatchEvent events, void *data) {
	struct seen *seen = data;
	char byte;
	seen->count++;
	seen->events = events;
	seen->asked = seen->poll->watch_get_events(watch);
	if (events & AVAHI_WATCH_IN && !(events & AVAHI_WATCH_HUP)) {
		assert_int_equal(read(fd, &byte, 1), 1);
	}
	if (seen->free_it) {
		seen->poll->watch_free(watch);
	}
}

static void test_watch(void **state) {
	struct wl_event_loop *loop = wl_event_loop_create();
	AvahiPoll *poll = avahi_poll_create(loop);
	struct seen seen = {.poll = poll};
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	AvahiWatch *watch = poll->watch_new(poll, ends[0], AVAHI_WATCH_IN, handle_watch, &seen);
	wl_event_loop_dispatch(loop, 0);
	assert_int_equal(seen.count, 0);
	assert_int_equal(write(ends[1], "ab", 2), 2);
	wl_event_loop_dispatch(loop, -1);
	assert_int_equal(seen.count, 1);
	assert_true(seen.events == AVAHI_WATCH_IN && seen.asked == AVAHI_WATCH_IN);
	poll->watch_update(watch, AVAHI_WATCH_OUT);
	wl_event_loop_dispatch(loop, -1);
	assert_true(seen.count == 2 && seen.events == AVAHI_WATCH_OUT);
	poll->watch_update(watch, AVAHI_WATCH_IN);
	seen.free_it = true;
	close(ends[1]);
	wl_event_loop_dispatch(loop, -1);
	assert_true(seen.count == 3 && seen.events & AVAHI_WATCH_HUP);
	wl_event_loop_dispatch(loop, 0);
	assert_int_equal(seen.count, 3);
	close(ends[0]);
	avahi_poll_destroy(poll);
	wl_event_loop_destroy(loop);
}

static void handle_timeout(AvahiTimeout *timeout, void *data) {
	struct seen *seen = data;
	seen->count++;
	if (seen->free_it) {
		seen->poll->timeout_free(timeout);
	}
}

static void test_timeout(void **state) {
	struct wl_event_loop *loop = wl_event_loop_create();
	AvahiPoll *poll = avahi_poll_create(loop);
	struct seen seen = {.poll = poll};
	struct timeval soon, past, late;
	avahi_elapse_time(&soon, 20, 0);
	avahi_elapse_time(&late, 3600 * 1000, 0);
	past = soon;
	past.tv_sec -= 10;
	AvahiTimeout *never = poll->timeout_new(poll, NULL, handle_timeout, &seen);
	AvahiTimeout *hour = poll->timeout_new(poll, &late, handle_timeout, &seen);
	AvahiTimeout *timeout = poll->timeout_new(poll, &soon, handle_timeout, &seen);
	while (seen.count == 0) {
		wl_event_loop_dispatch(loop, -1);
	}
	assert_true(avahi_age(&soon) >= 0); // not before its time
	poll->timeout_update(timeout, &past);
	wl_event_loop_dispatch(loop, -1);
	assert_int_equal(seen.count, 2);
	poll->timeout_update(timeout, &past);
	poll->timeout_update(timeout, NULL);
	poll->timeout_update(never, &past);
	wl_event_loop_dispatch(loop, -1);
	assert_int_equal(seen.count, 3); // the one that was stopped did not
	seen.free_it = true;
	poll->timeout_update(timeout, &past);
	wl_event_loop_dispatch(loop, -1);
	assert_int_equal(seen.count, 4);
	poll->timeout_free(never);
	poll->timeout_free(hour);
	avahi_poll_destroy(poll);
	wl_event_loop_destroy(loop);
}

static void test_near_is_bounded(void **state) {
	struct nearby nearby;
	char key[65], at[32];
	nearby_init(&nearby);
	for (int i = 0; i <= NEAR_MAX; i++) {
		snprintf(key, sizeof(key), "%064d", i);
		assert_true(nearby_heard(&nearby, key, "10.0.0.1:7447"));
		assert_false(nearby_heard(&nearby, key, "10.0.0.1:7447"));
	}
	assert_int_equal(nearby.count, NEAR_MAX);
	snprintf(key, sizeof(key), "%064d", 0);
	assert_null(nearby_find(&nearby, key)); // the one heard of longest ago
	snprintf(key, sizeof(key), "%064d", NEAR_MAX);
	for (int i = 2; i < 10; i++) {
		snprintf(at, sizeof(at), "10.0.0.%d:7447", i);
		assert_true(nearby_heard(&nearby, key, at));
	}
	const struct near *near = nearby_find(&nearby, key);
	assert_int_equal(near->at_size, NEAR_AT_MAX);
	assert_string_equal(near->at[0], "10.0.0.9:7447");
	assert_string_equal(near->at[NEAR_AT_MAX - 1], "10.0.0.6:7447");
	assert_false(nearby_heard(&nearby, key, "10.0.0.7:7447"));
	assert_string_equal(near->at[0], "10.0.0.7:7447");
	assert_string_equal(near->at[1], "10.0.0.9:7447");
	nearby_gone(&nearby, key);
	assert_null(nearby_find(&nearby, key));
	nearby_finish(&nearby);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_near_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
