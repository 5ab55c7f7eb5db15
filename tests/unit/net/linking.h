/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_LINKING_H
#define TESTS_UNIT_NET_LINKING_H

#include "fast_timers.h"
#include "house.h"
#include "net/link.h"

/*
 * Links and what they dial: what test_link.c and test_link_named.c share. The io boxes are in a house of
 * their own, that links are asked of over its socket; devices are /line of another house, which may go
 * and come back.
 */
struct fixture {
	struct house io, devices;
	struct net_linker linker;
	struct link *last; // the link made last
	int ups, downs, gones, frames, drains;
	size_t bytes;
	bool end_in_down, take_in_up, want_view;
	int fd;
	char text[128]; // "u1 d1 g1 ": up, down, gone of the link of that name
};

extern const struct link_user output_user; // data: the fixture

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, linking_set_up, linking_tear_down)
int linking_set_up(void **state);
int linking_tear_down(void **state);

void devices_leave(struct fixture *f);
void devices_return(struct fixture *f);
/* The state begins so: what follows is the sentence of somebody else's. */
void check_state(struct fixture *f, const char *name, const char *state);
/* The waits of the only link there is. Other timers, of servers, stand between them. */
int list_waits(int waits[static FAST_TIMERS_MAX]);
/* The same, once there are so many. */
void check_waits(struct wl_event_loop *loop, const int *expected, int count);

#endif
