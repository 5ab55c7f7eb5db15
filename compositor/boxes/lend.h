/* SPDX-License-Identifier: MIT */
#ifndef BOXES_LEND_H
#define BOXES_LEND_H

#include <stdbool.h>

#include "box/feed.h"
#include "boxes/env.h"
#include "input.h"

/*
 * A device of the local seat that may be lent: to one borrower at a time, by getmem live on its box.
 * While it is lent nothing of it does anything here, the screen says to whom it is lent, and
 * Super+Escape takes it back with no help from the network. What kind of device it is says its type:
 * keyboard.c, pointer.c.
 */

struct lent;

struct lend_device {
	const char *what;      // "keyboard"
	bool (*is_ours)(const struct input_event *event);
	/* The first thing a borrower hears. */
	void (*greet)(struct lent *lent);
	/* An event of the device, to be told to the borrower. */
	void (*tell)(struct lent *lent, const struct input_event *event);
	/* Nothing of it is held any more, here: it is about to be lent. */
	void (*let_go)(struct lent *lent);
	void (*finish)(struct lent *lent); // gives back data; optional
};

#define LEND_TAKEN_MAX 16

struct lent {
	struct box_env *env;
	const struct lend_device *device;
	struct box *box, *users, *user; // user: the borrower's inner box; NULL: not lent
	struct req *borrower;           // NULL: not lent
	struct notice *notice;
	struct wl_listener notice_gone;
	struct wl_listener session_active;
	struct input_hook hook;
	struct wl_event_source *heartbeat;
	int64_t started; // seconds since 1970
	uint32_t sequence;
	uint32_t held[8]; // codes that are down for the borrower
	int held_size;
	char *taken[LEND_TAKEN_MAX]; // links it was taken back from, the newest anywhere; NULL: free
	int taken_next;
	void *data; // the device's own, given back by its finish
};

/* /WHAT/0 below parent, with its inner box users. data is taken over. NULL: no memory. */
struct lent *lend_create(struct box *parent, struct box_env *env, const struct lend_device *device,
	void *data);

/* What a device tells: records make one frame, lines another. Nothing if it is not lent. */
void lend_record(struct lent *lent, const struct input_record *record);
void lend_line(struct lent *lent, int word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* CLOCK_MONOTONIC, for records. */
uint64_t lend_now_ns(void);

#endif
