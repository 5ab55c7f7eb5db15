/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PICTURE_H
#define BOXES_PICTURE_H

#include "boxes/env.h"

struct output;
struct toplevel;

/* Answers with a picture of a window by itself, or of what an output shows, as it is now. */
void picture_of_toplevel(struct box_env *env, struct req *req, struct toplevel *toplevel);
void picture_of_output(struct box_env *env, struct req *req, struct output *output);

#endif
