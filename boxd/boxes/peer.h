/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PEER_H
#define BOXES_PEER_H

#include "boxes/env.h"

struct peer;

/* The boxes of a peer, /peer/PETNAME and /n/PETNAME, made, changed and taken away. */
void peer_box_changed(struct box_env *env, struct peer *peer);
void peer_box_gone(struct box_env *env, struct peer *peer);

/* In peer_revoked.c: /peer/PERSON, of persons we know, this node's own too. */
void peer_person_known(struct box_env *env, const char *person);
void peer_persons_prune(struct box_env *env);
/* In peer_groups.c: /peer/GROUP, and /peer/PERSON/groups of this node's own. A make on /peer of one. */
void peer_group_make(struct box_env *env, struct req *req);
void peer_group_changed(struct box_env *env, const char *name);
void peer_groups_show(struct box_env *env); // all of them: they, or names of persons, are others
bool peer_groups_told(struct box_env *env, struct box *person);

void peer_revoked_changed(struct box_env *env, const char *person);

#endif
