/* SPDX-License-Identifier: MIT */
#ifndef ACTIVATION_H
#define ACTIVATION_H

/*
 * xdg-activation: a client asks that a window get the focus. One that shows that the person just
 * did something to that end gets it; any other is marked as urgent.
 */

struct activation;
struct server;

struct activation *activation_create(struct server *server);
void activation_destroy(struct activation *activation);

#endif
