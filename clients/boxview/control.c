/* SPDX-License-Identifier: MIT */
/*
 * control.c - receives descriptors. What they are for is view.c's.
 */
#include "boxview/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_MODULE "control"
#include "base/log.h"

struct control {
	int fd;
	struct wl_event_source *source;
	void (*exchange)(void *data, int fd);
	void *data;
};

static int handle_readable(int fd, uint32_t mask, void *data) {
	struct control *control = data;
	char byte;
	struct iovec iov = {&byte, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} space;
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space.bytes,
		.msg_controllen = sizeof(space.bytes),
	};
	ssize_t n = recvmsg(control->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return 0;
	}
	if (n <= 0) { // nobody will give us another
		wl_event_source_remove(control->source);
		control->source = NULL;
		return 0;
	}
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
			header->cmsg_len == CMSG_LEN(sizeof(int))) {
		int exchange;
		memcpy(&exchange, CMSG_DATA(header), sizeof(exchange));
		control->exchange(control->data, exchange);
	}
	return 0;
}

struct control *control_create(struct wl_event_loop *loop, int fd,
		void (*exchange)(void *data, int fd), void *data) {
	struct control *control = calloc(1, sizeof(*control));
	if (control) {
		control->fd = fd;
		control->exchange = exchange;
		control->data = data;
		control->source = wl_event_loop_add_fd(loop, fd, WL_EVENT_READABLE, handle_readable,
			control);
	}
	if (!control || !control->source) {
		log_errno("no control socket");
		free(control);
		close(fd);
		return NULL;
	}
	return control;
}

void control_destroy(struct control *control) {
	if (!control) {
		return;
	}
	if (control->source) {
		wl_event_source_remove(control->source);
	}
	close(control->fd);
	free(control);
}
