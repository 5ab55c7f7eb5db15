/* SPDX-License-Identifier: MIT */
#ifndef LIBBOX_TURN_H
#define LIBBOX_TURN_H

#include "libbox/ask.h"
#include "libbox/libbox.h"

/* One call of the public library: a loop of its own, so that calls of several threads are apart. */
struct turn {
	struct box_space *space;
	struct asker asker;
	struct op_refusal why; // OP_OK, until something says otherwise
	bool begun;
};

/* false: why says so; turn_end all the same. */
bool turn_begin(struct turn *turn, struct box_space *space);
/* Keeps the sentence for this thread. What the call returns. */
enum box_code turn_end(struct turn *turn);
/* "FIELD VALUE" of each, of those the head's verb takes. false: why says what was wrong. */
bool turn_say_fields(struct turn *turn, struct op_head *head, const char *const *fields);

/*
 * One exchange with both bodies streamed: give and take as box_putmem and box_getmem have them. The
 * request is finished; the answer's body stays empty. false: turn->why.
 */
bool turn_talk(struct turn *turn, struct op_head *request,
	ssize_t (*give)(void *data, void *bytes, size_t size),
	bool (*take)(void *data, const void *bytes, size_t size), void *data, struct answer *answer);

#endif
