/* SPDX-License-Identifier: MIT */
/*
 * stream_unix.c - a stream over a unix socket, on the loop.
 *
 * Small writes gather in a queue that leaves with one call when the loop is about to sleep; large
 * ones go to the socket without a copy, the queue before them. Every call is made not to block by
 * itself, so the socket stays as it came and a program it is handed to may block on it.
 *
 * Not here: what bytes mean, who listens at a path (listen.c), and what becomes of bytes that are
 * queued when the stream is destroyed (last_words.c).
 */
#include "net/stream_unix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/last_words.h"

#define PEEK_SIZE 4096          // most heads are smaller
#define READ_SIZE (64 * 1024)
#define READ_BULK (256 * 1024)
#define SOCKET_BULK (1024 * 1024) // the socket's buffer, as far as the machine's limit goes
#define DIRECT_SIZE 4096        // a write of so much is worth a call of its own
#define WAIT_MARK (64 * 1024)   // queued, from here on writers are told when it has left

struct unix_stream {
	struct stream stream;
	struct wl_event_loop *loop;
	struct wl_event_source *source; // NULL: not yet, or the other side is gone
	struct wl_event_source *idle;   // NULL: nothing to do before the loop sleeps
	int fd;                         // -1: given up
	uint32_t mask;
	struct buf in;  // read, not consumed; empty while peeking
	struct buf out;
	size_t discarded; // of the data event under way, by head_read
	int depth;        // handlers that run
	bool peeking, paused;
	bool accepted;    // and not looked at yet
	bool ahead;       // more than the head may have been read with it
	bool bulk;        // much will pass: more in each call
	bool wide;        // and the socket has room for it
	bool full;        // the socket takes no more, or a writer waits: wake when it is writable
	bool ended, shut; // end was called; half-closed
	bool put_off;     // half-closing was, once
	bool broken;      // nothing leaves any more
	bool eof;         // the other side has written its last byte
	bool gone;        // it has closed; what it wrote may still have to be read
	bool silent;      // no event follows
	bool destroyed;
};

static const struct stream_impl unix_impl;

static struct unix_stream *unix_from(const struct stream *stream) {
	assert(stream->impl == &unix_impl);
	return (struct unix_stream *)(uintptr_t)stream;
}

static void drop_queue(struct unix_stream *s) {
	s->broken = true;
	s->full = false;
	buf_finish(&s->out);
	buf_init(&s->out);
}

// How many of bytes left. Sets full when not all that was there did.
static size_t send_now(struct unix_stream *s, const void *bytes, size_t size) {
	size_t queued = s->out.size;
	ssize_t sent = last_words_send(s->fd, &s->out, bytes, size);
	if (sent < 0 && errno != EAGAIN) {
		drop_queue(s);
		return size;
	}
	size_t left = sent < 0 ? 0 : (size_t)sent;
	s->full = s->full || left < queued + size;
	return left < queued ? 0 : left - queued;
}

static void half_close(struct unix_stream *s) {
	if (s->ended && !s->shut && !s->broken && s->out.size == 0) {
		s->shut = true;
		shutdown(s->fd, SHUT_WR);
	}
}

static uint32_t mask_of(const struct unix_stream *s) {
	// A pause alone changes nothing: often it is over before anything comes.
	uint32_t readable = s->paused ? s->mask & WL_EVENT_READABLE : WL_EVENT_READABLE;
	return (s->eof ? 0 : readable) | (s->full ? WL_EVENT_WRITABLE : 0);
}

static void watch(struct unix_stream *s) {
	uint32_t mask = mask_of(s);
	if (s->source && mask != s->mask) {
		s->mask = mask;
		wl_event_source_fd_update(s->source, mask);
	}
}

static void tell_hangup(struct unix_stream *s, const char *sentence) {
	if (!s->silent && !s->destroyed) {
		s->silent = true;
		s->stream.events->hangup(s->stream.data, OP_ELOST, sentence);
	}
}

