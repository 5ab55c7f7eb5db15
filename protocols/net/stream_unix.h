/* SPDX-License-Identifier: MIT */
#ifndef NET_STREAM_UNIX_H
#define NET_STREAM_UNIX_H

#include <wayland-server-core.h>

#include "net/stream.h"

/*
 * A stream over a unix socket. Until head_read(true) it looks at what arrived with MSG_PEEK and
 * takes only what was consumed, so that the socket can be handed to another program after a head.
 * A half-close by the other side is an eof; its full close is a hang-up, noticed while paused too.
 */

/* Takes fd over, also on failure. NULL and errno. */
struct stream *stream_unix_create(struct wl_event_loop *loop, int fd);
/* Connects to a path. NULL and errno: ENOENT, ECONNREFUSED, ENAMETOOLONG … */
struct stream *stream_unix_connect(struct wl_event_loop *loop, const char *path);
/* From now on, reads what is there instead of peeking: the head is behind us. */
void stream_unix_head_read(struct stream *stream);

#endif
