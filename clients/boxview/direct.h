/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_DIRECT_H
#define BOXVIEW_DIRECT_H

#include <stdbool.h>

#include "boxview/globals.h"
#include "boxview/picture.h"

struct wl_surface;

/*
 * Hands pictures to the compositor where a graphics processor has put them (linux-dmabuf): no pixel is copied.
 * Only what the compositor says it takes, and has taken once.
 */
struct direct;

/* NULL: this compositor takes none. */
struct direct *direct_create(const struct globals *globals, struct wl_surface *surface);
void direct_destroy(struct direct *direct); // NULL is fine
/*
 * Attaches all of it, coded, and commits. false: nothing was done, it has to be drawn; the next of its kind may
 * be taken.
 */
bool direct_show(struct direct *direct, struct picture *picture);

#endif
