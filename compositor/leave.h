/* SPDX-License-Identifier: MIT */
#ifndef LEAVE_H
#define LEAVE_H

struct server;

/* The end of the session, with care. */

struct leave;

struct leave *leave_create(struct server *server);
void leave_destroy(struct leave *leave);

/*
 * Ends the session if no window is open. Otherwise the first call only says on the screen what a
 * second one will do while it is said.
 */
void leave_ask(struct leave *leave);

#endif
