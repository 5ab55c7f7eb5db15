/* SPDX-License-Identifier: MIT */
#ifndef BOX_CAST_H
#define BOX_CAST_H

#include <stdbool.h>
#include <stddef.h>
#include <wayland-util.h>

#include "box/op.h"

/*
 * Casts: how bytes of one type become bytes of another. Each is a program that reads the one and
 * writes the other, or none at all: then the first may be used as the second. A name space carries a
 * table of them. (Plan B: Boxes for network resources, 4.)
 */

struct cast {
	struct wl_list link; // casts.list
	char *from, *to;     // words for types, without constraints
	char *prog;          // NULL: a null converter
	char **args;         // of prog, its own name first, NULL-terminated; NULL of a null converter
	char *want;          // of the processor that runs it; NULL: nothing
};

struct casts {
	struct wl_list list; // cast.link, the oldest first
};

void casts_init(struct casts *casts);
/* to is initialised in here; false: no memory, and to is finished. */
bool casts_copy(struct casts *to, const struct casts *from);
void casts_finish(struct casts *casts);

/*
 * The types of "FROM:TO", which is what a cast is called, are parted at its colon: from is cut there
 * and *to points behind it. EARG if that is no name of a cast.
 */
enum op_code cast_split(char *name, char **to, struct op_refusal *refusal);

/*
 * Adds; the texts are copied. No args: the program's own name alone. EEXIST if there is a cast between
 * the two, EARG for arguments or a want without a program, or a malformed want, E2BIG over
 * OP_MAX_BINDINGS, EIO for want of memory.
 */
enum op_code casts_add(struct casts *casts, const struct cast *cast, struct cast **out,
	struct op_refusal *refusal);
void casts_remove(struct cast *cast);
struct cast *casts_find(const struct casts *casts, const char *from, const char *to);

/*
 * Whether bytes of one type may be used as the other without a converter: the two are the same, or
 * one is a word that says nothing of the bytes ("*", "box", "file", "dir", "device").
 */
bool cast_is_free(const char *from, const char *to);

#endif
