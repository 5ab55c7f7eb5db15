/* SPDX-License-Identifier: MIT */
#ifndef BOXD_FAR_H
#define BOXD_FAR_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "net/call.h"

/*
 * How this node uses meeting points (boxes/meet.c) to reach peers, and to be reached: it listens to
 * those that its config names, asks them for a peer that does not answer, and does the same for a
 * peer that asks for it.
 */

struct config;
struct keys;
struct peer;
struct quic;

struct far {
	struct wl_event_loop *loop;
	const struct caller *caller;
	const struct keys *keys;
	struct quic *quic;     // NULL: no network
	struct wl_list points; // point.link
	struct wl_list asked;  // question.link
};

void far_init(struct far *far, struct wl_event_loop *loop, const struct caller *caller,
	const struct keys *keys);
/* Begins to listen. */
void far_start(struct far *far, struct quic *quic, const struct config *config);
void far_finish(struct far *far);

/* For quic_events. */
bool far_unanswered(struct far *far, struct peer *peer);
const char *far_silent_point(struct far *far, const struct peer *peer);
void far_peer_gone(struct far *far, const struct peer *peer);

#endif
