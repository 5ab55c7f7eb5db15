/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_DEVICES_H
#define TESTS_CONFORM_DEVICES_H

#include "base/buf.h"
#include "box/link.h"

/*
 * A linker whose links lead nowhere but into the test: it says when a device answers, takes, sends
 * and goes. The order of events is that of net/link.c.
 */
struct devices {
	struct linker linker;
	struct wl_list links; // device.node, oldest first
};

struct device {
	struct link link; // first
	struct devices *devices;
	struct wl_list node;
	struct buf written;
	bool full; // takes, and says that it is full
	bool paused;
	bool finishing; // all is written
	bool ended;
	int held;
};

void devices_init(struct devices *devices);
void devices_finish(struct devices *devices);
/* The link that names this device, the newest; NULL: none. */
struct device *devices_find(struct devices *devices, const char *name);
void device_up(struct device *device);
void device_down(struct device *device);
void device_sends(struct device *device, const char *text);
void device_drain(struct device *device);
/* The device has all, or no more: its exchange is over, and well. */
void device_over(struct device *device);

#endif
