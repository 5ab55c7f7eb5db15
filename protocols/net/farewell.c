/* SPDX-License-Identifier: MIT */
/*
 * farewell.c - what a destroyed stream still had to say.
 *
 * An answer may be larger than the socket takes at once, and who answered is done with it. Not
 * here: streams that live (stream_unix.c).
 */
#include "net/farewell.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct farewell {
	struct wl_event_source *source, *timer;
	struct wl_listener loop_destroy;
	struct buf out;
	int fd;
};

ssize_t farewell_send(int fd, struct buf *out, const void *bytes, size_t size) {
	struct iovec parts[2];
	struct msghdr message = {.msg_iov = parts};
	if (out->size > 0) {
		parts[message.msg_iovlen++] = (struct iovec){buf_front(out), out->size};
	}
	if (size > 0) {
		parts[message.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)bytes, size};
	}
	ssize_t sent;
	do {
		sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent > 0) {
		buf_drop(out, (size_t)sent < out->size ? (size_t)sent : out->size);
	}
	return sent;
}

void farewell_close(int fd) {
	uint8_t scratch[4096];
	// Bytes that nobody has read when a socket is closed turn its end into a "connection reset".
	if (recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0) {
		shutdown(fd, SHUT_RD); // so that they come to an end
		while (recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0) {
		}
	}
	close(fd);
}

static void farewell_destroy(struct farewell *farewell) {
	wl_list_remove(&farewell->loop_destroy.link);
	if (farewell->source) {
		wl_event_source_remove(farewell->source);
	}
	if (farewell->timer) {
		wl_event_source_remove(farewell->timer);
	}
	buf_finish(&farewell->out);
	farewell_close(farewell->fd);
	free(farewell);
}

static int handle_timer(void *data) {
	farewell_destroy(data);
	return 0;
}

static int handle_fd(int fd, uint32_t mask, void *data) {
	struct farewell *farewell = data;
	bool gone = mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR);
	ssize_t sent = gone ? 0 : farewell_send(farewell->fd, &farewell->out, NULL, 0);
	if (gone || (sent < 0 && errno != EAGAIN) || farewell->out.size == 0) {
		farewell_destroy(farewell);
	}
	return 0;
}

static void handle_loop_destroy(struct wl_listener *listener, void *data) {
	struct farewell *farewell = wl_container_of(listener, farewell, loop_destroy);
	farewell_destroy(farewell);
}

void farewell_create(struct wl_event_loop *loop, int fd, struct buf *out) {
	struct farewell *farewell = calloc(1, sizeof(*farewell));
	if (!farewell) {
		farewell_close(fd);
		return;
	}
	farewell->fd = fd;
	farewell->out = *out;
	buf_init(out);
	farewell->loop_destroy.notify = handle_loop_destroy;
	wl_event_loop_add_destroy_listener(loop, &farewell->loop_destroy);
	farewell->source = wl_event_loop_add_fd(loop, fd, WL_EVENT_WRITABLE, handle_fd, farewell);
	farewell->timer = wl_event_loop_add_timer(loop, handle_timer, farewell);
	if (!farewell->source || !farewell->timer ||
			wl_event_source_timer_update(farewell->timer, PATIENCE_MS) < 0) {
		farewell_destroy(farewell);
	}
}
