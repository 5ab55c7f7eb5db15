/* SPDX-License-Identifier: MIT */
#ifndef CONSTRAINT_H
#define CONSTRAINT_H

#include <stdbool.h>

/*
 * Clients that lock the pointer in place or keep it in a region, as games do. A constraint is in
 * force while its surface has both the pointer and the keyboard.
 */

struct constraints;
struct server;

struct constraints *constraints_create(struct server *server);
void constraints_destroy(struct constraints *constraints);

/* Focus or pointer went elsewhere: puts the right constraint in force. */
void constraints_update(struct constraints *constraints);
/* Cuts a motion to what is allowed. false: it may not move at all. */
bool constraints_allow(struct constraints *constraints, double *dx, double *dy);

#endif
