/* SPDX-License-Identifier: MIT */
#ifndef NET_STREAM_UNIX_H
#define NET_STREAM_UNIX_H

#include <wayland-server-core.h>

#include "net/stream.h"

/*
 * A stream over a unix socket. Until its head_read it looks at what arrived with MSG_PEEK and takes
 * only what was consumed, so that the socket can be handed to another program after a head. While
 * it peeks a listener that is not paused must consume all that can belong to the head. A half-close
 * by the other side is an eof; its full close is a hang-up, noticed while paused too. Destroyed
 * after end, it goes on sending what is queued, for 10 s at most.
 */

/* Takes fd over, also on failure. NULL and errno. */
struct stream *stream_unix_create(struct wl_event_loop *loop, int fd);
/*
 * The same of a caller that was let in. Most have asked by now, and are answered at once: it is read from
 * before the loop sleeps, and watched only if there is more to wait for.
 */
struct stream *stream_unix_accept(struct wl_event_loop *loop, int fd);
/*
 * Connects to a path. NULL and errno: ENOENT, ECONNREFUSED, ENAMETOOLONG, EAGAIN (too many wait).
 */
struct stream *stream_unix_connect(struct wl_event_loop *loop, const char *path);
/* Before anything was read: it is never handed over, so what comes is taken at once. */
void stream_unix_read_ahead(struct stream *stream);

#endif
