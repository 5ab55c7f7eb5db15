/* SPDX-License-Identifier: MIT */
#ifndef UNIT_BOX_MEMORY_H
#define UNIT_BOX_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "box/box.h"
#include "box/req.h"

/*
 * A carrier of requests without sockets, for tests of box types. It records what was answered, and
 * fails the test (by cmocka) when the answer breaks the rules of box/req.h: two heads, bytes
 * outside a body or not as many as promised, frames in a body of chunks, anything behind the end.
 */
struct memory_frame {
	struct frame frame; // its payload is owned here
};

struct memory {
	// the request
	struct op_head head;
	struct subject subject;
	struct req req;
	bool sent_end, gone;
	// the answer so far
	bool replied, ended, aborted, paused;
	struct op_head reply;
	bool has_trailer; // a body of chunks or frames ended with one
	struct op_head trailer;
	struct buf bytes; // of the body
	size_t chunks;    // calls that brought them
	struct memory_frame *frames;
	size_t frames_size;
	int handed; // the descriptor given up by a hand-over, the test's to close; -1: none
	size_t queued; // what the carrier says is queued; set by the test
	bool slow;     // what is answered counts as queued until memory_drain
};

/*
 * Asks: lines are a head without its empty line and without op/1, as "getmem\nname /null\n"; as is
 * PERSON/MACHINE. Decodes, and lets the tree serve it. memory_finish in any case.
 */
void memory_ask(struct memory *memory, struct box_tree *tree, const char *as, const char *lines);
/* The same, the name and more fields by printf. */
void memory_askf(struct memory *memory, struct box_tree *tree, const char *as, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Hangs up if the request is still open. */
void memory_finish(struct memory *memory);

/* The request's body; not while paused, and nothing happens when the request is over. */
void memory_send(struct memory *memory, const void *bytes, size_t size);
void memory_send_text(struct memory *memory, const char *text);
void memory_send_frame(struct memory *memory, enum op_kind kind, unsigned int sub,
	const void *bytes, size_t size);
void memory_send_end(struct memory *memory);
/* What was queued has left. */
void memory_drain(struct memory *memory);
void memory_hang_up(struct memory *memory);

/* Ended with ok (and an ok trailer, if it has one). */
bool memory_ok(const struct memory *memory);
/* What was refused, by head or trailer; OP_OK: nothing. Fails the test if no answer came. */
enum op_code memory_code(const struct memory *memory);
/* The body as a string, valid until the next answer; "" if none. */
const char *memory_text(struct memory *memory);
/* The next entry of a list of selectors, from *at = 0; false at the end. To be finished. */
bool memory_entry(struct memory *memory, size_t *at, struct op_head *entry);
/* The names in a list of selectors, joined by " ". To be freed. */
char *memory_names(struct memory *memory);

#endif
