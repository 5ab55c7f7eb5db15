/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_CONTROL_H
#define BOXVIEW_CONTROL_H

#include <wayland-server-core.h>

/*
 * A socket over which whoever started this view gives it new exchanges: one descriptor with each
 * byte. Under boxland the same comes over Wayland (box-view-v1.xml).
 */
struct control;

/* Takes fd over. exchange gets descriptors that are its own. NULL, logged. */
struct control *control_create(struct wl_event_loop *loop, int fd,
	void (*exchange)(void *data, int fd), void *data);
void control_destroy(struct control *control); // NULL is fine

#endif
