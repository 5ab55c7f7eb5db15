/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_ASKED_H
#define TESTS_CONFORM_ASKED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "world.h"

/*
 * One request to a world, and all that is answered: what net/serve.c is to a real caller, without a
 * socket. It is stricter: the request is freed the moment it is answered whole, so a type that goes
 * on using it is caught by the sanitizer, and an answer out of order fails the test.
 */
struct asked {
	struct world *world;
	struct op_head head;
	struct subject subject;
	struct req *req; // NULL: answered whole, or gone
	bool answered;   // the head is there
	bool aborted;
	bool paused;     // the box wants no more of the body for now
	bool slow;       // takes nothing of what is written until asked_drain
	bool discard;    // counts what is written, keeps nothing
	size_t queued;   // written and not taken
	size_t size;     // written, all in all
	size_t messages; // chunks or frames
	struct op_head reply, trailer;
	struct buf body;   // of frames: their payloads
	struct buf sub[3]; // of data frames, by sub-stream
};

/*
 * Asks on behalf of PERSON/MACHINE. lines are the head's fields behind the name, each with its
 * newline.
 */
void ask(struct asked *asked, struct world *world, const char *who, const char *verb,
	const char *name, const char *lines);
/* What asked was, before it asks: slow and discard may be set, then asked_begin. */
void asked_init(struct asked *asked, struct world *world, const char *who, const char *verb,
	const char *name, const char *lines);
void asked_begin(struct asked *asked);
/* Hangs up if it is not over. */
void asked_finish(struct asked *asked);

/* The request's body. Nothing happens when it is over; false: the box has paused it. */
bool asked_put(struct asked *asked, const void *bytes, size_t size);
bool asked_put_frame(struct asked *asked, enum op_kind kind, uint16_t sub, const void *bytes,
	size_t size);
void asked_put_end(struct asked *asked);
void asked_gone(struct asked *asked);
/* All that was written has been taken. */
void asked_drain(struct asked *asked);

bool asked_over(const struct asked *asked);
/* The answer's code, its trailer's if it has one; -1: not answered whole yet. */
int asked_code(const struct asked *asked);
/* The answer in a line, for messages. Valid until the next call. */
const char *asked_print(const struct asked *asked);
bool asked_body_is(const struct asked *asked, const char *text);

/* Asks, runs the loop until it is answered, checks the code and that a refusal is well said. */
#define expect(world, who, code, verb, name, lines) \
	expect_at(__FILE__, __LINE__, world, who, code, verb, name, lines)
void expect_at(const char *file, int line, struct world *world, const char *who, enum op_code code,
	const char *verb, const char *name, const char *lines);
/* The same of a request that has been asked already. */
#define expect_code(asked, code) expect_code_at(__FILE__, __LINE__, asked, code)
void expect_code_at(const char *file, int line, struct asked *asked, enum op_code code);
#define expect_body(asked, text) expect_body_at(__FILE__, __LINE__, asked, text)
void expect_body_at(const char *file, int line, struct asked *asked, const char *text);

/* A whole putmem, and a whole getmem. */
#define put(world, name, text) expect_put_at(__FILE__, __LINE__, world, name, text, OP_OK)
#define expect_put(world, name, text, code) \
	expect_put_at(__FILE__, __LINE__, world, name, text, code)
void expect_put_at(const char *file, int line, struct world *world, const char *name,
	const char *text, enum op_code code);
#define expect_get(world, name, text) expect_get_at(__FILE__, __LINE__, world, name, text)
void expect_get_at(const char *file, int line, struct world *world, const char *name,
	const char *text);

#endif
