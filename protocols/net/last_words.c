/* SPDX-License-Identifier: MIT */
/*
 * last_words.c - what a destroyed stream still had to say.
 *
 * An answer may be larger than the socket takes at once, and who answered is done with it. Not
 * here: streams that live (stream_unix.c).
 */
#include "net/last_words.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct last_words {
	struct wl_event_source *source, *timer;
	struct wl_listener loop_destroy;
	struct buf out;
	int fd;
};

ssize_t last_words_send(int fd, struct buf *out, const void *bytes, size_t size) {
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

void last_words_close(int fd) {
	uint8_t scratch[4096];
	// Bytes that nobody has read when a socket is closed turn its end into a "connection
	// reset".
	if (recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0) {
		shutdown(fd, SHUT_RD); // so that they come to an end
		while (recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) > 0) {
		}
	}
	close(fd);
}

static void last_words_destroy(struct last_words *words) {
	wl_list_remove(&words->loop_destroy.link);
	if (words->source) {
		wl_event_source_remove(words->source);
	}
	if (words->timer) {
		wl_event_source_remove(words->timer);
	}
	buf_finish(&words->out);
	last_words_close(words->fd);
	free(words);
}

static int handle_timer(void *data) {
	last_words_destroy(data);
	return 0;
}

static int handle_fd(int fd, uint32_t mask, void *data) {
	struct last_words *words = data;
	bool gone = mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR);
	ssize_t sent = gone ? 0 : last_words_send(words->fd, &words->out, NULL, 0);
	if (gone || (sent < 0 && errno != EAGAIN) || words->out.size == 0) {
		last_words_destroy(words);
	}
	return 0;
}

static void handle_loop_destroy(struct wl_listener *listener, void *data) {
	struct last_words *words = wl_container_of(listener, words, loop_destroy);
	last_words_destroy(words);
}

void last_words_create(struct wl_event_loop *loop, int fd, struct buf *out) {
	struct last_words *words = calloc(1, sizeof(*words));
	if (!words) {
		last_words_close(fd);
		return;
	}
	words->fd = fd;
	words->out = *out;
	buf_init(out);
	words->loop_destroy.notify = handle_loop_destroy;
	wl_event_loop_add_destroy_listener(loop, &words->loop_destroy);
	words->source = wl_event_loop_add_fd(loop, fd, WL_EVENT_WRITABLE, handle_fd, words);
	words->timer = wl_event_loop_add_timer(loop, handle_timer, words);
	if (!words->source || !words->timer ||
			wl_event_source_timer_update(words->timer, PATIENCE_MS) < 0) {
		last_words_destroy(words);
	}
}
