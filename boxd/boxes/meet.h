/* SPDX-License-Identifier: MIT */
#ifndef BOXES_MEET_H
#define BOXES_MEET_H

#include "boxes/env.h"

struct peer;

/* The peer is forgotten: what it asked of the meeting point is over. */
void meet_box_peer_gone(struct box_env *env, struct peer *peer);

#endif
