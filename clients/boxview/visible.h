/* SPDX-License-Identifier: MIT */
#ifndef BOXVIEW_VISIBLE_H
#define BOXVIEW_VISIBLE_H

#include "boxview/picture.h"
#include "boxview/source.h"

/*
 * Sets what is to be seen of a decoded picture, and the size of the window that it shows, from what the
 * source said last (width 0: nothing). Its line and its frames go different ways: a frame may be of the
 * size before, or of the one that is said next. Pure.
 */
void visible_set(struct picture *picture, const struct source_video *video);

#endif
