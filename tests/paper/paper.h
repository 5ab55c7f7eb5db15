/* SPDX-License-Identifier: MIT */
#ifndef PAPER_H
#define PAPER_H

#include <libbox.h>

/*
 * Tests written against libbox alone, as anybody's program would be. One is run at a time, by name;
 * it ends the program with status 1 at the first thing that is not so, and says what.
 *
 * It runs on den, a machine of ann's with a folder /fs/desk that may be written; ibiza, hers too, has
 * another. Below /fs/desk/bin are programs: lb (it prints "Linux") and cat. Den has a printer, and what
 * CUPS took for it is in files cups/spool/d*. The name space is the test's own.
 */

struct test {
	const char *name;
	void (*run)(void);
};
extern const struct test call_tests[], example_tests[], library_tests[]; // ended by a name NULL

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)
#define HERE __FILE__ ":" STRINGIFY(__LINE__) ": "

/* The call must be answered ok. */
#define must(call) must_be(HERE #call, BOX_OK, call)
/* It must be refused with this code. */
#define must_refuse(code, call) must_be(HERE #call, code, call)
#define check(condition) check_that(HERE #condition, condition)
/* Both NULL-safe. The box's bytes are that text; of a channel, the next message. */
#define check_text(want, text) check_equal(HERE #text, want, text)
#define check_box(want, name) check_bytes(HERE "the bytes of " #name, want, name)

void must_be(const char *what, enum box_code want, enum box_code code);
void check_that(const char *what, bool holds);
void check_equal(const char *what, const char *want, const char *text);
void check_bytes(const char *what, const char *want, const char *name);

/* A name that no other run has: "%d" in fmt is our pid. Never freed. */
const char *own(const char *fmt);
/* Text becomes a box's bytes. */
void put(const char *name, const char *text);
/* A process begins with this very program, which does what the words say: see main. */
void put_program(const char *name, const char *words);
bool exists(const char *name);
/* A field of a box's kind; NULL. Never freed. */
const char *field(const char *name, const char *field_name);
/* Waits until a field says so. */
void wait_field(const char *name, const char *field_name, const char *want);
/* Waits until a field says something else. */
void wait_other(const char *name, const char *field_name, const char *not_any_more);
/* Runs a command of the shell, "%d" being our pid; it must exit with 0. */
void command(const char *fmt);
/* /bin is den's folder of programs, /b/proc its processor. */
void import_conventions(void);

#endif
