/* SPDX-License-Identifier: MIT */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>

struct server;
struct server_options;

/*
 * What we show on and draw with. Sets server->backend, session, renderer and allocator: headless
 * when the options say so, else whatever wlroots finds (a window in Wayland or X11, or the machine's
 * screens). Draws with GLES2 where there is a GPU and with pixman where there is none.
 * false was logged; backend_finish cleans up in any case.
 */
bool backend_init(struct server *server, const struct server_options *options);
void backend_finish(struct server *server);

#endif
