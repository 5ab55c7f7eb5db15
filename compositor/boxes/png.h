/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PNG_H
#define BOXES_PNG_H

#include "boxes/env.h"

struct snapshot;

/*
 * Answers a request for a picture as PNG: encoded on the worker pool. The request is png.c's from
 * here on; the pixels are taken over (snapshot.pixels, malloc'd).
 */
void png_answer(struct box_env *env, struct req *req, const struct snapshot *snapshot);

#endif
