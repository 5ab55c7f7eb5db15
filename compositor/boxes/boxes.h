/* SPDX-License-Identifier: MIT */
#ifndef BOXES_BOXES_H
#define BOXES_BOXES_H

#include <stdbool.h>

/*
 * The desktop as boxes: /win /kbd /ptr /display, served on a socket of boxland's own and mounted into
 * the node's boxd, again whenever that comes back. With no boxd the desktop is complete without it.
 */

struct boxes;
struct server;

/* Between server_create and server_start. NULL: logged. */
struct boxes *boxes_create(struct server *server);
/* Before server_destroy. NULL is fine. */
void boxes_destroy(struct boxes *boxes);

#endif
