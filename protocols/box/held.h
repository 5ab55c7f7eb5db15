/* SPDX-License-Identifier: MIT */
#ifndef BOX_HELD_H
#define BOX_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "box/frame.h"

/*
 * What somebody far away holds down: keys, buttons, fingers, as a feed of input tells. While anything
 * is held the feed says so every 250 ms; after a second of silence, or at its end, all of it is
 * released. Records are as box-cast-v1 has them. Nothing here reads a clock: now is in ns.
 */

#define HELD_CODES 0x300   // above KEY_MAX of linux/input-event-codes.h
#define HELD_FINGERS 16
#define HELD_SILENCE_NS 1000000000

struct held {
	uint32_t codes[HELD_CODES / 32];
	uint32_t count;
	int32_t fingers[HELD_FINGERS]; // id + 1; 0: free
	int64_t heard; // when anything was last said of it
};

void held_init(struct held *held);
bool held_any(const struct held *held);

/*
 * Takes one record into account. false: it must not be passed on, being of an unknown kind, a press of
 * what is down already, or a release of what is not.
 */
bool held_record(struct held *held, const struct input_record *record, int64_t now);
/*
 * A `held` line: codes, as text "30,42". Fills out with releases of what is not in it, at most max,
 * and returns how many; -1: it is malformed.
 */
int held_said(struct held *held, const char *codes, int64_t now, struct input_record *out, int max);
/* Releases of everything, at most max; call again while it fills out. */
int held_release(struct held *held, int64_t now, struct input_record *out, int max);
/* When silence is over a second; 0: nothing is down. */
int64_t held_deadline(const struct held *held);

#endif
