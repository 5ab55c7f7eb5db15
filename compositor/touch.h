/* SPDX-License-Identifier: MIT */
#ifndef TOUCH_H
#define TOUCH_H

/*
 * Fingers on a touchscreen. On a surface they are the client's; on a frame one finger is a pointer
 * with its button down.
 */

struct server;
struct touch;

struct touch *touch_create(struct server *server);
void touch_destroy(struct touch *touch);

#endif
