/* SPDX-License-Identifier: MIT */
#ifndef BOXD_BOXD_H
#define BOXD_BOXD_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "config.h"

/*
 * The node's daemon: its rooms put together. Boxes without a screen, the unix socket for programs of
 * this node, the network for the others, and the relays between them.
 */
struct boxd;

/* config must outlive it. NULL: logged. */
struct boxd *boxd_create(struct wl_event_loop *loop, const struct config *config);
void boxd_destroy(struct boxd *boxd);

#endif
