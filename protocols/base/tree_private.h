/* SPDX-License-Identifier: MIT */
#ifndef BASE_TREE_PRIVATE_H
#define BASE_TREE_PRIVATE_H

#include "base/tree.h"

/* What tree.c and tree_unpack.c share: both return false. */

bool tree_say(struct tree_trouble *trouble, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* With errno, of what was done with path. */
bool tree_fail(struct tree_trouble *trouble, const char *path);

#endif
