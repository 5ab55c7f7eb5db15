/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_PUMP_H
#define TESTS_UNIT_NET_PUMP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <wayland-server-core.h>

#include "base/buf.h"

/* A real loop and real sockets under the tests of this room, without a thread or a sleep. */

#define PUMP_PATIENCE_MS 20000

int64_t pump_now_ms(void); // the real time, see fast_timers.c

/* Runs the loop until the condition holds; fails the test if it never does. */
#define pump_until(loop, condition) \
	do { \
		int64_t end_ms_ = pump_now_ms() + PUMP_PATIENCE_MS; \
		while (!(condition)) { \
			if (pump_now_ms() > end_ms_) { \
				fail_msg("%s:%d: it never came: %s", __FILE__, __LINE__, #condition); \
			} \
			wl_event_loop_dispatch(loop, 50); \
		} \
	} while (0)

/* Runs the loop until it has nothing to do; fails the test if it never rests, as in a spin. */
void pump_quiet(struct wl_event_loop *loop);

/* Two connected unix sockets; ours does not block. */
void pump_pair(int *theirs, int *ours);
/* Writes all; the other side must have the room. */
void pump_send(int fd, const void *bytes, size_t size);
/* Appends what can be read now. false: the end was read. */
bool pump_recv(int fd, struct buf *into);
/* Runs the loop and reads until the end, or until the text is there. */
void pump_recv_all(struct wl_event_loop *loop, int fd, struct buf *into);
void pump_recv_until(struct wl_event_loop *loop, int fd, struct buf *into, const char *text);
/* How many descriptors this process has open. */
int pump_count_fds(void);

static inline void pump_send_text(int fd, const char *text) {
	pump_send(fd, text, strlen(text));
}

static inline bool buf_holds(struct buf *buf, const char *text) {
	return buf->size >= strlen(text) &&
		memmem(buf_front(buf), buf->size, text, strlen(text)) != NULL;
}

#endif
