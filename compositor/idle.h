/* SPDX-License-Identifier: MIT */
#ifndef IDLE_H
#define IDLE_H

/* When the person has done nothing for a while; and windows that keep that from counting. */

struct idle;
struct server;

struct idle *idle_create(struct server *server);
void idle_destroy(struct idle *idle);

/* The person did something. */
void idle_activity(struct idle *idle);

#endif