static void discard(struct unix_stream *s, size_t size) {
	uint8_t scratch[PEEK_SIZE];
	while (size > 0) {
		ssize_t got = recv(s->fd, scratch, size < sizeof(scratch) ? size : sizeof(scratch),
			MSG_DONTWAIT);
		assert(got > 0); // it was peeked at, and nobody else reads here
		size -= (size_t)got;
	}
}

static void offer_peeked(struct unix_stream *s, const void *bytes, size_t size) {
	s->discarded = 0;
	size_t used = s->stream.events->data(s->stream.data, bytes, size);
	if (!s->destroyed && s->fd >= 0) {
		assert(used <= size && used >= s->discarded);
		discard(s, used - s->discarded);
	}
}

static void offer(struct unix_stream *s, const void *bytes, size_t size) {
	if (s->in.size > 0 && !buf_append(&s->in, bytes, size)) {
		tell_hangup(s, "out of memory");
		return;
	}
	bool held = s->in.size > 0;
	const uint8_t *front = held ? buf_front(&s->in) : bytes;
	size_t all = held ? s->in.size : size;
	size_t used = s->stream.events->data(s->stream.data, front, all);
	if (s->destroyed) {
		return;
	}
	assert(used <= all);
	if (held) {
		buf_drop(&s->in, used);
	} else if (used < all && !buf_append(&s->in, front + used, all - used)) {
		tell_hangup(s, "out of memory");
	}
}

static void read_eof(struct unix_stream *s) {
	if (!s->eof) {
		s->eof = true;
		s->stream.events->eof(s->stream.data);
	}
	if (s->gone) {
		tell_hangup(s, "the other side hung up");
	}
}

static bool may_read(const struct unix_stream *s) {
	return !s->paused && !s->silent && !s->destroyed && s->fd >= 0;
}

static void read_once(struct unix_stream *s) {
	uint8_t bytes[READ_BULK];
	bool peeking = s->peeking;
	size_t size = peeking ? PEEK_SIZE : s->bulk ? READ_BULK : READ_SIZE;
	ssize_t got = s->eof ? 0 : recv(s->fd, bytes, size, MSG_DONTWAIT | (peeking ? MSG_PEEK : 0));
	if (got > 0 && peeking) {
		offer_peeked(s, bytes, (size_t)got);
	} else if (got > 0) {
		offer(s, bytes, (size_t)got);
	} else if (got == 0) {
		read_eof(s);
	} else if (errno != EAGAIN && errno != EINTR) {
		tell_hangup(s, "the other side hung up before it had read all");
	}
}

static void read_some(struct unix_stream *s) {
	if (s->in.size > 0 && may_read(s)) {
		offer(s, NULL, 0);
	}
	if (may_read(s)) {
		read_once(s);
	}
	while (s->gone && may_read(s)) { // no wake-up comes any more; what is there is bounded
		read_once(s);
	}
}

static bool has_unread(const struct unix_stream *s) {
	int size = 0;
	return s->in.size > 0 || ioctl(s->fd, FIONREAD, &size) < 0 || size > 0;
}

static void handle_hangup(struct unix_stream *s) {
	s->gone = true;
	wl_event_source_remove(s->source);
	s->source = NULL;
	drop_queue(s);
	if (s->stream.hangup_cancels || (s->paused && !has_unread(s))) {
		tell_hangup(s, "the other side hung up");
	} else {
		read_some(s);
	}
}

static void handle_writable(struct unix_stream *s) {
	s->full = false;
	if (s->out.size > 0) {
		send_now(s, NULL, 0);
	}
	half_close(s);
	if (!s->full && !s->broken && !s->silent && s->stream.events->drained) {
		s->stream.events->drained(s->stream.data);
	}
}

static void unix_free(struct unix_stream *s) {
	buf_finish(&s->in);
	free(s);
}

static int handle_fd(int fd, uint32_t mask, void *data);

static void begin_watching(struct unix_stream *s) {
	s->mask = mask_of(s);
	s->source = wl_event_loop_add_fd(s->loop, s->fd, s->mask, handle_fd, s);
	if (!s->source) {
		tell_hangup(s, "out of memory");
	}
}

