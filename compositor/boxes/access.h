/* SPDX-License-Identifier: MIT */
#ifndef BOXES_ACCESS_H
#define BOXES_ACCESS_H

#include "boxes/env.h"

/*
 * Rights, as the configuration has them: lines `access /kbd bob kg`. One that is no more in it when
 * it is read again is taken back, from the box and from those inside. What box chinfo has given to
 * others is left alone.
 */

struct access;

/* The lines take effect when the loop runs, with the outputs there. NULL: no memory. */
struct access *access_create(struct box_env *env);
/* Before the tree goes. NULL is fine. */
void access_destroy(struct access *access);

#endif
