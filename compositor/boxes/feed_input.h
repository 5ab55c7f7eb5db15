/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FEED_INPUT_H
#define BOXES_FEED_INPUT_H

#include "boxes/env.h"

struct toplevel;

/*
 * The io boxes kbd and ptr of a window: each link on them is a guest of the window that does what the
 * device's feed tells, and lets go of everything when the feed stops or falls silent while something
 * is held.
 */

/* box: "kbd" or "ptr" below the window's box. NULL: no memory. */
struct box *feed_input_create(struct box *window, const char *name, struct box_env *env,
	struct toplevel *toplevel);

#endif
