/* SPDX-License-Identifier: MIT */
#ifndef IDLE_H
#define IDLE_H

#include <wayland-server-core.h>

/* When the person has done nothing for a while; and windows that keep that from counting. */

struct idle;
struct server;

struct idle *idle_create(struct server *server);
void idle_destroy(struct idle *idle);

/* Emitted when the person does something, for the first time or after IDLE_REST_S of nothing. */
#define IDLE_REST_S 60
struct wl_signal *idle_returned(struct idle *idle); // data: none

/* The person did something. */
void idle_activity(struct idle *idle);

#endif