// Every handler ends here: the listener may have destroyed the stream meanwhile, but was reading
// what lies in it.
static void leave(struct unix_stream *s) {
	bool over = s->destroyed || s->silent || s->gone || s->fd < 0;
	if (!over && !s->source && !s->idle) { // its first request was not answered at once
		begin_watching(s);
	}
	s->depth--;
	if (!s->destroyed) {
		watch(s);
	} else if (s->depth == 0) {
		unix_free(s);
	}
}

static int handle_fd(int fd, uint32_t mask, void *data) {
	struct unix_stream *s = data;
	s->depth++;
	if (mask & (WL_EVENT_HANGUP | WL_EVENT_ERROR)) {
		handle_hangup(s);
	} else {
		if (mask & WL_EVENT_WRITABLE) {
			handle_writable(s);
		}
		if ((mask & WL_EVENT_READABLE) && may_read(s)) {
			read_some(s);
		} else if ((mask & WL_EVENT_READABLE) && s->paused && s->source) {
			s->mask &= ~(uint32_t)WL_EVENT_READABLE; // it would come again and again
			wl_event_source_fd_update(s->source, s->mask);
		}
	}
	leave(s);
	return 0;
}

static void handle_idle(void *data);

static void schedule(struct unix_stream *s) {
	if (!s->idle && !s->silent) {
		s->idle = wl_event_loop_add_idle(s->loop, handle_idle, s);
		s->full = s->full || !s->idle; // no memory: the socket's own wake-up does as well
	}
}

static void handle_idle(void *data) {
	struct unix_stream *s = data;
	s->idle = NULL;
	s->depth++;
	if (!s->full && !s->broken && s->out.size > 0) {
		send_now(s, NULL, 0);
	}
	// Who answered is about to destroy the stream, and a close says the same.
	if (s->ended && !s->put_off) {
		s->put_off = true;
		schedule(s);
	} else {
		half_close(s);
	}
	if (s->broken && s->stream.hangup_cancels) {
		tell_hangup(s, "the other side reads no more");
	}
	bool accepted = s->accepted && !s->ended; // who is refused unheard has been answered
	s->accepted = false;
	if (s->in.size > 0 || s->gone || accepted) {
		read_some(s);
	}
	leave(s);
}

// What is of the class of bulk may be small all the same.
static void widen(struct unix_stream *s) {
	int size = SOCKET_BULK;
	if (s->bulk && !s->wide && s->fd >= 0) {
		setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		s->wide = true;
	}
}

static void unix_write(struct stream *stream, const void *bytes, size_t size) {
	struct unix_stream *s = unix_from(stream);
	assert(!s->ended);
	if (s->broken || s->silent || size == 0) {
		return;
	}
	if (size >= DIRECT_SIZE && !s->full) {
		widen(s);
		size_t left = send_now(s, bytes, size);
		bytes = (const uint8_t *)bytes + left;
		size -= left;
	}
	if (!s->broken && size > 0 && !buf_append(&s->out, bytes, size)) {
		drop_queue(s);
	}
	s->full = s->full || s->out.size >= WAIT_MARK;
	if (s->broken || (!s->full && s->out.size > 0)) {
		schedule(s);
	}
	watch(s);
}

static void unix_end(struct stream *stream) {
	struct unix_stream *s = unix_from(stream);
	assert(!s->ended);
	s->ended = true;
	if (!s->full) {
		schedule(s);
	}
}

static void drop_sources(struct unix_stream *s) {
	if (s->source) {
		wl_event_source_remove(s->source);
		s->source = NULL;
	}
	if (s->idle) {
		wl_event_source_remove(s->idle);
		s->idle = NULL;
	}
}

static void unix_abort(struct stream *stream) {
	struct unix_stream *s = unix_from(stream);
	s->silent = true;
	drop_sources(s);
	drop_queue(s);
	if (s->fd >= 0) {
		shutdown(s->fd, SHUT_RDWR);
	}
}

