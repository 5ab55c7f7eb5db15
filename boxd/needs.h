/* SPDX-License-Identifier: MIT */
#ifndef BOXD_NEEDS_H
#define BOXD_NEEDS_H

#include <stdbool.h>

#include "box/op.h"

/*
 * Whether this node has what a program needs, looked at before it starts: its architecture, its
 * interpreter or the one of its "#!" line, its libraries and theirs. What is not understood is let
 * go: the start itself will tell.
 */
struct needs {
	const char *node;      // this one, for the sentence
	const char *path;      // where words are looked up
	const char *libraries; // LD_LIBRARY_PATH; NULL
	bool walled;           // it sees of this node what programs of other persons see
};

/* Reads files, so not for the loop. fd is the program, which stays open. EMATCH: what is missing. */
enum op_code needs_check(const struct needs *needs, int fd, struct op_refusal *refusal);

#endif
