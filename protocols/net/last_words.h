/* SPDX-License-Identifier: MIT */
#ifndef NET_LAST_WORDS_H
#define NET_LAST_WORDS_H

#include <stdbool.h>
#include <sys/types.h>
#include <wayland-server-core.h>

#include "base/buf.h"

/* The end of a socket that bytes are still queued for. */

/*
 * Sends out, then bytes, to a unix socket, without blocking and without SIGPIPE. How many of them
 * all left; -1 and errno (EAGAIN: none). What left of out is dropped from it.
 */
ssize_t last_words_send(int fd, struct buf *out, const void *bytes, size_t size);
/*
 * Takes fd and the bytes of out over; closes when they have left, or the other side is gone, or
 * after 10 s, or with the loop.
 */
void last_words_create(struct wl_event_loop *loop, int fd, struct buf *out);
/* Closes fd so that the other side reads the end of what was sent, not a reset. */
void last_words_close(int fd);

#endif