static void unix_pause(struct stream *stream, bool paused) {
	struct unix_stream *s = unix_from(stream);
	s->paused = paused;
	if (!paused && !s->silent) {
		if (s->in.size > 0 || s->gone) {
			schedule(s);
		}
		watch(s);
	}
}

static size_t unix_queued(const struct stream *stream) {
	return unix_from(stream)->out.size;
}

// There is no order of service here; but each wake-up can move more.
static void unix_set_class(struct stream *stream, enum stream_class class) {
	unix_from(stream)->bulk = class == STREAM_BULK;
}

static void unix_head_read(struct stream *stream, size_t size) {
	struct unix_stream *s = unix_from(stream);
	if (s->peeking) {
		s->peeking = false;
		s->discarded = size;
		discard(s, size);
	}
}

static int unix_take_fd(struct stream *stream) {
	struct unix_stream *s = unix_from(stream);
	if (s->out.size > 0 && !s->broken) {
		send_now(s, NULL, 0);
	}
	if (s->fd < 0 || s->ahead || s->silent || s->in.size > 0 || s->out.size > 0) {
		errno = EBUSY;
		return -1;
	}
	half_close(s);
	int fd = s->fd;
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0 && (flags & O_NONBLOCK)) {
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	}
	drop_sources(s);
	s->silent = true;
	s->fd = -1;
	return fd;
}

static void unix_destroy(struct stream *stream) {
	struct unix_stream *s = unix_from(stream);
	assert(!s->destroyed);
	s->destroyed = true;
	drop_sources(s);
	bool aborted = s->broken || s->silent || !s->ended;
	if (s->fd >= 0 && !aborted && s->out.size > 0) {
		send_now(s, NULL, 0);
	}
	if (s->fd >= 0 && !aborted && s->out.size > 0) {
		last_words_create(s->loop, s->fd, &s->out);
	} else if (s->fd >= 0 && !aborted && !s->eof) {
		last_words_close(s->fd);
	} else if (s->fd >= 0) {
		close(s->fd);
	}
	s->fd = -1;
	buf_finish(&s->out);
	if (s->depth == 0) {
		unix_free(s);
	}
}

static const struct stream_impl unix_impl = {
	.write = unix_write,
	.end = unix_end,
	.abort = unix_abort,
	.pause = unix_pause,
	.queued = unix_queued,
	.set_class = unix_set_class,
	.head_read = unix_head_read,
	.take_fd = unix_take_fd,
	.destroy = unix_destroy,
};

static struct stream *create(struct wl_event_loop *loop, int fd, bool accepted) {
	struct unix_stream *s = calloc(1, sizeof(*s));
	if (!s) {
		close(fd);
		return NULL;
	}
	stream_init(&s->stream, &unix_impl);
	s->loop = loop;
	s->fd = fd;
	s->peeking = true;
	s->accepted = accepted;
	s->mask = WL_EVENT_READABLE;
	buf_init(&s->in);
	buf_init(&s->out);
	if (accepted) {
		s->idle = wl_event_loop_add_idle(loop, handle_idle, s);
	} else {
		s->source = wl_event_loop_add_fd(loop, fd, s->mask, handle_fd, s);
	}
	if (!s->source && !s->idle) {
		int error = errno;
		close(fd);
		free(s);
		errno = error;
		return NULL;
	}
	return &s->stream;
}

struct stream *stream_unix_create(struct wl_event_loop *loop, int fd) {
	return create(loop, fd, false);
}

struct stream *stream_unix_accept(struct wl_event_loop *loop, int fd) {
	return create(loop, fd, true);
}

void stream_unix_read_ahead(struct stream *stream) {
	struct unix_stream *s = unix_from(stream);
	s->peeking = false;
	s->ahead = true;
}

struct stream *stream_unix_connect(struct wl_event_loop *loop, const char *path) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(address.sun_path, path);
	// Not to block if the server is slow to accept; what follows never blocks anyway.
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return NULL;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return NULL;
	}
	return stream_unix_create(loop, fd);
}
