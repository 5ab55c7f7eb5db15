/* SPDX-License-Identifier: MIT */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>

struct server;

/*
 * The programs we start for the person: shell commands, with WAYLAND_DISPLAY naming us. They end
 * with the session.
 */

struct launcher;

/* NULL: no memory. */
struct launcher *launcher_create(struct server *server);
/*
 * Asks those still running to end (SIGTERM, SIGHUP), waits a second at most for it, and kills the
 * rest. NULL is fine.
 */
void launcher_destroy(struct launcher *launcher);

/* Runs a command line with sh. If it fails at once, that is shown on the screen too. */
bool launch(struct launcher *launcher, const char *command);

/*
 * For a program of our own that is our client: our environment, where display ("WAYLAND_SOCKET=4",
 * borrowed) stands for all that names a Wayland display. NULL-terminated; free the array alone.
 */
const char **launch_env(const char *display);

#endif
