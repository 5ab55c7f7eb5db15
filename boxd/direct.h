/* SPDX-License-Identifier: MIT */
#ifndef BOXD_DIRECT_H
#define BOXD_DIRECT_H

#include "box/box.h"
#include "mover.h"

/*
 * Moves the bytes of one box of this node's own tree into another, both being files: the getmem lends
 * its file, and the putmem takes it, so the kernel copies, or shares, what is in it. Rights are asked by
 * these two as ever.
 */

struct direct;

struct direct_events {
	const struct mover_events *mover;
	/* In place of moved: nothing was put, and the bytes are to go the ordinary way (mover.h). */
	void (*unfit)(void *data);
};

/*
 * Whether it is worth trying: type is what the source is said to be. The bytes of a folder, and a tar
 * stream that becomes one, are in no file.
 */
bool direct_fits(struct box_tree *tree, const char *source, const char *type, const char *target);
/* As mover_create. events must outlive it. */
struct direct *direct_create(struct wl_event_loop *loop, struct box_tree *tree,
	const struct subject *subject, const char *source, const char *type, const char *target,
	const struct direct_events *events, void *data);
/* Breaks it off, at the latest after the piece that is being copied. No event follows; NULL is fine. */
void direct_destroy(struct direct *direct);

#endif
