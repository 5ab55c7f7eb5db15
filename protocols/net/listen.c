/* SPDX-License-Identifier: MIT */
/*
 * listen.c - unix sockets that callers come in by.
 *
 * Not here: what is asked (serve.c), and who may be a caller at all: a socket has mode 0600, and
 * whoever can open it is the subject of its door.
 */
#include "net/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOG_MODULE "listen"
#include "base/log.h"
#include "net/stream_unix.h"

#define REST_MS 200     // when the system has no more descriptors

struct listener {
	struct wl_list link; // server.listeners
	struct box_server *server;
	struct door door;
	struct wl_event_source *source, *timer;
	char *path;
	int fd;
	bool tired; // said so already
	dev_t dev; // of the socket file, to know it again
	ino_t ino;
};

static void rest(struct listener *listener) {
	if (!listener->tired) {
		listener->tired = true;
		log_errno("%s: cannot let a caller in", listener->path);
	}
	wl_event_source_fd_update(listener->source, 0);
	wl_event_source_timer_update(listener->timer, REST_MS);
}

static int handle_rested(void *data) {
	struct listener *listener = data;
	wl_event_source_fd_update(listener->source, WL_EVENT_READABLE);
	return 0;
}

static bool is_exhausted(int error) {
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

// One each turn: to be told that there is no other costs more than the turn that comes if there is.
static int handle_caller(int fd, uint32_t mask, void *data) {
	struct listener *listener = data;
	int caller = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (caller < 0) {
		if (is_exhausted(errno)) {
			rest(listener); // the caller waits in the queue, and would wake us for ever
		}
		return 0;
	}
	listener->tired = false;
	struct stream *stream = stream_unix_accept(listener->server->loop, caller);
	if (stream && !listener->server->hands_over) {
		stream_unix_read_ahead(stream);
	}
	if (stream) {
		box_server_take(listener->server, stream, &listener->door);
	}
	return 0;
}

// Somebody accepts there.
static bool is_alive(const struct sockaddr_un *address) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return true; // not known; better not to take its place
	}
	bool alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno != ECONNREFUSED;
	close(fd);
	return alive;
}

static bool remove_stale(const struct sockaddr_un *address) {
	struct stat found;
	if (lstat(address->sun_path, &found) < 0) {
		return errno == ENOENT;
	}
	if (!S_ISSOCK(found.st_mode)) {
		errno = EEXIST;
		return false;
	}
	if (is_alive(address)) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(address->sun_path) == 0 || errno == ENOENT;
}

static bool bind_here(struct listener *listener, const struct sockaddr_un *address) {
	struct stat made;
	// The mode of the file is that of the socket before bind: it is never open to others.
	const struct sockaddr *name = (const struct sockaddr *)address;
	if (fchmod(listener->fd, 0600) < 0 || bind(listener->fd, name, sizeof(*address)) < 0) {
		return false;
	}
	if (listen(listener->fd, SOMAXCONN) < 0 || lstat(address->sun_path, &made) < 0) {
		return false;
	}
	listener->dev = made.st_dev;
	listener->ino = made.st_ino;
	return true;
}

// Between the look at a stale socket and our own being there nobody else may do the same.
static bool bind_locked(struct listener *listener) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[sizeof(address.sun_path)];
	if (strlen(listener->path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(address.sun_path, listener->path);
	strcpy(dir, listener->path);
	int lock = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0) {
		return false;
	}
	bool bound = flock(lock, LOCK_EX) == 0 && remove_stale(&address) &&
		bind_here(listener, &address);
	int error = errno;
	close(lock);
	errno = error;
	return bound;
}

static void listener_destroy(struct listener *listener) {
	struct stat found;
	wl_list_remove(&listener->link);
	if (listener->ino != 0 && lstat(listener->path, &found) == 0 &&
			found.st_dev == listener->dev && found.st_ino == listener->ino) {
		unlink(listener->path);
	}
	if (listener->source) {
		wl_event_source_remove(listener->source);
	}
	if (listener->timer) {
		wl_event_source_remove(listener->timer);
	}
	if (listener->fd >= 0) {
		close(listener->fd);
	}
	free(listener->path);
	free(listener);
}

bool box_server_listen(struct box_server *server, const char *path, const struct door *door) {
	struct listener *listener = calloc(1, sizeof(*listener));
	if (!listener) {
		return false;
	}
	wl_list_insert(&server->listeners, &listener->link);
	listener->server = server;
	listener->door = *door;
	listener->path = strdup(path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!listener->path || listener->fd < 0 || !bind_locked(listener)) {
		goto err;
	}
	listener->source = wl_event_loop_add_fd(server->loop, listener->fd, WL_EVENT_READABLE,
		handle_caller, listener);
	listener->timer = wl_event_loop_add_timer(server->loop, handle_rested, listener);
	if (!listener->source || !listener->timer) {
		goto err;
	}
	return true;

err:;
	int error = errno;
	listener_destroy(listener);
	errno = error;
	return false;
}

void box_server_unlisten(struct box_server *server, const char *path) {
	struct listener *listener, *next;
	wl_list_for_each_safe(listener, next, &server->listeners, link) {
		if (strcmp(listener->path, path) == 0) {
			listener_destroy(listener);
		}
	}
}

void box_server_unlisten_all(struct box_server *server) {
	struct listener *listener, *next;
	wl_list_for_each_safe(listener, next, &server->listeners, link) {
		listener_destroy(listener);
	}
}
