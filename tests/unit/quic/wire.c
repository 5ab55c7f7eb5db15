/* SPDX-License-Identifier: MIT */
/*
 * wire.c - a network of two sockets: what comes in on one goes out on the other, later or never.
 */
#include "unit/quic/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct packet {
	struct wl_list link;
	uint64_t due;
	bool back;
	size_t size;
	uint8_t bytes[];
};

static uint64_t now_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void arm(struct wire *wire) {
	struct itimerspec timer = {0};
	if (!wl_list_empty(&wire->queue)) {
		struct packet *first = wl_container_of(wire->queue.next, first, link);
		timer.it_value.tv_sec = (time_t)(first->due / 1000000000);
		timer.it_value.tv_nsec = (long)(first->due % 1000000000);
	}
	timerfd_settime(wire->timer, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void put(struct wire *wire, const uint8_t *bytes, size_t size, bool back) {
	const struct sockaddr_in *to = back ? &wire->near : &wire->far;
	if (wire->cut || to->sin_port == 0) {
		wire->lost++;
		return;
	}
	wire->passed++;
	sendto(back ? wire->front : wire->back, bytes, size, 0, (const struct sockaddr *)to, sizeof(*to));
}

static void enqueue(struct wire *wire, const uint8_t *bytes, size_t size, bool back) {
	uint64_t now = now_ns(), *free_at = &wire->free_at[back];
	*free_at = *free_at > now ? *free_at : now;
	if (wire->rate > 0) {
		if ((*free_at - now) * wire->rate / 1000000000 > wire->queue_max) {
			wire->lost++;
			return;
		}
		*free_at += size * 1000000000 / wire->rate;
	}
	struct packet *packet = malloc(sizeof(*packet) + size);
	assert_non_null(packet);
	packet->due = *free_at + wire->delay_ns;
	packet->back = back;
	packet->size = size;
	memcpy(packet->bytes, bytes, size);
	struct wl_list *at = wire->queue.prev;
	while (at != &wire->queue) {
		struct packet *before = wl_container_of(at, before, link);
		if (before->due <= packet->due) {
			break;
		}
		at = at->prev;
	}
	wl_list_insert(at, &packet->link);
	arm(wire);
}

static int handle_timer(int fd, uint32_t mask, void *data) {
	struct wire *wire = data;
	uint64_t expirations, now = now_ns();
	if (read(fd, &expirations, sizeof(expirations)) < 0) {
		return 0;
	}
	struct packet *packet, *next;
	wl_list_for_each_safe(packet, next, &wire->queue, link) {
		if (packet->due > now) {
			break;
		}
		put(wire, packet->bytes, packet->size, packet->back);
		wl_list_remove(&packet->link);
		free(packet);
	}
	arm(wire);
	return 0;
}

static void forward(struct wire *wire, int fd, bool back) {
	uint8_t bytes[2048];
	for (int i = 0; i < 64; i++) {
		struct sockaddr_in from;
		socklen_t from_size = sizeof(from);
		ssize_t size = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from,
			&from_size);
		if (size < 0) {
			break;
		}
		if (!back) {
			wire->near = from;
			if (wire->first_size == 0) {
				memcpy(wire->first, bytes, (size_t)size);
				wire->first_size = (size_t)size;
			}
		}
		if (wire->rate > 0 || wire->delay_ns > 0) {
			enqueue(wire, bytes, (size_t)size, back);
		} else {
			put(wire, bytes, (size_t)size, back);
		}
	}
}

/* libwayland hands us a copy of the descriptor, which serves as well. */
static int handle_front(int fd, uint32_t mask, void *data) {
	forward(data, fd, false);
	return 0;
}

static int handle_back(int fd, uint32_t mask, void *data) {
	forward(data, fd, true);
	return 0;
}

static int open_socket(uint16_t *port) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int large = 1 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
	*port = ntohs(address.sin_port);
	return fd;
}

void wire_init(struct wire *wire, struct wl_event_loop *loop, uint16_t far_port) {
	uint16_t ignored;
	*wire = (struct wire){0};
	wl_list_init(&wire->queue);
	wire->far = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(far_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	wire->front = open_socket(&wire->port);
	wire->back = open_socket(&ignored);
	wire->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	wire->front_source =
		wl_event_loop_add_fd(loop, wire->front, WL_EVENT_READABLE, handle_front, wire);
	wire->back_source =
		wl_event_loop_add_fd(loop, wire->back, WL_EVENT_READABLE, handle_back, wire);
	wire->timer_source =
		wl_event_loop_add_fd(loop, wire->timer, WL_EVENT_READABLE, handle_timer, wire);
}

void wire_finish(struct wire *wire) {
	struct packet *packet, *next;
	wl_list_for_each_safe(packet, next, &wire->queue, link) {
		wl_list_remove(&packet->link);
		free(packet);
	}
	wl_event_source_remove(wire->front_source);
	wl_event_source_remove(wire->back_source);
	wl_event_source_remove(wire->timer_source);
	close(wire->front);
	close(wire->back);
	close(wire->timer);
}
