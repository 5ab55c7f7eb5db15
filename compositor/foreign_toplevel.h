/* SPDX-License-Identifier: MIT */
#ifndef FOREIGN_TOPLEVEL_H
#define FOREIGN_TOPLEVEL_H

/* The windows as task bars and the like see and handle them, by wlr's and ext's protocols. */

struct foreign_toplevels;
struct server;

struct foreign_toplevels *foreign_toplevels_create(struct server *server);
void foreign_toplevels_destroy(struct foreign_toplevels *toplevels);

#endif
