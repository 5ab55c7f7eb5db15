/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_ENDS_H
#define FUZZ_ENDS_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wayland-server-core.h>

#include "box/frame.h"
#include "box/utf8.h"
#include "fuzz.h"

/*
 * What one end of a view says to the other, made of an input: frames, each of a byte that chooses its
 * kind, a byte of flags, a length of two bytes, and so much of payload. Framing is fuzz_frame.c's.
 */

#define ENDS_FRAMES 64

static inline bool ends_is_text(const char *text) {
	size_t size = strlen(text), step = 1;
	for (size_t at = 0; at < size && step > 0; at += step) {
		step = utf8_next(text + at, size - at);
	}
	return step > 0;
}

static inline bool ends_take(const uint8_t **bytes, size_t *size, const enum op_kind *kinds,
		size_t count, struct frame *frame) {
	if (*size < 4) {
		return false;
	}
	const uint8_t *at = *bytes;
	size_t said = (size_t)(at[2] << 8 | at[3]), left = *size - 4;
	*frame = (struct frame){
		.kind = kinds[at[0] % count],
		.flags = at[1] & 1,
		.sequence = at[1] >> 1,
		.payload = at + 4,
		.size = said < left ? said : left,
	};
	*bytes += 4 + frame->size;
	*size -= 4 + frame->size;
	return true;
}

/* Everything that is said is heard: the loop is turned until all of it was taken. */
static inline void ends_say(struct wl_event_loop *loop, int fd, const struct frame *frame) {
	uint8_t header[FRAME_HEADER_SIZE];
	frame_header_encode(frame, header);
	const struct {
		const uint8_t *bytes;
		size_t size;
	} parts[] = {{header, sizeof(header)}, {frame->payload, frame->size}};
	for (size_t i = 0; i < 2; i++) {
		for (size_t at = 0; at < parts[i].size;) {
			ssize_t n = send(fd, parts[i].bytes + at, parts[i].size - at, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n > 0) {
				at += (size_t)n;
			} else if (errno != EAGAIN) {
				return; // it hung up
			}
			wl_event_loop_dispatch(loop, 0);
		}
	}
	wl_event_loop_dispatch(loop, 0);
}

/* Both ends of what they talk over, theirs the one to say at. */
static inline struct wl_event_loop *ends_open(int *theirs, int *ours) {
	int ends[2];
	struct wl_event_loop *loop = wl_event_loop_create();
	must(loop && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	*theirs = ends[0];
	*ours = ends[1];
	return loop;
}

/* Says the whole input and hangs up; the other end must then come to its own. */
static inline void ends_say_all(struct wl_event_loop *loop, int theirs, const uint8_t *bytes,
		size_t size, const enum op_kind kinds[static 4], const bool *over) {
	struct frame frame;
	for (int i = 0; i < ENDS_FRAMES && ends_take(&bytes, &size, kinds, 4, &frame); i++) {
		ends_say(loop, theirs, &frame);
	}
	close(theirs);
	for (int i = 0; i < 8 && !*over; i++) {
		wl_event_loop_dispatch(loop, 0);
	}
	must(*over);
}

#endif
