/* SPDX-License-Identifier: MIT */
#ifndef BOXCAST_PROBE_H
#define BOXCAST_PROBE_H

#include <stdbool.h>
#include <wayland-server-core.h>

/*
 * Encodes one picture and prints the name of the path that did: "x264". false: none could; the log
 * says why.
 */
bool probe_encoder(struct wl_event_loop *loop);

#endif
