/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QUIC_WIRE_H
#define TESTS_QUIC_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <wayland-server-core.h>

/*
 * A piece of network between a dialler and a node that listens: it may be cut, narrow or slow. The
 * dialler is told its port instead of the node's.
 */
struct wire {
	int front, back, timer;
	struct wl_event_source *front_source, *back_source, *timer_source;
	struct sockaddr_in near, far; // the dialler, once it has spoken; the node
	struct wl_list queue;         // packets on their way, by due time
	uint16_t port;
	bool cut;
	uint64_t rate;      // bytes a second, each way; 0: no limit
	uint64_t delay_ns;
	uint64_t queue_max; // bytes waiting for the rate, each way; more is lost
	uint64_t free_at[2]; // when the line is free again, there and back
	int passed, lost;
	uint8_t first[2048]; // the first packet that came from the dialler
	size_t first_size;
};

void wire_init(struct wire *wire, struct wl_event_loop *loop, uint16_t far_port);
void wire_finish(struct wire *wire);

#endif
