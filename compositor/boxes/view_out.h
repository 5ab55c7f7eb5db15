/* SPDX-License-Identifier: MIT */
#ifndef BOXES_VIEW_OUT_H
#define BOXES_VIEW_OUT_H

#include <stdint.h>

#include "boxes/env.h"

struct snapshot;
struct toplevel;

/*
 * The io box out of a window: each link on it shows the window on a display somewhere, through a
 * boxcast of its own. What the viewer's person does there is done to the window as long as he holds
 * l on the window's kbd and ptr.
 */

/* Below the window's box, whose inner boxes kbd and ptr exist already. NULL: no memory. */
struct box *view_out_create(struct box *window, struct box_env *env, struct toplevel *toplevel);
/* What the newest view that runs says of itself, lines; "" if there is none. */
const char *view_out_stats(const struct box *out);
/* A capture of exactly that time, kept by one of the views; NULL: none has it (any more). */
const struct snapshot *view_out_captured(const struct box *out, int64_t capture_ns);

#endif
