/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_NET_SIDE_H
#define TESTS_UNIT_NET_SIDE_H

#include "net/exchange.h"
#include "pump.h"

/* One end of an exchange that writes down what it hears. */
struct side {
	struct exchange *exchange; // NULL once gone was heard and it was destroyed
	struct buf heard;   // lines: "head: < ok", "end: < no …", "end: -", "gone: ECODE"
	struct buf payload; // all bytes and payloads of frames
	int heads, frames, ends, gones, drains;
	struct op_refusal why;
	bool pause_at_head; // pauses itself in its head event
	bool pause_always;  // and in each event of its body
};

void side_init(struct side *side, struct wl_event_loop *loop, int fd, enum op_role incoming);
void side_init_stream(struct side *side, struct stream *stream, enum op_role incoming);
void side_adopt(struct side *side, struct wl_event_loop *loop, int fd);
void side_finish(struct side *side);

/* Bodies that hold size bytes of a pattern, in four forms. */
void side_send(struct side *side, const char *first, enum op_body body, size_t size);
/* Only the head: `ok`, `no …`, or a verb. */
void side_send_head(struct side *side, const char *first, enum op_body body, size_t size);
void side_send_body(struct side *side, enum op_body body, size_t at, size_t size);
void side_send_end(struct side *side, enum op_body body);
/* Whether payload is the pattern's first size bytes. */
void side_check_payload(struct side *side, size_t size);
const char *side_heard(struct side *side);

uint8_t pattern(size_t at);

#endif
