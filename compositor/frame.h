/* SPDX-License-Identifier: MIT */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The frame around a window that wants one of ours: titlebar with title and buttons, border, shadow,
 * and the edges by which it is grasped, which reach a little outside.
 */

struct frame;
struct toplevel;

enum frame_part {
	FRAME_NONE, // not on the frame
	FRAME_TITLE,
	FRAME_MINIMISE,
	FRAME_MAXIMISE,
	FRAME_CLOSE,
	FRAME_EDGE, // which: see frame_at
};

/* In the window's tree, shown at once. NULL: no memory. */
struct frame *frame_create(struct toplevel *toplevel);
/* NULL is fine. */
void frame_destroy(struct frame *frame);

/* Puts it in line with the window's geometry, state and title. NULL is fine. */
void frame_update(struct frame *frame);
/* What is at a point of the layout; for FRAME_EDGE, edges is set to enum wlr_edges bits. */
enum frame_part frame_at(struct frame *frame, double lx, double ly, uint32_t *edges);
/* The part under the pointer, and whether it is pressed, to be shown so. NULL is fine. */
void frame_set_hover(struct frame *frame, enum frame_part part, bool pressed);

#endif
