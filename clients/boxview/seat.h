/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_SEAT_H
#define BOXVIEW_SEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "boxview/globals.h"
#include "boxview/source.h"
#include "boxview/window.h"

/*
 * The devices of the local seat, while they are in the view's window: what they do goes to the source.
 */
struct seat;
struct keyboard;
struct pointer;
struct touch;

/* NULL: no memory, logged. The others must outlive it. A seat without devices is fine. */
struct seat *seat_create(const struct globals *globals, struct window *window,
	struct source *source);
void seat_destroy(struct seat *seat); // NULL is fine
/* The source's application holds the pointer: lock it here too, and send how it moves. */
void seat_set_lock(struct seat *seat, bool locked);

// the devices, each in its own file

/* Records of one group, sent together. */
#define GROUP_RECORDS 32
struct group {
	struct source *source;
	struct input_record records[GROUP_RECORDS];
	int count;
};
/* Adds a record with the time of now; sends the group if it is full. */
void group_add(struct group *group, uint16_t type, uint16_t code, int32_t value, int32_t x,
	int32_t y);
void group_send(struct group *group);

/* wl_fixed_t (24.8) as 16.16, bounded. */
static inline int32_t fixed_16(int32_t fixed) {
	int64_t wide = (int64_t)fixed * 256;
	return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

struct keyboard *keyboard_create(const struct globals *globals, struct window *window,
	struct source *source);
void keyboard_destroy(struct keyboard *keyboard);

struct pointer *pointer_create(const struct globals *globals, struct window *window,
	struct source *source);
void pointer_destroy(struct pointer *pointer);
void pointer_set_lock(struct pointer *pointer, bool locked);

struct touch *touch_create(const struct globals *globals, struct window *window,
	struct source *source);
void touch_destroy(struct touch *touch);

#endif
