/* SPDX-License-Identifier: MIT */
#ifndef BOXES_USR_H
#define BOXES_USR_H

#include "boxes/env.h"

/* The node has another person: /usr/PERSON is called so. */
void usr_box_owner_changed(struct box_env *env);

#endif
