/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_HOUSE_H
#define TESTS_UNIT_NET_HOUSE_H

#include "net/call.h"
#include "net/serve.h"
#include "pump.h"

/*
 * A server that listens at a real socket, of a person ann, with boxes to try it on:
 *
 *     /store  keeps what is put, gives it back
 *     /pour   getmem: house.pour_size bytes of the pattern, as chunks, as fast as they are taken
 *     /echo   putmem of frames: answers ok at once, and each frame with the same frame
 *     /wait   never answers; takes bodies without reading them when house.pause
 *     /who    says on whose behalf it was asked
 *     /huge   answers with a head that is over the limit, with make with a body behind it
 *     /line   a device: opens, and keeps the exchange as house.waiting, or refuses with
 *             house.refuse
 *     /hand   hands the exchange to house.argv, when asked or, with house.pause, at house_hand
 */
struct house {
	struct wl_event_loop *loop;
	struct box_tree *tree;
	struct box_server server;
	char dir[64], path[80];
	struct caller_unix caller;

	struct buf stored;
	struct buf storing;
	size_t pour_size;
	size_t poured, most_queued;
	const char *argv[3];
	struct spawn *child; // the program of /hand, while it runs
	bool pause;
	struct req *waiting; // the last that waits
	int waits, gones, ends;
	size_t taken;        // bytes of a body that /wait and /line were told
	enum op_code refuse;
	int opens;           // of /line
	char opened_by[130];
};

extern const struct subject ann, bob;

void house_init(struct house *house);
void house_finish(struct house *house);
/* A test of a file whose tests each have a house of their own. */
#define HOUSE_TEST(name) cmocka_unit_test_setup_teardown(name, house_set_up, house_tear_down)
int house_set_up(void **state);
int house_tear_down(void **state);
/* Listens at house->path as well, as the door says; house_init has opened ann's own at path. */
int house_connect(struct house *house);
/* Sends text, and with half half-closes; what came back until the end. */
void house_ask(struct house *house, const void *bytes, size_t size, bool half, struct buf *answer);
void house_check(struct house *house, const char *request, const char *expected);
/* The exchange that waits at /hand. */
void house_hand(struct house *house);

#endif
