/* SPDX-License-Identifier: MIT */
#ifndef NET_STREAM_PAIR_H
#define NET_STREAM_PAIR_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "net/stream.h"

/*
 * Two streams that are each other's other side, in one process: how a program asks itself, by the
 * same exchange as everybody else and with no socket. Each end is its owner's, as any stream. false:
 * no memory.
 */
bool stream_pair_create(struct wl_event_loop *loop, struct stream *ends[static 2]);

#endif
