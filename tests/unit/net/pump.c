/* SPDX-License-Identifier: MIT */
/*
 * pump.c - a loop that is run until something happened, or until nothing does.
 */
#include "pump.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_ROUNDS 20000

void pump_quiet(struct wl_event_loop *loop) {
	struct pollfd ready = {.fd = wl_event_loop_get_fd(loop), .events = POLLIN};
	int rounds = 0, idle = 0;
	while (idle < 2) {
		assert_int_equal(wl_event_loop_dispatch(loop, 0), 0);
		if (++rounds > MOST_ROUNDS) {
			fail_msg("the loop never rests");
		}
		idle = poll(&ready, 1, 0) > 0 ? 0 : idle + 1;
	}
}

void pump_pair(int *theirs, int *ours) {
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	*theirs = fds[0];
	*ours = fds[1];
}

void pump_send(int fd, const void *bytes, size_t size) {
	ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	assert_int_equal(sent, size);
}

bool pump_recv(int fd, struct buf *into) {
	for (;;) {
		uint8_t *room = buf_room(into, 65536);
		assert_non_null(room);
		ssize_t got = recv(fd, room, 65536, MSG_DONTWAIT);
		if (got > 0) {
			buf_grew(into, (size_t)got);
		} else if (got == 0) {
			return false;
		} else {
			assert_int_equal(errno, EAGAIN); // a reset is no polite end
			return true;
		}
	}
}

void pump_recv_all(struct wl_event_loop *loop, int fd, struct buf *into) {
	pump_until(loop, !pump_recv(fd, into));
}

void pump_recv_until(struct wl_event_loop *loop, int fd, struct buf *into, const char *text) {
	pump_until(loop, (pump_recv(fd, into), buf_holds(into, text)));
}

int pump_count_fds(void) {
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	assert_non_null(dir);
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}
