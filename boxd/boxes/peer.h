/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PEER_H
#define BOXES_PEER_H

#include "boxes/env.h"

struct peer;

/* The boxes of a peer, /peer/PETNAME and /n/PETNAME, made, changed and taken away. */
void peer_box_changed(struct box_env *env, struct peer *peer);
void peer_box_gone(struct box_env *env, struct peer *peer);

#endif
