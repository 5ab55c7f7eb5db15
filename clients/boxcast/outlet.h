/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_OUTLET_H
#define BOXCAST_OUTLET_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a pipeline's threads say to the loop: a queue and an eventfd, referenced by each thread that
 * may still speak. A closed outlet throws away what it is told, so a pipeline whose threads hang can
 * be left behind.
 */

enum outlet_kind {
	OUTLET_UNIT,     // sample: an access unit
	OUTLET_RELEASED, // serial: a capture is no longer read
	OUTLET_FAILED,   // why
};

struct outlet_item {
	enum outlet_kind kind;
	GstSample *sample;
	int64_t at; // CLOCK_MONOTONIC
	uint32_t serial;
	char *why;
};

struct outlet;

/* One reference, the caller's. NULL and errno. */
struct outlet *outlet_create(void);
struct outlet *outlet_ref(struct outlet *outlet);
void outlet_unref(struct outlet *outlet);
/* From any thread; what item points to is taken over. */
void outlet_put(struct outlet *outlet, const struct outlet_item *item);

/* From the loop. Readable when there are items; fd stays the outlet's. */
int outlet_fd(const struct outlet *outlet);
/* false: nothing more for now. What item points to is the caller's: outlet_item_finish. */
bool outlet_take(struct outlet *outlet, struct outlet_item *item);
void outlet_item_finish(struct outlet_item *item);
void outlet_close(struct outlet *outlet);

#endif
