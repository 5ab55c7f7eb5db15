/* SPDX-License-Identifier: MIT */
#ifndef DECORATION_H
#define DECORATION_H

/*
 * Who draws a window's frame: xdg-decoration and KDE's older protocol. We do, unless the client
 * asks to do it itself; a client that speaks neither draws its own.
 */

struct decorations;
struct server;

struct decorations *decorations_create(struct server *server);
void decorations_destroy(struct decorations *decorations);

#endif
