/* SPDX-License-Identifier: MIT */
#ifndef GESTURE_H
#define GESTURE_H

/* Touchpad gestures (swipe, pinch, hold), passed on to the client that has the pointer. */

struct gestures;
struct server;

struct gestures *gestures_create(struct server *server);
void gestures_destroy(struct gestures *gestures);

#endif
