/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORM_PROC_TESTS_H
#define TESTS_CONFORM_PROC_TESTS_H

#include <sys/types.h>

#include "conform.h"

/* What type_proc.c and the files of its tests share. */

extern const struct conform_more proc_carried, proc_ends, proc_streams, proc_memory;

/* make /proc/p in one exchange. lines: prog and what else its head says. */
void run(struct asked *asked, struct world *world, const char *lines);
/* The same of a script for sh. */
void run_shell(struct asked *asked, struct world *world, const char *script);
/* What it needs is looked at before it is answered, so until then it takes no frames. */
void until_it_began(struct asked *asked);
/* Its path, valid until the next call. */
const char *write_program(struct world *world, const char *text, mode_t mode);
/* Whether the answer's sub-stream is that text. */
bool sub_is(const struct asked *asked, int sub, const char *text);
/* Waits for its end: the trailer says how. */
#define expect_legacy(asked, text) expect_legacy_at(__FILE__, __LINE__, asked, text)
void expect_legacy_at(const char *file, int line, struct asked *asked, const char *text);

#endif
