/* SPDX-License-Identifier: MIT */
#ifndef BOXES_QUESTIONS_H
#define BOXES_QUESTIONS_H

#include "base/buf.h"

/*
 * What the person is asked, as notices: somebody needs leave for a box of this node, and waits. The
 * answer is given in a terminal, by `box ask`.
 */
struct questions;
struct server;

struct questions *questions_create(struct server *server); // NULL: no memory
/* Shows what waits in a list of boxd's /ask, and takes away what no longer does. Empties the list. */
void questions_show(struct questions *questions, struct buf *list);
void questions_destroy(struct questions *questions);

#endif
